//===- LookUp.h - Symbols, and kernels times symbols --------------*- C++ -*-===//
//
// Symbols as messages, and a kernel times such a message without multiplying: a column of it, by symbol.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_LOOKUP_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_LOOKUP_H

#include "compiler/conversion/support/IndexSpace.h"

namespace espalier {

/// Symbols [ranks x batch] as messages [ranks x states x batch]: `seen` in the state of the symbol, and in all states
/// where it is missing, which is the symbol `states`; `other` elsewhere.
mlir::Value oneHot(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, mlir::Value symbols, int64_t states,
                   mlir::Type elementType, double seen, double other);

/// Columns of kernels [count x S_parent x S_child] by symbol, and their row sums in the place of the missing symbol:
/// [count x (S_child + 1) x S_parent, padded]. Sums are formed as a product in `elementType` would.
std::vector<double> columnTable(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> kernel, mlir::Type elementType);

/// The column of every leaf's symbol [ranks x batch]: messages [ranks x S_parent x batch]. `columns` is a columnTable,
/// or a function of its entries, of kernels of that shape.
mlir::Value lookUpColumns(IndexSpaceBuilder &index, llvm::ArrayRef<int64_t> ranks, mlir::Value symbols,
                          llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> columns, mlir::Type elementType);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_LOOKUP_H
