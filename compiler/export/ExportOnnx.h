//===- ExportOnnx.h - A model's network as an ONNX model ---------*- C++ -*-===//
//
// Writes the network that answers one query as a standard ONNX model with a dynamic batch: docs/onnx.md has its
// interface. The model is checked by ONNX's own checker and shape inference before it is handed out.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_EXPORT_EXPORTONNX_H
#define ESPALIER_COMPILER_EXPORT_EXPORTONNX_H

#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <string>

namespace espalier {

/// The queries that have a network with one output.
enum class OnnxQuery { Classify, Denoise, Marginals };

struct OnnxOptions {
  std::optional<OnnxQuery> query; ///< default: denoise for gaussian leaves, classify for symbols
  std::optional<int64_t> level;   ///< of marginals, 0..L; default: the leaves
};

/// The bytes of the ONNX file for a module that holds its networks in the net dialect; the same bytes for the same
/// module. Fails after reporting what is wrong: options that do not fit the model, a module whose networks are lowered
/// or edited beyond what ONNX says, weights of more than 2 GiB.
mlir::FailureOr<std::string> exportOnnx(mlir::ModuleOp module, const OnnxOptions &options);

/// Whether the file at `path` is an ONNX model that exportOnnx() made.
bool isExportedOnnx(const std::string &path);

} // namespace espalier

#endif // ESPALIER_COMPILER_EXPORT_EXPORTONNX_H
