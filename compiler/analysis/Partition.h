//===- Partition.h - The model's normalizer and conditionals ------*- C++ -*-===//
//
// Kernels are potentials and need not be normalised. What the compiler must know to speak of probabilities all
// the same: the log partition function, the root's marginal and the conditional of every edge, all without
// evidence. Where kernels are shared, all nodes of a level see the same message and one of them is computed, so
// the cost is that of the stored kernels, however many leaves there are.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_PARTITION_H
#define ESPALIER_COMPILER_ANALYSIS_PARTITION_H

#include "compiler/analysis/Model.h"

namespace espalier {

struct Partition {
  /// log sum over all assignments of prior and kernels. The rounding of a shared kernel enters once per node, so
  /// a program with rounded entries should be normalised by the partition of the model with those same entries:
  /// then the two errors cancel.
  double logZ = 0;
  std::vector<double> root; ///< P(x_root), [S_0]
  /// P(child = b | parent = a) on the edges above one level.
  struct Conditional {
    int64_t count = 0;         ///< tables: 1 (same for all edges), the level's ranks, or its nodes
    std::vector<double> table; ///< [count x S_parent x S_child], rows sum to 1
  };
  std::vector<Conditional> conditionals; ///< conditionals[l - 1] is level l's
  /// Whether all that is possible is a normal double above: P(root = s) below 30000 children may be 10^-1000.
  bool inRange = true;
};

/// Upward messages without evidence. A row of a kernel without any mass below it, which the model file's checks
/// rule out, gets the uniform conditional.
Partition computePartition(const Model &model);

} // namespace espalier

#endif // ESPALIER_COMPILER_ANALYSIS_PARTITION_H
