//===- Compile.cpp - The command `espalier compile` -----------------------===//

#include "compiler/driver/Compile.h"

#include "compiler/analysis/TFGModel.h"
#include "compiler/driver/CertificateReport.h"
#include "compiler/driver/Input.h"
#include "compiler/driver/Link.h"
#include "runtime/Array.h"
#include "runtime/cli/ProgressBar.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"

using namespace mlir;

namespace espalier {

/// Brings the module to the stage of the text that was asked for, or to the last that all targets share.
static LogicalResult lowerTo(Emit emit, Pipeline &pipeline, ModuleOp module) {
  using Program = Pipeline::Program;
  if (emit == Emit::TFG)
    return success();
  bool isNet = emit == Emit::Net || emit == Emit::ONNX;
  if (!isNet && failed(pipeline.writeProgram(Program::BP)))
    return failure();
  if (emit != Emit::BP && failed(pipeline.writeProgram(Program::Net)))
    return failure();
  if (emit != Emit::BP)
    printSummary(llvm::errs(), module);
  if (emit == Emit::BP || isNet)
    return success();
  if (failed(pipeline.toLinalg()))
    return failure();
  return emit == Emit::LLVM ? pipeline.toLLVM() : success();
}

static LogicalResult report(llvm::Error error) {
  if (!error)
    return success();
  llvm::errs() << "espalier: error: " << llvm::toString(std::move(error)) << "\n";
  return failure();
}

/// Writes a file, or standard output where `output` is empty; the file appears only on success.
static LogicalResult writeFile(const std::string &output, llvm::function_ref<void(llvm::raw_ostream &)> write) {
  llvm::Error error = llvm::writeToOutput(output.empty() ? "-" : output, [&](llvm::raw_ostream &stream) {
    write(stream);
    return llvm::Error::success();
  });
  if (!error)
    return success();
  llvm::errs() << output << ": error: cannot be written: "
               << StringRef(llvm::errorToErrorCode(std::move(error)).message()).lower() << "\n";
  return failure();
}

static LogicalResult writeBinary(Emit emit, Pipeline &pipeline, const std::string &output) {
  FailureOr<std::vector<ObjectFile>> objects = pipeline.toObjects();
  if (failed(objects))
    return failure();
  return report(link(*objects,
                     emit == Emit::Object   ? LinkKind::Object
                     : emit == Emit::Shared ? LinkKind::Shared
                                            : LinkKind::Executable,
                     output));
}

static LogicalResult writeOnnx(ModuleOp module, const OnnxOptions &options, const std::string &output) {
  FailureOr<std::string> bytes = exportOnnx(module, options);
  if (failed(bytes))
    return failure();
  return writeFile(output, [&](llvm::raw_ostream &stream) { stream << *bytes; });
}

/// The ending of a file that is named after its model.
static StringRef endingOf(Emit emit) {
  return emit == Emit::Object ? ".o" : emit == Emit::Shared ? ".so" : emit == Emit::ONNX ? ".onnx" : "";
}

static bool isText(Emit emit) {
  return emit != Emit::Executable && emit != Emit::Shared && emit != Emit::Object && emit != Emit::ONNX;
}

/// What a file holds.
static StringRef kindOf(Emit emit) {
  switch (emit) {
  case Emit::Executable:
    return "executable";
  case Emit::Shared:
    return "shared library";
  case Emit::Object:
    return "object file";
  case Emit::ONNX:
    return "ONNX model";
  case Emit::TFG:
    return "model as an MLIR module";
  case Emit::BP:
  case Emit::Net:
  case Emit::Linalg:
  case Emit::LLVM:
    return "MLIR module";
  }
  llvm_unreachable("all forms have a kind");
}

/// Says on stderr what was written; nothing where it went to standard output or a device.
static void reportWritten(const std::string &output, Emit emit) {
  uint64_t size = 0;
  if (output.empty() || !llvm::sys::fs::is_regular_file(output) || llvm::sys::fs::file_size(output, size))
    return;
  llvm::errs() << output << ": " << kindOf(emit) << ", " << runtime::sizeText(static_cast<double>(size)) << "\n";
}

/// The stages that a form takes, for the progress bar: those of the programs, and of each variant's code.
static int64_t stageCount(Emit emit, const std::string &targetCPU) {
  if (isText(emit) || emit == Emit::ONNX)
    return emit == Emit::LLVM ? 7 : 4;
  return 4 + (targetCPU == "portable" ? 3 : 1) * 3 + 1;
}

LogicalResult compile(const CompileOptions &options) {
  if (options.emit != Emit::ONNX && (options.onnx.query || options.onnx.level)) {
    llvm::errs() << "espalier: error: " << (options.onnx.query ? "--query" : "--level") << " expects --emit=onnx\n";
    return failure();
  }
  std::unique_ptr<MLIRContext> context = createContext();
  OwningOpRef<ModuleOp> module = loadModule(options.model, context.get());
  if (!module || failed(applyNetworkOptions(*module, options.network)))
    return failure();
  runtime::ProgressBar bar("compile");
  // Errors go below the bar's line, not into it.
  ScopedDiagnosticHandler handler(context.get(), [&](mlir::Diagnostic &) {
    bar.clear();
    return failure();
  });
  PipelineOptions pipelineOptions = options.pipeline;
  if (runtime::Progress show = bar.callback()) {
    const int64_t total = stageCount(options.emit, pipelineOptions.targetCPU);
    pipelineOptions.watch = [&bar, show, total, done = int64_t(0)](bool isRunning) mutable {
      isRunning ? show(std::min(done++, total), total) : bar.clear();
    };
  }
  pipelineOptions.netOpt = options.netOpt.value_or(options.emit == Emit::ONNX ? NetOpt::None : NetOpt::Full);
  FailureOr<Pipeline> pipeline = Pipeline::create(pipelineOptions, *module);
  if (failed(pipeline) || failed(lowerTo(options.emit, *pipeline, *module)))
    return failure();

  std::string output = options.output;
  if (!isText(options.emit) && output.empty())
    output = readModel(*findModel(*module)).name + endingOf(options.emit).str();
  LogicalResult result = isText(options.emit)
                             ? writeFile(output, [&](llvm::raw_ostream &stream) { printModule(*module, stream); })
                         : options.emit == Emit::ONNX ? writeOnnx(*module, options.onnx, output)
                                                      : writeBinary(options.emit, *pipeline, output);
  pipeline->printTiming();
  if (succeeded(result))
    reportWritten(output, options.emit);
  return result;
}

} // namespace espalier
