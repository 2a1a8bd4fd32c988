//===- Contraction.h - Kernels times messages --------------------*- C++ -*-===//
//
// The products and reductions over states from which both lowerings are built, as linalg on the index space.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_CONTRACTION_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_CONTRACTION_H

#include "compiler/conversion/support/IndexSpace.h"

namespace espalier {

/// Logarithms in two parts, their value being the sum. `high` is a whole number, so that sums and differences of huge
/// ones are exact, and `low` has the size of logarithms of weights. Where zeros leave a leaf no choice, `high` may be
/// -10^8, for some states or for all, and no digit of `low` is lost beside it. Without `low`, `high` is any number.
/// What many siblings send is split finer: `high` is a multiple of 2^-fractionBits, and what is rounded in their sum is
/// a sum of tiny numbers.
struct SplitLog {
  mlir::Value high, low;
};

/// Bits behind the point of `high` in what each of so many siblings sends: 0 for a few. With f bits a sum of m parts
/// `low` is off by at most m^2 2^-54 2^-f, which is 2^-43 here, and a sum of `high` is exact up to 2^(53 - f).
int64_t fractionBits(int64_t siblings);

/// The multiple of 2^-bits nearest to x; 0 for -inf.
double wholePart(double x, int64_t bits);

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
  SplitLog logSumExp(SplitLog message);

  /// The same about the largest x of all, its nearest whole number: one exp per entry of the message instead of one per
  /// entry of the kernel.
  SplitLog logSumExpAboutMaximum(SplitLog message);

private:
  /// common + log(sums), in two parts: `common` [ranks x batch] or, by `loops`, of more axes.
  SplitLog logOf(mlir::Value sums, mlir::Value common, llvm::StringRef loops);

  /// The whole number about which each sum is formed: [ranks x to x batch].
  mlir::Value rowMaximum(SplitLog message);
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

/// The largest of a node's logarithms to the nearest whole number, 0 where all are -inf: [ranks x batch].
mlir::Value largestLog(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, int64_t states, SplitLog message);

/// exp(high - common + low), `common` being [ranks x batch] and finite: [ranks x states x batch].
mlir::Value weightsAbout(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, int64_t states, SplitLog message,
                         mlir::Value common);

/// The sum of two messages of logarithms; in two parts if one of them is. `x` may be the parents' message.
SplitLog addLogs(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, int64_t states, SplitLog x, Prefix prefix,
                 SplitLog y);

/// sum_a values[a, p] x[a], the x of a node summing to 1: [ranks x p x batch]. `shape` is that of values. What all
/// values have in common is added last, so that it is not multiplied by rounding errors of x.
mlir::Value expectation(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<double> values, mlir::Value posterior);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_CONTRACTION_H
