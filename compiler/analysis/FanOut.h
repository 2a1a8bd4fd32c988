//===- FanOut.h - Where a node has many children ------------------*- C++ -*-===//
//
// What the number of children does to rounding (docs/rationale-rounding.md): the errors of siblings add up, and where
// kernels are shared they all point the same way.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_FANOUT_H
#define ESPALIER_COMPILER_ANALYSIS_FANOUT_H

#include "compiler/analysis/Model.h"

namespace espalier {

/// Whether so many siblings are added up that a sum of their logarithms needs two parts.
bool isWide(int64_t siblings);

/// Whether so many leaves are siblings that what they look up must be the logarithm of the user's own weight: the
/// rounding of a conditional enters once per leaf, always in the same direction.
bool needsWeightsAsWritten(int64_t siblings);

/// Whether the errors of f32 messages may add up to more than the 1e-5 that posteriors are held to: levels of many
/// children, one above the other, have more than 64 nodes together.
bool exceedsSinglePrecision(const Model &model);

} // namespace espalier

#endif // ESPALIER_COMPILER_ANALYSIS_FANOUT_H
