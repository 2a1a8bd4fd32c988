//===- GaussianWeights.h - Likelihoods of any gaussian evidence -----*- C++ -*-===//
//
// For evidence beyond what kernels are right for (GaussianRange.h): the likelihoods of a leaf's states relative to the
// nearest, from any finite z, e, lambda and sigma > 0.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_GAUSSIANWEIGHTS_H
#define ESPALIER_RUNTIME_GAUSSIANWEIGHTS_H

#include "runtime/Model.h"

namespace espalier::runtime {

class GaussianWeights {
public:
  GaussianWeights(const Model &model, double lambda, double sigma) : model(model), lambda(lambda), sigma(sigma) {}

  /// `count` leaves z, `count` x p, to weights, `count` x S_L: exp of what a state's log-likelihood lies below that of
  /// the nearest state, 1 for all states where the leaf is missing. Returns the sum of the nearest states' log
  /// densities, none of them below leastLoglik.
  template <typename Real, typename Weight> double fill(const Real *z, int64_t count, Weight *weights) const;

private:
  const Model &model;
  double lambda, sigma;
};

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_GAUSSIANWEIGHTS_H
