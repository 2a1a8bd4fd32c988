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

namespace espalier {

/// Entries of a row up to which permutations are the faster way: AVX-512 permutes two vectors at a time, AVX2 one
/// vector of single precision. Vectors wider than the machine's, as of doubles beside lanes made for single precision,
/// have no such instruction, and the answer is 0.
inline int64_t permutedEntries(mlir::Type element, int64_t lanes, int64_t permuteBits) {
  if (permuteBits == 0 || lanes * element.getIntOrFloatBitWidth() != permuteBits)
    return 0;
  return lanes * (permuteBits == 512 ? 4 : element.isF32() ? 1 : 0);
}

/// Whether a table is read at a row that the sample computes for itself, and at a given entry. What a symbol chooses is
/// read at the symbol, which the body is given, and at a state, which is a constant too where there is one state.
inline bool readsOwnRow(mlir::ValueRange indices) {
  auto row = indices.front().getDefiningOp<mlir::arith::IndexCastOp>();
  return indices.size() == 2 && row && row.getIn().getDefiningOp() &&
         mlir::matchPattern(indices.back(), mlir::m_Constant());
}

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_LOOKUPCOST_H
