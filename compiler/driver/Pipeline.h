//===- Pipeline.h - From a model to machine code, stage by stage -*- C++ -*-===//
//
// The way of a model through the compiler as a list of stages. A module may enter at any of them: what is there already
// is not made again.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_PIPELINE_H
#define ESPALIER_COMPILER_DRIVER_PIPELINE_H

#include "compiler/codegen/EmitObject.h"

#include "mlir/IR/BuiltinOps.h"

#include <chrono>
#include <functional>

namespace espalier {

/// What is done to a network before it is lowered.
enum class NetOpt {
  None, ///< it runs as drawn
  Full  ///< exp and log that stand against each other are cancelled, hidden units become functions of one variable
};

struct PipelineOptions {
  std::string dtype = {}; ///< f32 or f64; empty: that of the programs that are there, f32 where there are none
  std::string targetCPU = "native";     ///< what createTargets() takes
  std::string dumpDir = {};             ///< where a numbered module is written after each stage; empty: nowhere
  std::vector<std::string> inputs = {}; ///< files that were read; these and the output are never dumped over
  std::string output = {};              ///< empty: there is no such file
  bool timing = false;                  ///< print to stderr how long each stage took
  NetOpt netOpt = NetOpt::Full;
  std::function<void(bool isRunning)> watch = {}; ///< called before and behind each stage
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
  /// linalg -> the llvm dialect for the one target there is: schedule, vectors, LLVM.
  llvm::LogicalResult toLLVM();
  /// linalg or the llvm dialect -> object files to be linked together, with one variant for each target. Takes the
  /// programs out of the module.
  llvm::FailureOr<std::vector<ObjectFile>> toObjects();

  /// Prints the times of all stages so far.
  void printTiming() const;

private:
  Pipeline(const PipelineOptions &options, mlir::ModuleOp module, std::vector<Target> targets)
      : options(options), module(module), targets(std::move(targets)) {}

  llvm::LogicalResult optimizeNetwork();
  llvm::LogicalResult run(mlir::ModuleOp code, llvm::StringRef stage,
                          llvm::function_ref<void(mlir::OpPassManager &)> build);
  /// Calls `stage` and keeps its time.
  template <typename Stage> auto watched(llvm::StringRef name, Stage stage);
  void dump(mlir::ModuleOp code, llvm::StringRef stage);
  CodegenOptions codegenOptions(const Target &target);
  llvm::LogicalResult lower(mlir::ModuleOp code, const Target &target);

  PipelineOptions options;
  mlir::ModuleOp module;
  std::vector<Target> targets; ///< best first
  int stages = 0;
  std::vector<std::pair<std::string, std::chrono::duration<double>>> times;
};

/// The element type, "f32" or "f64", of the programs that a module holds; empty where it holds none.
std::string dtypeOf(mlir::ModuleOp module);

/// Prints a module as text that reads back: small tables in full, large ones as resources.
void printModule(mlir::ModuleOp module, llvm::raw_ostream &stream);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_PIPELINE_H
