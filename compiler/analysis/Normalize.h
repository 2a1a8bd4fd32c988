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

#include <map>
#include <utility>

namespace espalier {

struct PreparedModel {
  /// The same distribution; the prior's largest weight is 1, kernels are representable in the precision.
  Model model;
  /// log Z of `model`.
  double logPartition = 0;
  /// Whether every weight that is not zero is a normal number of the precision. Where it is not, what is possible would
  /// be lost: programs in this precision are wrong.
  bool representable = true;
};

/// How a program's leaves enter: observed symbols look up the logarithms of weights where there are many.
enum class Kernels {
  Conditional, ///< a subtree of which nothing is seen sends 1 for every state
  AsWritten    ///< every weight is the user's, times a power of two
};

/// The form of kernels that is exact for these leaves in double precision.
Kernels kernelsFor(const Model &model, LeafMessages leaves);

/// Kernels stay potentials where conditionals would need more matrices than the model stores, and where they would
/// leave the range of doubles (P(root = s) does below wide levels of unequal row sums): then log Z is not 0. In double
/// precision a model is always representable, but for weights that are subnormal themselves.
PreparedModel prepareModel(const Model &model, Precision precision, Kernels kernels = Kernels::Conditional);

/// A model prepared in every way that is asked for, once each: that takes time where kernels are large.
struct PreparedModels {
  const Model &model;

  explicit PreparedModels(const Model &model) : model(model) {}

  const PreparedModel &of(Precision precision, LeafMessages leaves) {
    auto [way, isNew] = prepared.try_emplace({precision, kernelsFor(model, leaves)});
    if (isNew)
      way->second = prepareModel(model, precision, way->first.second);
    return way->second;
  }

private:
  std::map<std::pair<Precision, Kernels>, PreparedModel> prepared;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_ANALYSIS_NORMALIZE_H
