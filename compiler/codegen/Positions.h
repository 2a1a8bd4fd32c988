//===- Positions.h - Which nodes fill the lanes of one sample ----*- C++ -*-===//
//
// With few samples, vectors of samples are mostly empty. Where kernels are shared by rank, all nodes of a level do the
// same to the subtrees below them, so they can stand in the lanes instead.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_POSITIONS_H
#define ESPALIER_COMPILER_CODEGEN_POSITIONS_H

#include "compiler/analysis/Model.h"

namespace espalier {

/// Kernels for one sample at a time.
struct PositionsChoice {
  int64_t level = 0;     ///< the level whose nodes stand in the lanes; 0: such kernels do not pay
  int64_t tile = 0;      ///< lanes for them, a multiple of the vector's
  int64_t mostBatch = 0; ///< samples up to which they are the faster choice
};

/// The level for which one sample costs the least, in vectors of kernel products: nodes below it share vectors, those
/// above have one each. `lanes` are a vector's, `tile` the samples that a kernel for many takes at once.
PositionsChoice choosePositions(const Model &model, int64_t lanes, int64_t tile);

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_POSITIONS_H
