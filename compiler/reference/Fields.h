//===- Fields.h - Evidence as log-likelihoods at the leaves -------*- C++ -*-===//
//
// What the oracle is asked: one log-likelihood per leaf and state, made from each kind of evidence that users
// can hand in. Both oracles read this and nothing else, so a wrong field would go unnoticed between them; the
// tests therefore hold the fields against hand-computed densities.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_REFERENCE_FIELDS_H
#define ESPALIER_COMPILER_REFERENCE_FIELDS_H

#include "compiler/analysis/Model.h"

#include <limits>
#include <span>

namespace espalier::reference {

/// The oracle's number type. On x86-64 it has 64 bits of precision, so that the oracle's own rounding error
/// stays far below the 1e-12 that compiled f64 code is held to.
using Real = long double;

/// log 0.
inline constexpr Real minusInfinity = -std::numeric_limits<Real>::infinity();

/// One sample's evidence. The likelihood of leaf states x is exp(constant + sum over leaves v of h[v][x_v]).
struct Fields {
  std::vector<Real> h; ///< [leaves x S_L], leaves in rank order; largest entry 0, or all -inf: impossible
  Real constant = 0;
};

/// Nothing observed.
Fields missingFields(const Model &model);

/// Exact states, one per leaf in rank order, each in [-1, S_L); -1 = missing.
Fields symbolFields(const Model &model, std::span<const int32_t> symbols);

/// Likelihoods [leaves x S_L] >= 0; an all-zero leaf makes the evidence impossible.
Fields softFields(const Model &model, std::span<const double> weights);

/// Observations z [leaves x p] of z = lambda * e(x) + sigma * noise, sigma > 0; a leaf with a NaN is missing.
/// `constant` holds the density's normalizer of every observed leaf: -p/2 log(2 pi sigma^2).
Fields gaussianFields(const Model &model, std::span<const double> z, double lambda, double sigma);

} // namespace espalier::reference

#endif // ESPALIER_COMPILER_REFERENCE_FIELDS_H
