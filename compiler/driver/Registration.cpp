//===- Registration.cpp - Dialects, passes and pipelines ------------------===//

#include "compiler/driver/Registration.h"

#include "compiler/codegen/LowerToLLVM.h"
#include "compiler/codegen/Passes.h"
#include "compiler/conversion/Passes.h"
#include "compiler/optimization/Passes.h"
#include "compiler/proof/Passes.h"
#include "dialects/bp/BPOps.h"
#include "dialects/net/NetOps.h"
#include "dialects/tfg/TFGOps.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace espalier {

void registerDialects(DialectRegistry &registry) {
  registry.insert<tfg::TFGDialect, bp::BPDialect, net::NetDialect>();
  registry.insert<affine::AffineDialect, arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
                  linalg::LinalgDialect, LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect, scf::SCFDialect,
                  tensor::TensorDialect, vector::VectorDialect>();
}

namespace {
/// The schedule's parameters as options of a registered pipeline.
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<int64_t> tile{*this, "tile", llvm::cl::desc("Samples per tile"), llvm::cl::init(32)};
  Option<int64_t> lanes{*this, "lanes", llvm::cl::desc("Elements per vector"), llvm::cl::init(16)};
  Option<int64_t> rows{*this, "rows", llvm::cl::desc("States per register block"), llvm::cl::init(8)};
  Option<int64_t> columns{*this, "columns", llvm::cl::desc("Vectors per register block"), llvm::cl::init(2)};
  Option<int64_t> symbolBits{*this, "symbol-bits", llvm::cl::desc("Bits of an exact symbol in a tile"),
                             llvm::cl::init(32)};

  CodegenOptions codegen() const {
    CodegenOptions options;
    options.tile = tile;
    options.lanes = lanes;
    options.rows = rows;
    options.columns = columns;
    options.symbolBits = symbolBits;
    return options;
  }
};
} // namespace

void registerPassesAndPipelines() {
  registerconversionPasses();
  registeroptimizationPasses();
  registerproofPasses();
  registercodegenPasses();
  registerCanonicalizerPass();
  registerCSEPass();
  static PassPipelineRegistration<PipelineOptions> schedule(
      "espalier-schedule-pipeline", "From linalg on the index space to linalg on a node's slices",
      [](OpPassManager &pm, const PipelineOptions &options) { buildSchedulePipeline(pm, options.codegen()); });
  static PassPipelineRegistration<PipelineOptions> vectorize(
      "espalier-vectorize-pipeline", "From linalg on a node's slices to loops over vectors",
      [](OpPassManager &pm, const PipelineOptions &options) { buildVectorizePipeline(pm, options.codegen()); });
  static PassPipelineRegistration<PipelineOptions> llvm(
      "espalier-llvm-pipeline", "From loops over vectors to the llvm dialect",
      [](OpPassManager &pm, const PipelineOptions &options) { buildLLVMPipeline(pm, options.codegen()); });
}

} // namespace espalier
