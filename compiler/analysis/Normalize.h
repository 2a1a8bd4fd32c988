//===- Normalize.h - Kernels as conditional probabilities ---------*- C++ -*-===//
//
// Prepares a model for floating point. Potentials become conditional probabilities of the same distribution, so that
// what an unobserved subtree sends is 1 for every state; and entries are rounded to the program's precision once, here,
// such that rows still sum to exactly 1 in it. Without this, the rounding of a shared kernel would enter once per node,
// and a tree of 2^20 unobserved leaves would drift away from its prior.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_NORMALIZE_H
#define ESPALIER_COMPILER_ANALYSIS_NORMALIZE_H

#include "compiler/analysis/MessageRange.h"

namespace espalier {

struct PreparedModel {
  /// The same distribution; the prior's largest weight is 1, kernels are representable in the precision.
  Model model;
  /// log Z of `model`.
  double logPartition = 0;
};

/// Kernels stay potentials where conditionals would need more matrices than the model stores: then log Z is not 0.
PreparedModel prepareModel(const Model &model, Precision precision);

} // namespace espalier

#endif // ESPALIER_COMPILER_ANALYSIS_NORMALIZE_H
