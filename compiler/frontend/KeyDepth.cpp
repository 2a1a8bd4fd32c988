//===- KeyDepth.cpp - Dotted keys without end -----------------------------===//
//
// Counts the dots between any two characters that end a key or a value, outside strings and comments; a number has
// at most one.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/KeyDepth.h"

#include <algorithm>

namespace espalier {

namespace {

/// The position behind the string that opens at `begin`. A string on one line ends with its line at the latest.
size_t skipString(std::string_view text, size_t begin) {
  char mark = text[begin];
  std::string_view fence = text.substr(begin, 3);
  bool isLong = fence.size() == 3 && fence[1] == mark && fence[2] == mark;
  if (!isLong)
    fence = fence.substr(0, 1);
  for (size_t i = begin + fence.size(); i < text.size(); ++i) {
    if (text.substr(i, fence.size()) == fence)
      return i + fence.size();
    if (text[i] == '\n' && !isLong)
      return i;
    if (text[i] == '\\' && mark == '"')
      ++i;
  }
  return text.size();
}

} // namespace

std::optional<int64_t> findDeepKey(std::string_view text) {
  constexpr std::string_view separators = "=,[]{}\n";
  int64_t line = 1;
  int dots = 0;
  for (size_t i = 0; i < text.size();) {
    char character = text[i];
    size_t next = i + 1;
    if (character == '"' || character == '\'')
      next = skipString(text, i);
    else if (character == '#')
      next = std::min(text.find('\n', i), text.size());
    else if (character == '.' && ++dots >= maxKeyParts)
      return line;
    else if (separators.find(character) != std::string_view::npos)
      dots = 0;
    line += std::count(text.begin() + static_cast<std::ptrdiff_t>(i), text.begin() + static_cast<std::ptrdiff_t>(next),
                       '\n');
    i = next;
  }
  return std::nullopt;
}

} // namespace espalier
