//===- LowerToLLVM.cpp - The pipelines of the code generator --------------===//

#include "compiler/codegen/LowerToLLVM.h"

#include "compiler/codegen/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace espalier {

/// Canonicalization without a look at regions: there are no blocks to merge, and looking for some takes its time.
static std::unique_ptr<Pass> createFoldingPass() {
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  return createCanonicalizerPass(config);
}

void buildSchedulePipeline(OpPassManager &pm, const CodegenOptions &options) {
  pm.addNestedPass<func::FuncOp>(createJoinLookUps({.lanes = options.lanes, .permuteBits = options.permuteBits}));
  pm.addNestedPass<func::FuncOp>(createLayOutTables({.lanes = options.lanes, .permuteBits = options.permuteBits}));
  pm.addNestedPass<func::FuncOp>(createNarrowSymbols({.bits = options.symbolBits}));
  pm.addPass(createCSEPass());
  pm.addPass(createSchedule({.tile = options.tile,
                             .downTile = options.downTile,
                             .keepBytes = options.keepBytes,
                             .subtreeBytes = options.subtreeBytes,
                             .positionsLevel = options.positions.level,
                             .positionsTile = options.positions.tile,
                             .positionsLanes = options.lanes,
                             .positionsBatch = options.positions.mostBatch}));
  pm.addNestedPass<func::FuncOp>(createFoldingPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
}

void buildVectorizePipeline(OpPassManager &pm, const CodegenOptions &options) {
  pm.addPass(createOutline());
  pm.addNestedPass<func::FuncOp>(createVectorize(
      {.lanes = options.lanes, .rows = options.rows, .columns = options.columns, .vectorBits = options.vectorBits}));
  pm.addPass(createCSEPass());
}

void buildLLVMPipeline(OpPassManager &pm, const CodegenOptions &options) {
  // What looks at one function at a time runs on several at a time.
  OpPassManager &functions = pm.nest<func::FuncOp>();
  functions.addPass(createExpandMath({.splitFma = !options.hasFma}));
  // Slices become plain address arithmetic before anything is lowered to LLVM.
  functions.addPass(memref::createExpandStridedMetadataPass());
  functions.addPass(createLowerAffinePass());
  functions.addPass(createFoldingPass());
  functions.addPass(createCSEPass());
  functions.addPass(createSCFToControlFlowPass());
  functions.addPass(createConvertVectorToLLVMPass());
  functions.addPass(createConvertMathToLLVMPass());
  functions.addPass(createArithToLLVMConversionPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  ConvertFuncToLLVMPassOptions signatures;
  signatures.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(signatures));
  OpPassManager &lowered = pm.nest<LLVM::LLVMFuncOp>();
  lowered.addPass(createReconcileUnrealizedCastsPass());
  lowered.addPass(createFoldingPass());
}

} // namespace espalier
