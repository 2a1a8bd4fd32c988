//===- Tolerance.h - How far an answer may be from the truth --------*- C++ -*-===//
//
// The published tolerances of every query and number type: what a compiled model's own `verify` and the compiler's
// hold answers to.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_TOLERANCE_H
#define ESPALIER_RUNTIME_TOLERANCE_H

#include "runtime/Model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace espalier::runtime {

/// Absolute for posteriors and means, relative to max(1, |loglik|) for loglik: 1e-5 for F32 and 1e-12 for F64. That of
/// Denoise is times the range of e, whose numbers are `values`; where they are far from zero but close to each other,
/// it is what the number type can tell apart there.
inline double tolerance(ElementType dtype, Query query, std::span<const double> values) {
  const bool isDouble = dtype == ElementType::F64;
  const double base = isDouble ? 1e-12 : 1e-5;
  if (query != Query::Denoise)
    return base;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double epsilon = isDouble ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  return std::max(base * (*high - *low), 4 * epsilon * std::max(std::fabs(*low), std::fabs(*high)));
}

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_TOLERANCE_H
