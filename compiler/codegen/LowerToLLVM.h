//===- LowerToLLVM.h - The pipelines of the code generator -------*- C++ -*-===//
//
// The code generator as lists of passes, one per stage; shared by the driver and espalier-opt.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_LOWERTOLLVM_H
#define ESPALIER_COMPILER_CODEGEN_LOWERTOLLVM_H

#include "compiler/codegen/Positions.h"

#include "mlir/Pass/PassManager.h"

namespace espalier {

/// What the schedule must know of the machine and of the model.
struct CodegenOptions {
  int64_t tile = 32;            ///< samples per tile, a multiple of `lanes`
  int64_t downTile = 0;         ///< the same of kernels that walk down as well; 0: as many
  int64_t lanes = 16;           ///< elements per vector
  int64_t rows = 8;             ///< register block of a reduction: states ...
  int64_t columns = 2;          ///< ... and vectors of samples
  bool hasFma = true;           ///< the machine has fused multiply-adds
  int64_t vectorBits = 512;     ///< width of the machine's vectors
  int64_t symbolBits = 32;      ///< of a tile's exact symbols
  PositionsChoice positions;    ///< kernels for one sample beside those for many
  int64_t keepBytes = 16 << 20; ///< of messages that a tile keeps for the walk down: about a core's share of the caches
  int64_t subtreeBytes = 256 << 10; ///< the same of one subtree where a tile's are more: within a core's own cache
  int64_t permuteBits = 512; ///< width of the vectors that the machine permutes by indices in a register; 0: none
};

/// linalg on the index space -> loops over ranks and linalg on a node's slices.
void buildSchedulePipeline(mlir::OpPassManager &pm, const CodegenOptions &options);

/// linalg on slices -> loops over vectors.
void buildVectorizePipeline(mlir::OpPassManager &pm, const CodegenOptions &options);

/// loops over vectors -> the llvm dialect.
void buildLLVMPipeline(mlir::OpPassManager &pm, const CodegenOptions &options);

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_LOWERTOLLVM_H
