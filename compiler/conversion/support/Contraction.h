//===- Contraction.h - Kernels times messages --------------------*- C++ -*-===//
//
// The products and reductions over states from which both lowerings are built, as linalg on the index space.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_CONTRACTION_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_CONTRACTION_H

#include "compiler/conversion/support/IndexSpace.h"

namespace espalier {

/// A logarithm in two parts, the value being their sum. Where a kernel's zeros leave a leaf no choice, `high` is a huge
/// number that all states have in common; it must be taken away before `low` is added, or the digits of `low` are lost.
struct SplitLog {
  mlir::Value high, low;
};

/// Kernels [count x S_parent x S_child] by rank or by node, applied to messages [ranks x states x batch] along the
/// child's states (upward) or along the parent's (downward).
struct Contraction {
  IndexSpaceBuilder &index;
  llvm::ArrayRef<int64_t> ranks;
  llvm::ArrayRef<int64_t> shape; ///< of the kernels
  llvm::ArrayRef<double> weights;
  bool upward;
  mlir::Type elementType;

  int64_t from() const { return upward ? shape[2] : shape[1]; }
  int64_t to() const { return upward ? shape[1] : shape[2]; }

  /// sum K x.
  mlir::Value product(mlir::Value message);

  /// log sum K exp(x), every sum about the largest x that its kernel lets count; log 0 is -inf.
  SplitLog logSumExp(mlir::Value message);
};

/// Over the states of [ranks x states x batch]: a tensor [ranks x batch]. `least` is where the maximum starts.
mlir::Value maximumOverStates(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, int64_t states,
                              mlir::Value message, double least);
mlir::Value sumOverStates(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, int64_t states, mlir::Value message);

/// Weights [ranks x states x batch] over their sum, in type `answer`; 0 where the sum is 0.
mlir::Value normalizeOverStates(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, int64_t states,
                                mlir::Value weights, mlir::Type answer);

/// For every node, its siblings' messages [ranks x states x batch] without its own, reduced from `init` by `body`,
/// which gets an entry and the accumulator. No entry is ever taken back out, so zeros stay right.
mlir::Value reduceOverSiblings(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, int64_t states, double init,
                               mlir::Value messages, IndexSpaceBuilder::Body body);

/// The sum of both parts about the largest `high`, which is returned with it: [ranks x states x batch] and [ranks x
/// batch]. Where every state is -inf, the second is 0.
std::pair<mlir::Value, mlir::Value> joinAboutMaximum(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks,
                                                     int64_t states, SplitLog parts);

/// sum_a values[a, p] x[a]: [ranks x p x batch]. `shape` is that of values.
mlir::Value expectation(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<double> values, mlir::Value posterior);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_CONTRACTION_H
