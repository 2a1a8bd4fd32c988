//===- SharedRules.cpp - Rules about products and factors -----------------===//
//
// What normalization takes away is a positive factor per node and sample. These rules bring factors outward, as shifts,
// through everything that is linear or a product; at a posterior they cancel, at the log-likelihood they must.
//
//===----------------------------------------------------------------------===//

#include "compiler/proof/Rewrite.h"

namespace espalier::proof {
namespace {

TermRef weightsOf(TermRef scaled) { return scaled->operands[0]; }
TermRef factorOf(TermRef scaled) { return scaled->operands[1]; }

/// The operand of a term of that kind that is scaled; null elsewhere.
TermRef scaledOperand(TermRef term, Kind kind) {
  return term->kind == kind && term->operands[0]->kind == Kind::Scaled ? term->operands[0] : nullptr;
}

TermRef lookUpIsEdge(Terms &terms, TermRef term) {
  if (term->kind != Kind::LookUp || term->operands[0]->kind != Kind::Evidence ||
      term->operands[0]->numbers[0] != static_cast<int64_t>(Channel::Symbol))
    return nullptr;
  return terms.edge(Kind::Up, term->operands[0], term->table, term->states);
}

/// Divided by the power of two at or below its largest.
TermRef rescaleTakesAFactor(Terms &terms, TermRef term) {
  if (term->kind != Kind::Rescale)
    return nullptr;
  TermRef input = term->operands[0];
  return terms.scaled(input, terms.sum(terms.zero(input->level), terms.shift(Kind::LogPower, input), -1));
}

TermRef factorsMultiply(Terms &terms, TermRef term) {
  TermRef inner = scaledOperand(term, Kind::Scaled);
  return inner ? terms.scaled(weightsOf(inner), terms.sum(factorOf(inner), factorOf(term))) : nullptr;
}

TermRef factorThroughEdge(Terms &terms, TermRef term) {
  TermRef inner = scaledOperand(term, Kind::Up);
  if (!inner)
    inner = scaledOperand(term, Kind::Down);
  if (!inner)
    return nullptr;
  return terms.scaled(terms.edge(term->kind, weightsOf(inner), term->table, term->states), factorOf(inner));
}

TermRef factorThroughChildren(Terms &terms, TermRef term) {
  TermRef inner = scaledOperand(term, Kind::Combine);
  if (!inner)
    return nullptr;
  return terms.scaled(terms.moved(Kind::Combine, weightsOf(inner), -1), terms.shift(Kind::PoolShift, factorOf(inner)));
}

/// All children's factors but one's own.
TermRef factorThroughSiblings(Terms &terms, TermRef term) {
  TermRef inner = scaledOperand(term, Kind::Siblings);
  if (!inner)
    return nullptr;
  TermRef all = terms.shift(Kind::CopyShift, terms.shift(Kind::PoolShift, factorOf(inner)));
  return terms.scaled(terms.moved(Kind::Siblings, weightsOf(inner), 0), terms.sum(all, factorOf(inner), -1));
}

TermRef factorThroughCopies(Terms &terms, TermRef term) {
  TermRef inner = scaledOperand(term, Kind::Copies);
  if (!inner)
    return nullptr;
  return terms.scaled(terms.moved(Kind::Copies, weightsOf(inner), 1), terms.shift(Kind::CopyShift, factorOf(inner)));
}

TermRef factorThroughProduct(Terms &terms, TermRef term) {
  if (term->kind != Kind::Product)
    return nullptr;
  std::vector<TermRef> factors;
  TermRef shift = terms.zero(term->level);
  for (TermRef factor : term->operands) {
    bool isScaled = factor->kind == Kind::Scaled;
    factors.push_back(isScaled ? weightsOf(factor) : factor);
    if (isScaled)
      shift = terms.sum(shift, factorOf(factor));
  }
  return factors == term->operands ? nullptr : terms.scaled(terms.product(factors), shift);
}

TermRef factorThroughQuotient(Terms &terms, TermRef term) {
  if (term->kind != Kind::Quotient)
    return nullptr;
  TermRef parts[2] = {term->operands[0], term->operands[1]}, shifts[2];
  for (int i : {0, 1}) {
    bool isScaled = parts[i]->kind == Kind::Scaled;
    shifts[i] = isScaled ? factorOf(parts[i]) : terms.zero(term->level);
    parts[i] = isScaled ? weightsOf(parts[i]) : parts[i];
  }
  if (parts[0] == term->operands[0] && parts[1] == term->operands[1])
    return nullptr;
  return terms.scaled(terms.pair(Kind::Quotient, parts[0], parts[1]), terms.sum(shifts[0], shifts[1], -1));
}

TermRef copiesOfProduct(Terms &terms, TermRef term) {
  if (term->kind != Kind::Copies || term->operands[0]->kind != Kind::Product)
    return nullptr;
  std::vector<TermRef> factors;
  for (TermRef factor : term->operands[0]->operands)
    factors.push_back(terms.moved(Kind::Copies, factor, 1));
  return terms.product(factors);
}

TermRef factorUnderPosterior(Terms &terms, TermRef term) {
  TermRef inner = scaledOperand(term, Kind::Posterior);
  return inner ? terms.like(Kind::Posterior, weightsOf(inner)) : nullptr;
}

TermRef factorIntoLoglik(Terms &terms, TermRef term) {
  TermRef inner = scaledOperand(term, Kind::Loglik);
  if (!inner)
    return nullptr;
  return terms.make(
      {Kind::Loglik, 0, 0, {weightsOf(inner), terms.sum(term->operands[1], factorOf(inner))}, {}, term->table});
}

/// So that shifts that were pooled together and factors that were pooled one by one cancel. Copies go down the tree,
/// where nothing needs to cancel.
TermRef poolOfSum(Terms &terms, TermRef term) {
  if (term->kind != Kind::PoolShift || term->operands[0]->kind != Kind::Total)
    return nullptr;
  TermRef total = term->operands[0], result = terms.zero(term->level);
  for (size_t i = 0; i < total->operands.size(); ++i)
    result = terms.sum(result, terms.shift(Kind::PoolShift, total->operands[i]), total->numbers[i]);
  return result;
}

constexpr Rule kSharedRules[] = {
    {"look-up-is-edge", lookUpIsEdge},
    {"rescale-takes-a-factor", rescaleTakesAFactor},
    {"factors-multiply", factorsMultiply},
    {"factor-through-edge", factorThroughEdge},
    {"factor-through-children", factorThroughChildren},
    {"factor-through-siblings", factorThroughSiblings},
    {"factor-through-copies", factorThroughCopies},
    {"factor-through-product", factorThroughProduct},
    {"factor-through-quotient", factorThroughQuotient},
    {"factor-under-posterior", factorUnderPosterior},
    {"factor-into-loglik", factorIntoLoglik},
    {"copies-of-product", copiesOfProduct},
    {"pool-of-sum", poolOfSum},
};

} // namespace

std::span<const Rule> sharedRules() { return kSharedRules; }

} // namespace espalier::proof
