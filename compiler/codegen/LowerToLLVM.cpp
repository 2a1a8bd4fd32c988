//===- LowerToLLVM.cpp - The pipelines of the code generator --------------===//

#include "compiler/codegen/LowerToLLVM.h"

#include "compiler/codegen/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace espalier {

void buildSchedulePipeline(OpPassManager &pm, const CodegenOptions &options) {
  pm.addNestedPass<func::FuncOp>(createLayOutTables({.lanes = options.lanes, .permute = options.permute}));
  pm.addPass(createCSEPass());
  pm.addPass(createSchedule({.tile = options.tile}));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void buildVectorizePipeline(OpPassManager &pm, const CodegenOptions &options) {
  pm.addNestedPass<func::FuncOp>(
      createVectorize({.lanes = options.lanes, .rows = options.rows, .columns = options.columns}));
  pm.addPass(createCSEPass());
}

void buildLLVMPipeline(OpPassManager &pm, const CodegenOptions &options) {
  pm.addNestedPass<func::FuncOp>(createExpandMath({.splitFma = !options.hasFma}));
  // Slices become plain address arithmetic before anything is lowered to LLVM.
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(functions));
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
}

} // namespace espalier
