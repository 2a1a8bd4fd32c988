//===- Pipeline.cpp - From a model to machine code, stage by stage --------===//

#include "compiler/driver/Pipeline.h"

#include "compiler/analysis/TFGModel.h"
#include "compiler/codegen/Passes.h"
#include "compiler/conversion/Passes.h"
#include "compiler/conversion/support/Programs.h"
#include "compiler/driver/OutputStream.h"
#include "compiler/optimization/Passes.h"
#include "dialects/net/NetOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"

#include <limits>

using namespace mlir;

namespace espalier {

std::string dtypeOf(ModuleOp module) {
  for (Operation &op : module.getOps()) {
    Type type;
    if (auto function = dyn_cast<func::FuncOp>(op); function && function.getNumResults() > 0)
      type = getElementTypeOrSelf(function.getResultTypes().front());
    else if (auto facts = op.getAttrOfType<DictionaryAttr>(kKernelAttr); facts && facts.getAs<TypeAttr>("dtype"))
      type = facts.getAs<TypeAttr>("dtype").getValue();
    if (type)
      return type.isF64() ? "f64" : "f32";
  }
  return "";
}

FailureOr<Pipeline> Pipeline::create(const PipelineOptions &options, ModuleOp module) {
  llvm::Expected<std::vector<Target>> targets = createTargets(options.targetCPU);
  if (!targets) {
    llvm::errs() << "espalier: error: " << llvm::toString(targets.takeError()) << "\n";
    return failure();
  }
  PipelineOptions resolved = options;
  std::string present = dtypeOf(module);
  if (resolved.dtype.empty())
    resolved.dtype = present.empty() ? "f32" : present;
  if (!present.empty() && present != resolved.dtype) {
    llvm::errs() << "espalier: error: --dtype expects " << present << ", the type of the programs in the module, got "
                 << resolved.dtype << "\n";
    return failure();
  }
  return Pipeline(resolved, module, std::move(*targets));
}

void Pipeline::dump(ModuleOp code, StringRef stage) {
  if (options.dumpDir.empty())
    return;
  if (std::error_code error = llvm::sys::fs::create_directories(options.dumpDir))
    throw runtime::Error(options.dumpDir, "cannot be made: " + runtime::systemReason(error.value()));
  SmallString<128> path(options.dumpDir);
  std::string number = (stages < 10 ? "0" : "") + std::to_string(stages);
  llvm::sys::path::append(path, number + "-" + stage.str() + ".mlir");
  runtime::OutputFile file(path.str().str());
  for (const std::string &input : options.inputs)
    file.expectOther(input, "the input");
  if (!options.output.empty())
    file.expectOther(options.output, "the output");
  OutputStream stream(file);
  printModule(code, stream);
  stream.finish();
  file.commit();
}

template <typename Stage> auto Pipeline::watched(StringRef name, Stage stage) {
  if (options.watch)
    options.watch(true);
  auto start = std::chrono::steady_clock::now();
  auto result = stage();
  times.emplace_back(name.str(), std::chrono::steady_clock::now() - start);
  if (options.watch)
    options.watch(false);
  return result;
}

LogicalResult Pipeline::run(ModuleOp code, StringRef stage, llvm::function_ref<void(OpPassManager &)> build) {
  if (stages == 0)
    dump(code, "input");
  ++stages;
  PassManager passes(code->getName());
  if (failed(applyPassManagerCLOptions(passes)))
    return failure();
  applyDefaultTimingPassManagerCLOptions(passes);
  build(passes);
  LogicalResult result = watched(stage, [&] { return passes.run(code); });
  if (succeeded(result))
    dump(code, stage);
  return result;
}

/// Whether the module holds functions called `prefix`... in whatever dialect.
static bool holds(ModuleOp module, StringRef prefix) {
  return llvm::any_of(module.getOps<SymbolOpInterface>(), [&](SymbolOpInterface symbol) {
    return isa<FunctionOpInterface>(*symbol) && symbol.getName().starts_with(prefix);
  });
}

LogicalResult Pipeline::writeProgram(Program program) {
  bool isBP = program == Program::BP;
  bool lowered = !module.getOps<LLVM::LLVMFuncOp>().empty();
  bool present = lowered || holds(module, isBP ? "bp_" : "net_");
  if (!present && failed(run(module, isBP ? "bp" : "net", [&](OpPassManager &passes) {
        if (isBP)
          passes.addPass(createConvertTFGToBP({.dtype = options.dtype}));
        else
          passes.addPass(createConvertTFGToNet({.dtype = options.dtype}));
      })))
    return failure();
  return isBP ? success() : optimizeNetwork();
}

LogicalResult Pipeline::optimizeNetwork() {
  bool isNetwork = llvm::any_of(module.getOps<func::FuncOp>(), [](func::FuncOp function) {
    return !function.isExternal() &&
           llvm::any_of(function.getOps(), [](Operation &op) { return isa<net::NetDialect>(op.getDialect()); });
  });
  if (options.netOpt == NetOpt::None || !isNetwork)
    return success();
  return run(module, "net-opt", [](OpPassManager &passes) {
    passes.addNestedPass<func::FuncOp>(createNetCancelLogs());
    passes.addNestedPass<func::FuncOp>(createNetFoldPiecewise());
  });
}

LogicalResult Pipeline::toLinalg() {
  return run(module, "linalg", [](OpPassManager &passes) {
    passes.addPass(createConvertBPToLinalg());
    passes.addPass(createConvertNetToLinalg());
  });
}

/// Past this, only the narrowest tile keeps a thread's memory within bounds.
static constexpr int64_t kTileBytes = 256 << 20;

CodegenOptions Pipeline::codegenOptions(const Target &target) {
  CodegenOptions result;
  int64_t bytes = options.dtype == "f64" ? 8 : 4;
  // Register blocks: 16 accumulators of 32 registers with AVX-512, 12 of 16 where a multiply-add needs none beside its
  // operands, else 8.
  bool wide = target.vectorBytes() == 64;
  result.hasFma = target.has("fma");
  result.lanes = target.vectorBytes() / bytes;
  result.vectorBits = 8 * target.vectorBytes();
  result.rows = wide ? 8 : 4;
  result.columns = !wide && result.hasFma ? 3 : 2;
  result.permuteBits = target.vectorBytes() >= 32 ? 8 * target.vectorBytes() : 0;
  Model model = readModel(*findModel(module));
  int64_t width = model.nodes(model.depth()) * model.states(model.depth());
  // A tile's evidence and answers lie in memory as a whole.
  result.tile = result.lanes * (result.columns * result.lanes * width * bytes <= kTileBytes ? result.columns : 1);
  // The state S_L stands for a missing symbol. The runtime brings bytes in by eight samples.
  constexpr int64_t kBytesTogether = 8;
  if (model.leafStates() <= std::numeric_limits<int8_t>::max() && result.tile >= kBytesTogether)
    result.symbolBits = 8;
  // What the walk up keeps for the walk down stays nearer where it is less. With 8 states, blocks of half the width
  // cost more than that gains (measured); with more they keep their eight accumulators.
  constexpr int64_t kEnoughStates = 16;
  bool manyStates = llvm::all_of(llvm::seq_inclusive<int64_t>(0, model.depth()),
                                 [&](int64_t l) { return model.states(l) >= kEnoughStates; });
  if (result.tile > result.lanes && manyStates && result.rows * (result.columns - 1) >= 8)
    result.downTile = result.tile - result.lanes;
  if (result.tile > result.lanes)
    result.positions = choosePositions(model, result.lanes, result.tile);
  return result;
}

LogicalResult Pipeline::lower(ModuleOp code, const Target &target) {
  if (code.getOps<func::FuncOp>().empty())
    return success();
  CodegenOptions codegen = codegenOptions(target);
  std::string variant = targets.size() == 1 ? "" : "-" + target.cpu;
  if (failed(
          run(code, "scheduled" + variant, [&](OpPassManager &passes) { buildSchedulePipeline(passes, codegen); })) ||
      failed(run(code, "vectors" + variant, [&](OpPassManager &passes) { buildVectorizePipeline(passes, codegen); })))
    return failure();
  return run(code, "llvm" + variant, [&](OpPassManager &passes) { buildLLVMPipeline(passes, codegen); });
}

LogicalResult Pipeline::toLLVM() {
  if (targets.size() == 1)
    return lower(module, targets.front());
  llvm::errs() << "espalier: error: --emit=llvm writes the code for one processor: expects one as --target-cpu, got "
               << options.targetCPU << "\n";
  return failure();
}

FailureOr<std::vector<ObjectFile>> Pipeline::toObjects() {
  if (targets.size() > 1 && !module.getOps<LLVM::LLVMFuncOp>().empty()) {
    llvm::errs()
        << "espalier: error: the module's vectors are those of one processor: expects one as --target-cpu, got "
        << options.targetCPU << "\n";
    return failure();
  }
  SmallVector<OwningOpRef<ModuleOp>> copies;
  SmallVector<Variant> variants;
  for (const Target &target : targets) {
    bool isLast = &target == &targets.back();
    variants.push_back({isLast ? module : *copies.emplace_back(cast<ModuleOp>(module->clone())), target});
    if (failed(lower(variants.back().module, target)))
      return failure();
  }
  return watched("object", [&] { return emitObjects(variants); });
}

void Pipeline::printTiming() const {
  if (!options.timing)
    return;
  std::chrono::duration<double> total{};
  for (const auto &[stage, time] : times) {
    llvm::errs() << llvm::format("%8.3f s  %s\n", time.count(), stage.c_str());
    total += time;
  }
  llvm::errs() << llvm::format("%8.3f s  total\n", total.count());
}

void printModule(ModuleOp module, llvm::raw_ostream &stream) {
  OpPrintingFlags flags;
  flags.printLargeElementsAttrWithHex(-1);
  module->print(stream, flags);
  stream << "\n";
}

} // namespace espalier
