//===- Pipeline.h - From a model to machine code, stage by stage -*- C++ -*-===//
//
// The way of a model through the compiler as a list of stages. A module may enter at any of them: what is there already
// is not made again.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_PIPELINE_H
#define ESPALIER_COMPILER_DRIVER_PIPELINE_H

#include "compiler/codegen/Target.h"

#include "mlir/IR/BuiltinOps.h"

#include <chrono>

namespace espalier {

/// What is done to a network before it is lowered.
enum class NetOpt {
  None, ///< it runs as drawn
  Full  ///< exp and log that stand against each other are cancelled
};

struct PipelineOptions {
  std::string dtype = {}; ///< f32 or f64; empty: that of the programs that are there, f32 where there are none
  std::string targetCPU = "native";
  std::string dumpDir = {}; ///< where a numbered module is written after each stage; empty: nowhere
  bool timing = false;      ///< print to stderr how long each stage took
  NetOpt netOpt = NetOpt::Full;
};

class Pipeline {
public:
  /// Prints to stderr what is wrong with the options where it fails.
  static mlir::FailureOr<Pipeline> create(const PipelineOptions &options, mlir::ModuleOp module);

  /// Which program to write.
  enum class Program { BP, Net };

  /// tfg -> bp or net, where the module does not have that program yet; a network is then optimized.
  llvm::LogicalResult writeProgram(Program program);
  /// bp, net -> linalg on the index space.
  llvm::LogicalResult toLinalg();
  /// linalg -> the llvm dialect: schedule, vectors, LLVM.
  llvm::LogicalResult toLLVM();
  /// The object file's bytes.
  llvm::FailureOr<llvm::SmallVector<char, 0>> toObject();

  /// Prints the times of all stages so far.
  void printTiming() const;

private:
  Pipeline(const PipelineOptions &options, mlir::ModuleOp module, Target target)
      : options(options), module(module), target(std::move(target)) {}

  llvm::LogicalResult optimizeNetwork();
  llvm::LogicalResult run(llvm::StringRef stage, llvm::function_ref<void(mlir::OpPassManager &)> build);
  llvm::LogicalResult dump(llvm::StringRef stage);
  CodegenOptions codegenOptions();

  PipelineOptions options;
  mlir::ModuleOp module;
  Target target;
  int stages = 0;
  std::vector<std::pair<std::string, std::chrono::duration<double>>> times;
};

/// The element type, "f32" or "f64", of the programs that a module holds; empty where it holds none.
std::string dtypeOf(mlir::ModuleOp module);

/// Prints a module as text that reads back: small tables in full, large ones as resources.
void printModule(mlir::ModuleOp module, llvm::raw_ostream &stream);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_PIPELINE_H
