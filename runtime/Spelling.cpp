//===- Spelling.cpp - The word that was meant -----------------------------===//
//
// The textbook dynamic program over prefixes; words are short.
//
//===----------------------------------------------------------------------===//

#include "runtime/Spelling.h"

#include <algorithm>
#include <vector>

namespace espalier::runtime {

size_t editDistance(std::string_view from, std::string_view to) {
  std::vector<std::vector<size_t>> cost(from.size() + 1, std::vector<size_t>(to.size() + 1));
  for (size_t i = 0; i <= from.size(); ++i)
    for (size_t j = 0; j <= to.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      size_t change = cost[i - 1][j - 1] + (from[i - 1] != to[j - 1]);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[from.size()][to.size()];
}

std::optional<std::string_view> nearestWord(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t longestKnownWord = 64;
  if (word.size() > longestKnownWord)
    return std::nullopt;
  std::optional<std::string_view> nearest;
  size_t limit = std::max<size_t>(1, word.size() / 3);
  for (std::string_view candidate : candidates) {
    size_t distance = editDistance(word, candidate);
    if (distance > limit || distance >= candidate.size())
      continue;
    nearest = candidate;
    limit = distance - 1;
    if (distance == 0)
      break;
  }
  return nearest;
}

std::string listWords(std::span<const std::string_view> words) {
  std::string list;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0)
      list += i + 1 == words.size() ? " or " : ", ";
    list += words[i];
  }
  return list;
}

std::string didYouMean(std::string_view word, std::span<const std::string_view> candidates) {
  auto meant = nearestWord(word, candidates);
  return meant ? ", did you mean '" + std::string(*meant) + "'?" : "";
}

} // namespace espalier::runtime
