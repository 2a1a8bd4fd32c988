//===- MessageRules.cpp - Rules about steps of message passing ------------===//

#include "compiler/proof/Rewrite.h"

namespace espalier::proof {
namespace {

/// What a parent knows from elsewhere: what it heard from above, and from the child's siblings.
TermRef othersIsProduct(Terms &terms, TermRef term) {
  if (term->kind != Kind::Others)
    return nullptr;
  return terms.product(
      {terms.moved(Kind::Siblings, term->operands[0], 0), terms.moved(Kind::Copies, term->operands[1], 1)});
}

/// In the log domain, normalization subtracts the largest logarithm.
TermRef maximumTakesAFactor(Terms &terms, TermRef term) {
  if (term->kind != Kind::DivideByLargest)
    return nullptr;
  TermRef input = term->operands[0];
  return terms.scaled(input, terms.sum(terms.zero(input->level), terms.shift(Kind::LogLargest, input), -1));
}

/// Gaussian messages come relative to the nearest state, whose density the shift has.
TermRef observeGaussian(Terms &terms, TermRef term) {
  if (term->kind != Kind::GaussianLikelihood)
    return nullptr;
  TermRef evidence = term->operands[0];
  return terms.scaled(evidence, terms.sum(terms.zero(evidence->level), terms.shift(Kind::LogLargest, evidence), -1));
}

constexpr Rule kMessageRules[] = {
    {"others-is-product", othersIsProduct},
    {"maximum-takes-a-factor", maximumTakesAFactor},
    {"observe-gaussian", observeGaussian},
};

} // namespace

std::span<const Rule> messageRules() { return kMessageRules; }

} // namespace espalier::proof
