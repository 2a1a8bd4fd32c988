//===- Compile.cpp - The command `espalier compile` -----------------------===//

#include "compiler/driver/Compile.h"

#include "compiler/analysis/TFGModel.h"
#include "compiler/driver/CertificateReport.h"
#include "compiler/driver/Input.h"
#include "compiler/driver/Link.h"
#include "compiler/driver/OutputStream.h"
#include "compiler/driver/OwnOutput.h"
#include "compiler/frontend/ModelFile.h"
#include "runtime/Memory.h"
#include "runtime/cli/ProgressBar.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_os_ostream.h"

#include <cerrno>
#include <iostream>

#include <unistd.h>

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

/// Prints to standard output where there is no file.
static void writeText(ModuleOp module, runtime::OutputFile *output) {
  if (!output) {
    llvm::raw_os_ostream stream(std::cout);
    return printModule(module, stream);
  }
  OutputStream stream(*output);
  printModule(module, stream);
  stream.finish();
  output->commit();
}

static LogicalResult writeBinary(Emit emit, Pipeline &pipeline, runtime::OutputFile &output) {
  FailureOr<std::vector<ObjectFile>> objects = pipeline.toObjects();
  if (failed(objects))
    return failure();
  link(*objects,
       emit == Emit::Object   ? LinkKind::Object
       : emit == Emit::Shared ? LinkKind::Shared
                              : LinkKind::Executable,
       output);
  return success();
}

static LogicalResult writeOnnx(ModuleOp module, const OnnxOptions &options, runtime::OutputFile &output) {
  FailureOr<std::string> bytes = exportOnnx(module, options);
  if (failed(bytes))
    return failure();
  output.write(bytes->data(), bytes->size());
  output.commit();
  return success();
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
static void reportWritten(const runtime::OutputFile *output, Emit emit) {
  uint64_t size = 0;
  if (!output || output->isDirect() || llvm::sys::fs::file_size(output->name(), size))
    return;
  llvm::errs() << output->name() << ": " << kindOf(emit) << ", " << runtime::bytesText(size) << "\n";
}

/// The stages that a form takes, for the progress bar: those of the programs, and of each variant's code.
static int64_t stageCount(Emit emit, const std::string &targetCPU) {
  if (isText(emit) || emit == Emit::ONNX)
    return emit == Emit::LLVM ? 7 : 4;
  return 4 + (targetCPU == "portable" ? 3 : 1) * 3 + 1;
}

static void expectNoInput(const runtime::OutputFile &output, ArrayRef<std::string> inputs) {
  for (const std::string &input : inputs)
    output.expectOther(input, "the input");
}

/// The output that is named after its model. Throws where that is no name of a file, or that of a file which is not an
/// earlier output of the same form: nobody asked for that one to be replaced.
static std::unique_ptr<runtime::OutputFile> planNamedAfter(ModuleOp module, Emit emit, ArrayRef<std::string> inputs) {
  std::string name = (*findModel(module)).getSymName().str();
  if (!canNameFile(name))
    throw runtime::Error("the model's name expects to be one of a file where -o gives none, got '" + name + "'");
  std::string path = name + endingOf(emit).str();
  auto output = std::make_unique<runtime::OutputFile>(path);
  expectNoInput(*output, inputs);
  if (output->exists() && (output->isDirect() || !isOwnOutput(path, emit)))
    throw runtime::Error(path, "stands there already and is not an earlier output (-o FILE names the output)");
  return output;
}

/// The output that the user named, looked at before the model is read; null where there is none.
static std::unique_ptr<runtime::OutputFile> planGiven(const CompileOptions &options) {
  if (options.output.empty())
    return nullptr;
  auto output = std::make_unique<runtime::OutputFile>(options.output == "-" ? "/dev/stdout" : options.output);
  output->expectOther(options.model, "the input");
  return output;
}

/// Throws where there is no folder for dumps and none can be made, before the model is read.
static void checkDumpDir(const std::string &folder) {
  if (folder.empty())
    return;
  SmallString<128> path(folder);
  while (!path.empty() && !llvm::sys::fs::exists(path))
    llvm::sys::path::remove_filename(path);
  if (path.empty())
    path = ".";
  if (!llvm::sys::fs::is_directory(path))
    throw runtime::Error(folder, "cannot be made: not a directory: " + path.str().str());
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    throw runtime::Error(folder, "cannot be written to: " + runtime::systemReason(errno));
}

static LogicalResult write(const CompileOptions &options, Pipeline &pipeline, ModuleOp module,
                           runtime::OutputFile *output) {
  if (isText(options.emit)) {
    writeText(module, output);
    return success();
  }
  if (options.emit == Emit::ONNX)
    return writeOnnx(module, options.onnx, *output);
  return writeBinary(options.emit, pipeline, *output);
}

LogicalResult compile(const CompileOptions &options) {
  if (options.emit != Emit::ONNX && (options.onnx.query || options.onnx.level)) {
    llvm::errs() << "espalier: error: " << (options.onnx.query ? "--query" : "--level") << " expects --emit=onnx\n";
    return failure();
  }
  std::unique_ptr<runtime::OutputFile> output = planGiven(options);
  checkDumpDir(options.pipeline.dumpDir);
  std::unique_ptr<MLIRContext> context = createContext();
  PipelineOptions pipelineOptions = options.pipeline;
  OwningOpRef<ModuleOp> module = loadModule(options.model, context.get(), pipelineOptions.inputs);
  if (!module || failed(applyNetworkOptions(*module, options.network)))
    return failure();
  if (!isText(options.emit) && !output)
    output = planNamedAfter(*module, options.emit, pipelineOptions.inputs);
  else if (output)
    expectNoInput(*output, pipelineOptions.inputs);
  runtime::ProgressBar bar("compile");
  // Errors go below the bar's line, not into it.
  ScopedDiagnosticHandler handler(context.get(), [&](mlir::Diagnostic &) {
    bar.clear();
    return failure();
  });
  pipelineOptions.output = options.output;
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
  LogicalResult result = write(options, *pipeline, *module, output.get());
  pipeline->printTiming();
  if (succeeded(result))
    reportWritten(output.get(), options.emit);
  return result;
}

} // namespace espalier
