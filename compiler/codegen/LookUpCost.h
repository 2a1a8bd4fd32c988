//===- LookUpCost.h - Which way a table is read the fastest ------*- C++ -*-===//
//
// A row of a table is read in one of two ways: loaded as a whole and permuted in registers, for all samples of a vector
// at once, or by one load per sample and a transpose. Rows of four, which samples compute for themselves, are always
// read in the second way.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_LOOKUPCOST_H
#define ESPALIER_COMPILER_CODEGEN_LOOKUPCOST_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

namespace espalier {

/// Entries of a row up to which permutations are the faster way: AVX-512 permutes two vectors at a time, AVX2 one
/// vector of single precision. Vectors wider than the machine's, as of doubles beside lanes made for single precision,
/// have no such instruction, and the answer is 0.
inline int64_t permutedEntries(mlir::Type element, int64_t lanes, int64_t permuteBits) {
  if (permuteBits == 0 || lanes * element.getIntOrFloatBitWidth() != permuteBits)
    return 0;
  return lanes * (permuteBits == 512 ? 4 : element.isF32() ? 1 : 0);
}

/// Entries of a row of `states` as it is read: whole vectors, or, where it is shorter, the part of one that is a power
/// of two.
inline int64_t rowWidth(int64_t states, int64_t lanes) {
  constexpr int64_t kLeast = 4;
  return states >= lanes ? llvm::alignTo(states, lanes)
                         : std::max<int64_t>(llvm::PowerOf2Ceil(states), std::min(kLeast, lanes));
}

/// Whether tables of such rows can be read.
inline bool isRowWidth(int64_t width, int64_t lanes) { return width == rowWidth(width, lanes); }

/// The symbol that a body is given where `index` is one, be it in fewer bits; null where it is not.
inline mlir::Value symbolOf(mlir::Value index) {
  auto cast = index.getDefiningOp<mlir::arith::IndexCastOp>();
  mlir::Value symbol = cast ? cast.getIn() : mlir::Value();
  if (auto widened = symbol ? symbol.getDefiningOp<mlir::arith::ExtUIOp>() : mlir::arith::ExtUIOp())
    symbol = widened.getIn();
  return mlir::dyn_cast_if_present<mlir::BlockArgument>(symbol);
}

/// Whether a table is read at a row that the sample computes for itself, and at a given entry. What a symbol chooses is
/// read at the symbol, which the body is given, and at a state, which is a constant too where there is one state.
inline bool readsOwnRow(mlir::ValueRange indices) {
  return indices.size() == 2 && indices.front().getDefiningOp<mlir::arith::IndexCastOp>() &&
         !symbolOf(indices.front()) && mlir::matchPattern(indices.back(), mlir::m_Constant());
}

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_LOOKUPCOST_H
