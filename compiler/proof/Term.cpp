//===- Term.cpp - Message programs as terms -------------------------------===//

#include "compiler/proof/Term.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <string_view>

namespace espalier::proof {

static size_t mix(size_t seed, size_t value) {
  return seed ^ (value + 0x9e3779b97f4a7c15u + (seed << 6) + (seed >> 2));
}

static size_t hashOf(const Term &term) {
  size_t hash = mix(mix(static_cast<size_t>(term.kind), term.level), term.states);
  for (TermRef operand : term.operands)
    hash = mix(hash, operand->id);
  for (int64_t number : term.numbers)
    hash = mix(hash, number);
  return mix(mix(hash, std::hash<const Table *>()(term.table)), std::hash<std::string>()(term.text));
}

static bool same(const Term &a, const Term &b) {
  return a.kind == b.kind && a.level == b.level && a.states == b.states && a.operands == b.operands &&
         a.numbers == b.numbers && a.table == b.table && a.text == b.text;
}

TermRef Terms::make(Term term) {
  size_t hash = hashOf(term);
  auto [begin, end] = terms.equal_range(hash);
  for (auto it = begin; it != end; ++it)
    if (same(*it->second, term))
      return it->second.get();
  term.id = count++;
  return terms.emplace(hash, std::make_unique<Term>(std::move(term)))->second.get();
}

/// The entries' bytes: NaN equals itself, and 0 is not -0.
static std::string_view bytesOf(const std::vector<double> &entries) {
  return {reinterpret_cast<const char *>(entries.data()), entries.size() * sizeof(double)};
}

const Table *Terms::table(std::vector<int64_t> shape, std::vector<double> entries) {
  size_t hash = std::hash<std::string_view>()(bytesOf(entries));
  auto [begin, end] = tables.equal_range(hash);
  for (auto it = begin; it != end; ++it)
    if (it->second->shape == shape && bytesOf(it->second->entries) == bytesOf(entries))
      return it->second.get();
  auto table = std::make_unique<Table>(Table{std::move(shape), std::move(entries)});
  return tables.emplace(hash, std::move(table))->second.get();
}

TermRef Terms::evidence(Channel channel, std::vector<int64_t> arguments, const std::vector<int64_t> &ranks,
                        int64_t states, const Table *values) {
  std::vector<int64_t> numbers = {static_cast<int64_t>(channel), static_cast<int64_t>(arguments.size())};
  numbers.insert(numbers.end(), arguments.begin(), arguments.end());
  numbers.insert(numbers.end(), ranks.begin(), ranks.end());
  return make({Kind::Evidence, static_cast<int64_t>(ranks.size()), states, {}, numbers, values});
}

TermRef Terms::prior(const Table *weights) {
  return make({Kind::Prior, 0, static_cast<int64_t>(weights->entries.size()), {}, {}, weights});
}

TermRef Terms::like(Kind kind, TermRef operand, const Table *table) {
  return make({kind, operand->level, operand->states, {operand}, {}, table});
}

TermRef Terms::edge(Kind kind, TermRef operand, const Table *kernel, int64_t states) {
  return make({kind, operand->level, states, {operand}, {}, kernel});
}

TermRef Terms::moved(Kind kind, TermRef operand, int64_t levels) {
  return make({kind, operand->level + levels, operand->states, {operand}, {}});
}

TermRef Terms::pair(Kind kind, TermRef first, TermRef second, const Table *table) {
  return make({kind, first->level, first->states, {first, second}, {}, table});
}

TermRef Terms::product(const std::vector<TermRef> &factors) {
  std::vector<TermRef> flat;
  for (TermRef factor : factors)
    if (factor->kind == Kind::Product)
      flat.insert(flat.end(), factor->operands.begin(), factor->operands.end());
    else
      flat.push_back(factor);
  if (flat.size() == 1)
    return flat.front();
  std::sort(flat.begin(), flat.end(), [](TermRef a, TermRef b) { return a->id < b->id; });
  return make({Kind::Product, flat.front()->level, flat.front()->states, flat, {}});
}

TermRef Terms::scaled(TermRef weights, TermRef shift) {
  if (shift->kind == Kind::Total && shift->operands.empty())
    return weights;
  return make({Kind::Scaled, weights->level, weights->states, {weights, shift}, {}});
}

TermRef Terms::shift(Kind kind, TermRef operand) {
  int64_t moved = kind == Kind::PoolShift ? -1 : kind == Kind::CopyShift ? 1 : 0;
  return make({kind, operand->level + moved, 0, {operand}, {}});
}

TermRef Terms::sum(TermRef first, TermRef second, int64_t sign) {
  std::map<size_t, std::pair<TermRef, int64_t>> parts;
  auto add = [&](TermRef shift, int64_t times) {
    if (shift->kind != Kind::Total) {
      parts.try_emplace(shift->id, shift, 0).first->second.second += times;
      return;
    }
    for (size_t i = 0; i < shift->operands.size(); ++i)
      parts.try_emplace(shift->operands[i]->id, shift->operands[i], 0).first->second.second +=
          times * shift->numbers[i];
  };
  add(first, 1);
  add(second, sign);
  Term total{Kind::Total, first->level, 0, {}, {}};
  for (const auto &[id, part] : parts)
    if (part.second != 0) {
      total.operands.push_back(part.first);
      total.numbers.push_back(part.second);
    }
  if (total.numbers == std::vector<int64_t>{1})
    return total.operands.front();
  return make(std::move(total));
}

Sort sortOf(TermRef term) {
  switch (term->kind) {
  case Kind::Log:
  case Kind::SymbolStem:
  case Kind::GaussianStem:
  case Kind::SoftStem:
  case Kind::LogSumExpConv:
  case Kind::LogSumExpConvTranspose:
  case Kind::SumPool:
  case Kind::SiblingSum:
  case Kind::Upsample:
  case Kind::Add:
  case Kind::Subtract:
  case Kind::Bias:
  case Kind::Constant:
  case Kind::Norm:
    return Sort::Logs;
  case Kind::Posterior:
  case Kind::Mean:
  case Kind::Loglik:
  case Kind::Softmax:
  case Kind::EvidenceHead:
  case Kind::Refused:
    return Sort::Answer;
  case Kind::LogLargest:
  case Kind::LogPower:
  case Kind::PoolShift:
  case Kind::CopyShift:
  case Kind::Total:
    return Sort::Shift;
  case Kind::Cast:
    return sortOf(term->operands.front());
  default:
    return Sort::Weights;
  }
}

bool holdsWeights(const Table &table) {
  return std::all_of(table.entries.begin(), table.entries.end(),
                     [](double weight) { return std::isfinite(weight) && weight >= 0; });
}

static bool allPositive(const Table &table) {
  return std::all_of(table.entries.begin(), table.entries.end(), [](double weight) { return weight > 0; });
}

/// What a node's subtree tells it: made of the evidence by edges and products over children alone.
static bool comesFromBelow(TermRef message) {
  while (message->kind == Kind::Up || message->kind == Kind::Combine)
    message = message->operands.front();
  return message->kind == Kind::Evidence;
}

bool isPositive(TermRef weights) {
  return weights->kind == Kind::Up && allPositive(*weights->table) && comesFromBelow(weights->operands.front());
}

} // namespace espalier::proof
