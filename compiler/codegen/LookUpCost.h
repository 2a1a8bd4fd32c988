//===- LookUpCost.h - Which way a table is read the fastest ------*- C++ -*-===//
//
// A row of a table is read in one of two ways: loaded as a whole and permuted in registers, for all samples of a vector
// at once, or by one load per sample and a transpose.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_LOOKUPCOST_H
#define ESPALIER_COMPILER_CODEGEN_LOOKUPCOST_H

#include "mlir/IR/Types.h"

namespace espalier {

/// Entries of a row up to which permutations are the faster way: AVX-512 permutes two vectors at a time, AVX2 one
/// vector of single precision. Vectors wider than the machine's, as of doubles beside lanes made for single precision,
/// have no such instruction, and the answer is 0.
inline int64_t permutedEntries(mlir::Type element, int64_t lanes, int64_t permuteBits) {
  if (permuteBits == 0 || lanes * element.getIntOrFloatBitWidth() != permuteBits)
    return 0;
  return lanes * (permuteBits == 512 ? 4 : element.isF32() ? 1 : 0);
}

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_LOOKUPCOST_H
