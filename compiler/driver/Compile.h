//===- Compile.h - The command `espalier compile` ----------------*- C++ -*-===//
//
// Takes a model to the form that was asked for and writes it.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_COMPILE_H
#define ESPALIER_COMPILER_DRIVER_COMPILE_H

#include "compiler/driver/NetworkOptions.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/export/ExportOnnx.h"

namespace espalier {

enum class Emit { Executable, Shared, Object, TFG, BP, Net, Linalg, LLVM, ONNX };

struct CompileOptions {
  std::string model;
  std::string output; ///< empty: text goes to stdout, the rest to a file named after the model
  Emit emit = Emit::Executable;
  NetworkOptions network;
  PipelineOptions pipeline;
  std::optional<NetOpt> netOpt; ///< default: full; none for ONNX
  OnnxOptions onnx;             ///< of ONNX only
};

/// Fails after printing to stderr what is wrong, or throws runtime::Error; the output appears only on success.
llvm::LogicalResult compile(const CompileOptions &options);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_COMPILE_H
