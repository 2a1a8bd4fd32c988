//===- Beliefs.h - What an oracle answers -------------------------*- C++ -*-===//
//
// The answer to every query about one sample at once. Shared by enumeration and the reference, so that either
// can stand in for the other.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_REFERENCE_BELIEFS_H
#define ESPALIER_COMPILER_REFERENCE_BELIEFS_H

#include "compiler/analysis/Model.h"

namespace espalier::reference {

struct Beliefs {
  /// Natural log of p(evidence) under the normalised model: log sum_x psi(x) lik(x) - log sum_x psi(x), with
  /// psi(x) the product of prior and kernels. -inf where the evidence is impossible.
  double loglik = 0;
  bool impossible = false;
  /// posteriors[l] is [nodes(l) x S_l], rank order; all zero where the evidence is impossible.
  std::vector<std::vector<double>> posteriors;
  std::vector<double> means; ///< E[e(x_v) | evidence], [leaves x p]; zero where the evidence is impossible
};

/// E[e(x_v)] for every leaf, [leaves x p], from the posteriors of the leaves, [leaves x S_L].
std::vector<double> posteriorMeans(const Model &model, const std::vector<double> &leafPosteriors);

} // namespace espalier::reference

#endif // ESPALIER_COMPILER_REFERENCE_BELIEFS_H
