//===- Compare.cpp - Where two normal forms differ ------------------------===//

#include "compiler/proof/Compare.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace espalier::proof {
namespace {

std::string nameOf(Kind kind) {
  switch (kind) {
  case Kind::Evidence:
    return "evidence";
  case Kind::Prior:
    return "prior";
  case Kind::Up:
    return "up";
  case Kind::Down:
    return "down";
  case Kind::Combine:
    return "combine";
  case Kind::Siblings:
    return "siblings";
  case Kind::Copies:
    return "copies";
  case Kind::Product:
    return "product";
  case Kind::Quotient:
    return "quotient";
  case Kind::Scaled:
    return "scaled";
  case Kind::Posterior:
    return "posterior";
  case Kind::Mean:
    return "mean";
  case Kind::Loglik:
    return "loglik";
  case Kind::LogLargest:
    return "log_largest";
  case Kind::LogPower:
    return "log_power_of_two";
  case Kind::PoolShift:
    return "sum_over_children";
  case Kind::CopyShift:
    return "copy";
  case Kind::Log:
    return "log";
  default:
    return "layer";
  }
}

/// "evidence@2(gaussian, arguments 0 1 2, ranks 4 4, 4 states)".
std::string evidenceText(TermRef term) {
  static constexpr const char *channels[] = {"symbols", "gaussian", "soft"};
  size_t arguments = term->numbers[1], first = 2;
  std::string text = "evidence@" + std::to_string(term->level) + "(" + channels[term->numbers[0]] + ", arguments";
  for (size_t i = first; i < term->numbers.size(); ++i)
    text += (i == first + arguments ? ", ranks " : " ") + std::to_string(term->numbers[i]);
  return text + ", " + std::to_string(term->states) + " states)";
}

std::string listText(TermRef term, int depth) {
  if (term->operands.empty())
    return "";
  if (depth == 0)
    return "(...)";
  std::string text = "(";
  for (TermRef operand : term->operands)
    text += (text.size() > 1 ? ", " : "") + textOf(operand, depth - 1);
  return text + ")";
}

/// "+ 2 log_largest@3(...) - ..."; "0" where nothing is left.
std::string totalText(TermRef term, int depth) {
  static constexpr size_t kMost = 6;
  std::string text;
  for (size_t i = 0; i < std::min(term->operands.size(), kMost); ++i) {
    int64_t times = term->numbers[i];
    text += (i == 0 ? "" : " ");
    text += times < 0 ? "- " : "+ ";
    text += (std::abs(times) == 1 ? "" : std::to_string(std::abs(times)) + " ") + textOf(term->operands[i], depth);
  }
  if (term->operands.size() > kMost)
    text += " + ...";
  return text.empty() ? "0" : text;
}

std::string exact(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

std::string shapeText(const Table *table) {
  std::string text = table ? "" : "no table";
  for (size_t i = 0; table && i < table->shape.size(); ++i)
    text += (i > 0 ? "x" : "") + std::to_string(table->shape[i]);
  return text;
}

/// "[1, 0, 2] = 0.25": an entry by its place in the table.
std::string entryText(const Table &table, size_t entry) {
  std::string indices;
  size_t rest = entry;
  for (size_t i = table.shape.size(); i-- > 0; rest /= table.shape[i])
    indices = std::to_string(rest % table.shape[i]) + (indices.empty() ? "" : ", ") + indices;
  return "[" + indices + "] = " + exact(table.entries[entry]);
}

bool sameBits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// The first entries that differ, or the shapes.
Difference tableDifference(TermRef a, TermRef b) {
  std::string name = nameOf(a->kind) + "@" + std::to_string(a->level) + " with ";
  if (!a->table || !b->table || a->table->shape != b->table->shape)
    return {name + shapeText(a->table), name + shapeText(b->table)};
  size_t entry = 0;
  while (sameBits(a->table->entries[entry], b->table->entries[entry]))
    ++entry;
  return {name + entryText(*a->table, entry), name + entryText(*b->table, entry)};
}

constexpr int kDepth = 3;

/// What is left of two products when equal factors are taken away: one factor each of one kind, or null terms.
std::pair<TermRef, TermRef> factorsThatDiffer(TermRef a, TermRef b) {
  std::vector<TermRef> first, second;
  auto byId = [](TermRef x, TermRef y) { return x->id < y->id; };
  std::set_difference(a->operands.begin(), a->operands.end(), b->operands.begin(), b->operands.end(),
                      std::back_inserter(first), byId);
  std::set_difference(b->operands.begin(), b->operands.end(), a->operands.begin(), a->operands.end(),
                      std::back_inserter(second), byId);
  for (TermRef x : first)
    for (TermRef y : second)
      if (x->kind == y->kind && x->level == y->level)
        return {x, y};
  return {nullptr, nullptr};
}

/// The operands to go on with; null terms where the terms differ by themselves.
std::pair<TermRef, TermRef> below(TermRef a, TermRef b) {
  if (a->operands.size() != b->operands.size() || a->numbers != b->numbers || a->kind == Kind::Total)
    return {nullptr, nullptr};
  if (a->kind == Kind::Product)
    return factorsThatDiffer(a, b);
  for (size_t i = 0; i < a->operands.size(); ++i)
    if (a->operands[i] != b->operands[i])
      return {a->operands[i], b->operands[i]};
  return {nullptr, nullptr};
}

} // namespace

std::string textOf(TermRef term, int depth) {
  if (term->kind == Kind::Refused)
    return "cannot be read: " + term->text;
  if (term->kind == Kind::Evidence)
    return evidenceText(term);
  if (term->kind == Kind::Total)
    return totalText(term, depth);
  return nameOf(term->kind) + "@" + std::to_string(term->level) + listText(term, depth);
}

Difference firstDifference(TermRef messages, TermRef network) {
  TermRef a = messages, b = network;
  while (a->kind == b->kind && a->level == b->level && a->states == b->states) {
    if (a->table != b->table)
      return tableDifference(a, b);
    auto [x, y] = below(a, b);
    if (!x)
      break;
    a = x;
    b = y;
  }
  return {textOf(a, kDepth), textOf(b, kDepth)};
}

} // namespace espalier::proof
