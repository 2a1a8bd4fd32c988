//===- NetworkRules.cpp - Rules about the layers of networks --------------===//
//
// A layer on logarithms is the logarithm of a step of message passing.
//
//===----------------------------------------------------------------------===//

#include "compiler/proof/Rewrite.h"

#include <algorithm>

namespace espalier::proof {
namespace {

/// w where the operand is log w; null elsewhere.
TermRef underLog(TermRef term, size_t operand = 0) {
  TermRef log = term->operands[operand];
  return log->kind == Kind::Log ? log->operands[0] : nullptr;
}

/// The same for a term of that kind only.
TermRef underLog(TermRef term, Kind kind) { return term->kind == kind ? underLog(term) : nullptr; }

TermRef log(Terms &terms, TermRef weights) { return terms.like(Kind::Log, weights); }

/// `weights` divided by exp of `shift`.
TermRef without(Terms &terms, TermRef weights, TermRef shift) {
  return terms.scaled(weights, terms.sum(terms.zero(weights->level), shift, -1));
}

TermRef symbolStem(Terms &terms, TermRef term) {
  return term->kind == Kind::SymbolStem ? log(terms, term->operands[0]) : nullptr;
}

TermRef gaussianLikelihood(Terms &terms, TermRef term) {
  if (term->kind != Kind::GaussianLikelihood)
    return nullptr;
  return without(terms, term->operands[0], terms.shift(Kind::LogLargest, term->operands[0]));
}

TermRef gaussianStem(Terms &terms, TermRef term) {
  if (term->kind != Kind::GaussianStem)
    return nullptr;
  return log(terms, terms.like(Kind::GaussianLikelihood, term->operands[0]));
}

TermRef softStem(Terms &terms, TermRef term) {
  if (term->kind != Kind::SoftStem)
    return nullptr;
  TermRef weights = term->operands[0];
  return log(terms, without(terms, weights, terms.shift(Kind::LogLargest, weights)));
}

TermRef expOfLog(Terms &, TermRef term) { return underLog(term, Kind::Exp); }

TermRef convTaps(Terms &terms, TermRef term) {
  if (term->kind != Kind::Conv)
    return nullptr;
  return terms.edge(Kind::Up, term->operands[0], term->table, term->states);
}

TermRef convTransposeTaps(Terms &terms, TermRef term) {
  if (term->kind != Kind::ConvTranspose)
    return nullptr;
  return terms.edge(Kind::Down, term->operands[0], term->table, term->states);
}

TermRef logSumExpConv(Terms &terms, TermRef term) {
  TermRef weights = underLog(term, Kind::LogSumExpConv);
  return weights ? log(terms, terms.edge(Kind::Conv, weights, term->table, term->states)) : nullptr;
}

TermRef logSumExpConvTranspose(Terms &terms, TermRef term) {
  TermRef weights = underLog(term, Kind::LogSumExpConvTranspose);
  return weights ? log(terms, terms.edge(Kind::ConvTranspose, weights, term->table, term->states)) : nullptr;
}

TermRef poolIsProduct(Terms &terms, TermRef term) {
  TermRef weights = underLog(term, Kind::SumPool);
  return weights ? log(terms, terms.moved(Kind::Combine, weights, -1)) : nullptr;
}

TermRef siblingSumIsProduct(Terms &terms, TermRef term) {
  TermRef weights = underLog(term, Kind::SiblingSum);
  return weights ? log(terms, terms.moved(Kind::Siblings, weights, 0)) : nullptr;
}

TermRef upsampleOfLog(Terms &terms, TermRef term) {
  TermRef weights = underLog(term, Kind::Upsample);
  return weights ? log(terms, terms.moved(Kind::Copies, weights, 1)) : nullptr;
}

TermRef addIsProduct(Terms &terms, TermRef term) {
  TermRef first = underLog(term, Kind::Add), second = first ? underLog(term, 1) : nullptr;
  return second ? log(terms, terms.product({first, second})) : nullptr;
}

TermRef subtractIsQuotient(Terms &terms, TermRef term) {
  TermRef first = underLog(term, Kind::Subtract), second = first ? underLog(term, 1) : nullptr;
  return second ? log(terms, terms.pair(Kind::Quotient, first, second)) : nullptr;
}

/// A copy of the product over all children, divided by one's own message, is the product over the siblings where that
/// message is nowhere zero.
TermRef skipIsLeaveOneOut(Terms &terms, TermRef term) {
  if (term->kind != Kind::Quotient || !isPositive(term->operands[1]))
    return nullptr;
  TermRef whole = term->operands[0], own = term->operands[1];
  std::vector<TermRef> factors = {whole};
  if (whole->kind == Kind::Product)
    factors = whole->operands;
  auto found = std::find_if(factors.begin(), factors.end(), [&](TermRef factor) {
    return factor->kind == Kind::Copies && factor->operands[0]->kind == Kind::Combine &&
           factor->operands[0]->operands[0] == own;
  });
  if (found == factors.end())
    return nullptr;
  *found = terms.moved(Kind::Siblings, own, 0);
  return terms.product(factors);
}

TermRef biasIsPrior(Terms &terms, TermRef term) {
  TermRef weights = underLog(term, Kind::Bias);
  return weights ? log(terms, terms.product({weights, terms.prior(term->table)})) : nullptr;
}

TermRef constantIsPrior(Terms &terms, TermRef term) {
  return term->kind == Kind::Constant ? log(terms, terms.prior(term->table)) : nullptr;
}

TermRef normTakesAFactor(Terms &terms, TermRef term) {
  TermRef weights = underLog(term, Kind::Norm);
  return weights ? log(terms, without(terms, weights, terms.shift(Kind::LogLargest, weights))) : nullptr;
}

TermRef softmaxOfLog(Terms &terms, TermRef term) {
  TermRef weights = underLog(term, Kind::Softmax);
  return weights ? terms.like(Kind::Posterior, weights) : nullptr;
}

TermRef evidenceOfLog(Terms &terms, TermRef term) {
  TermRef weights = underLog(term, Kind::EvidenceHead);
  return weights ? terms.make({Kind::Loglik, 0, 0, {weights, term->operands[1]}, {}, term->table}) : nullptr;
}

TermRef castIsIdentity(Terms &, TermRef term) { return term->kind == Kind::Cast ? term->operands[0] : nullptr; }

constexpr Rule kNetworkRules[] = {
    {"symbol-stem", symbolStem},
    {"gaussian-stem", gaussianStem},
    {"gaussian-likelihood", gaussianLikelihood},
    {"soft-stem", softStem},
    {"exp-of-log", expOfLog},
    {"conv-taps", convTaps},
    {"conv-transpose-taps", convTransposeTaps},
    {"log-sum-exp-conv", logSumExpConv},
    {"log-sum-exp-conv-transpose", logSumExpConvTranspose},
    {"pool-is-product", poolIsProduct},
    {"sibling-sum-is-product", siblingSumIsProduct},
    {"upsample-of-log", upsampleOfLog},
    {"add-is-product", addIsProduct},
    {"subtract-is-quotient", subtractIsQuotient},
    {"skip-is-leave-one-out", skipIsLeaveOneOut},
    {"bias-is-prior", biasIsPrior},
    {"constant-is-prior", constantIsPrior},
    {"norm-takes-a-factor", normTakesAFactor},
    {"softmax-of-log", softmaxOfLog},
    {"evidence-of-log", evidenceOfLog},
    {"cast-is-identity", castIsIdentity},
};

} // namespace

std::span<const Rule> networkRules() { return kNetworkRules; }

} // namespace espalier::proof
