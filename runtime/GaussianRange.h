//===- GaussianRange.h - Which gaussian evidence is answered, and how -*- C++ -*-===//
//
// Compiled kernels form leaf fields in doubles. With w = z - lambda c, c a number near all values e, D the range of the
// values and a unit u = 2^-52, they are off by about
//
//     u lambda D (|w| + lambda D) / sigma^2
//
// and for numbers in models of doubles by less. Evidence is *ordinary* where that decides nothing and no square leaves
// the range of doubles. Other evidence is answered too, more slowly: its likelihoods are computed here and go through
// the kernels for soft evidence (GaussianWeights.h).
//
// Hard leaves (Model.h) need fields to an absolute error, whatever their size. Their kernels keep the whole part of a
// field apart from the rest, and whole numbers add up exactly up to 2^53: what all leaves of a sample can differ by is
// limited to 2^51, and sigma, lambda, e and z to where no product on the way leaves the range of doubles.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_GAUSSIANRANGE_H
#define ESPALIER_RUNTIME_GAUSSIANRANGE_H

#include "runtime/Model.h"

#include <string>

namespace espalier::runtime {

/// Of hard leaves: the largest sum of a sample's differences of log-likelihoods, 2^51, less where a node has more than
/// 45 children; the largest sigma, |lambda|, |e| and |z|; and the least sigma.
inline constexpr double mostHardField = 0x1p51, mostHardNumber = 1e50, leastHardSigma = 1e-50;

/// What log-likelihoods are not below. Of a density that is smaller there is none.
inline constexpr double leastLoglik = -1e298;

/// An interval of z; NaN is in none.
struct OrdinaryRange {
  double low, high;
  bool isEmpty() const { return !(low <= high); }
};

/// The observations that the gaussian kernels in use are right for, with hard leaves all.
OrdinaryRange ordinaryRange(const Model &model, double lambda, double sigma);

/// Throws Error with `place` in front where a sample of `observed`, an array that checkEvidence() has passed, is beyond
/// what a model with hard leaves answers.
void checkHardRange(const Model &model, double lambda, double sigma, const Array &observed, const std::string &place);

/// Throws Error where observations of the model's values could be beyond its number type.
void checkChannel(const Model &model, double lambda, double sigma);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_GAUSSIANRANGE_H
