//===- VectorGroup.h - Ops that share a loop nest ----------------*- C++ -*-===//
//
// The unit in which code is vectorized: linalg ops on a node's slices that run over the same states, written together
// so that what one computes reaches the next in registers.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_VECTORGROUP_H
#define ESPALIER_COMPILER_CODEGEN_VECTORGROUP_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace espalier {

/// Elements per vector, the register block of a reduction, and the width of the machine's vectors.
struct RegisterBlock {
  int64_t lanes, rows, columns, vectorBits;
};

/// A linalg.generic on slices. Its last loop is the batch; the others are parallel (states of the result) or
/// reductions.
struct Tile {
  mlir::linalg::GenericOp op;
  mlir::linalg::FillOp init; ///< what its accumulators start from, absorbed from the op before; null where memory
  llvm::SmallVector<int64_t> states; ///< parallel loops by number, without the batch
  llvm::SmallVector<int64_t> sums;   ///< reduction loops by number

  explicit Tile(mlir::linalg::GenericOp op, mlir::linalg::FillOp init = {});

  /// The op as a handle of its own, whose accessors are not const.
  mlir::linalg::GenericOp generic() const { return op; }
  int64_t batchLoop() const { return generic().getNumLoops() - 1; }
  mlir::Value result() const { return generic().getDpsInitOperand(0)->get(); }

  /// Extents of the parallel loops.
  llvm::SmallVector<int64_t> stateExtents() const;

  /// Whether the body computes exp or log, whose expansions are long: then one vector at a time is enough.
  bool isHeavy() const;

  /// Whether an element of the result takes more than one of the machine's vectors: doubles where lanes are made for
  /// single precision.
  bool isWide(const RegisterBlock &shape) const;

  /// Whether it takes many steps otherwise.
  bool isLong() const;

  /// The body's read of a table at a symbol, which differs by sample.
  mlir::memref::LoadOp lookUp() const;

  /// The same where the table is read row by row: its last index is the last state.
  mlir::memref::LoadOp rowLookUp() const;

  /// Whether `operand` is read where the result is written: at the same states and sample.
  bool readsInPlace(mlir::OpOperand *operand) const;
};

/// Writes the loop nest of a group, where `builder` stands. All tiles run over the same states, and read of each
/// other's results only what they are about to compute for the same states and samples.
void writeGroup(llvm::ArrayRef<Tile> tiles, RegisterBlock shape, mlir::OpBuilder &builder);

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_VECTORGROUP_H
