//===- Tables.h - Tables of doubles as attributes ----------------*- C++ -*-===//
//
// Kernels, priors and values are attributes in double precision: readable literals while they are small, resources
// (kept out of the way at the end of the text) when they are large.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_DIALECTS_SUPPORT_TABLES_H
#define ESPALIER_DIALECTS_SUPPORT_TABLES_H

#include "mlir/IR/BuiltinAttributes.h"

namespace espalier {

/// A table of doubles of the given shape; a resource called `name` from 4096 entries on.
mlir::ElementsAttr makeTable(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values,
                             llvm::StringRef name);

/// The bytes of a large table as a resource called `name`, or `name` with a number. The same bytes under the same name
/// are kept once.
mlir::DenseResourceElementsAttr makeResource(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes,
                                             llvm::StringRef name);

/// The entries of a table of doubles, row-major; failure where a resource holds no or too little data.
mlir::FailureOr<std::vector<double>> readTable(mlir::ElementsAttr table);

/// The same for a constant of floats or doubles.
mlir::FailureOr<std::vector<double>> readReals(mlir::ElementsAttr table);

/// The shape of a table; empty for what is not a tensor of doubles.
llvm::ArrayRef<int64_t> tableShape(mlir::ElementsAttr table);

/// Succeeds where `table` holds doubles in the given shape; otherwise says what `op` expects and got.
llvm::LogicalResult verifyTable(mlir::Operation *op, llvm::StringRef what, mlir::ElementsAttr table,
                                llvm::ArrayRef<int64_t> shape);

} // namespace espalier

#endif // ESPALIER_DIALECTS_SUPPORT_TABLES_H
