//===- LookUp.h - Symbols, and kernels times symbols -------------*- C++ -*-===//
//
// A kernel applied to a one-hot message is one of its columns, and applied to a missing leaf its row sums: so what a
// leaf sends up is an entry of a table. Where siblings have few symbols between them, their product is one as well.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_LOOKUP_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_LOOKUP_H

#include "compiler/conversion/support/Contraction.h"

#include <functional>

namespace espalier {

/// Symbols [ranks x batch] as messages [ranks x states x batch]: `seen` in the state of the symbol, and in all states
/// where it is missing, which is the symbol `states`; `other` elsewhere.
mlir::Value oneHot(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, mlir::Value symbols, int64_t states,
                   mlir::Type elementType, double seen, double other);

/// Kernels [count x S_parent x S_child] by rank or by node, applied to symbols [ranks x batch] (i32, S_child: missing).
struct LookUp {
  IndexSpaceBuilder &index;
  llvm::ArrayRef<int64_t> ranks; ///< on the path to the leaf
  llvm::ArrayRef<int64_t> shape; ///< of the kernels
  llvm::ArrayRef<double> weights;
  mlir::Type elementType;

  /// What becomes of every entry of the table.
  std::function<double(double)> function = [](double x) { return x; };

  /// What each leaf sends up: [ranks x S_parent x batch].
  mlir::Value message(mlir::Value symbols);

  /// The same as logarithms, log 0 being `least`; in two parts where there are many siblings, the low one to double
  /// precision as well.
  SplitLog logs(mlir::Value symbols, double least);

private:
  int64_t values() const { return shape[2] + 1; }
  std::vector<double> entries() const;
  mlir::Value read(llvm::ArrayRef<double> entries, mlir::Value symbols);
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_LOOKUP_H
