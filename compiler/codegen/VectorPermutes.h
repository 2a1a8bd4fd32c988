//===- VectorPermutes.h - Elements in other lanes ----------------*- C++ -*-===//
//
// What look-ups do with the rows of tables that they have loaded.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_VECTORPERMUTES_H
#define ESPALIER_COMPILER_CODEGEN_VECTORPERMUTES_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace espalier {

/// Entry symbols[i] of a row for every lane i; the row is one or a few vectors. Instructions take one vector or two at
/// a time; the parts that they give are chosen between by the symbols' size.
mlir::Value permute(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::Value> row, mlir::Value symbols);

/// Rows of equally many elements, a power of two and in f32 at least four, one for every lane: their columns, each a
/// vector.
llvm::SmallVector<mlir::Value> columnsOf(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::Value> rows);

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_VECTORPERMUTES_H
