//===- OnnxModel.h - The frame of an ONNX model ------------------*- C++ -*-===//
//
// What stands around the graph of an exported network: versions, producer, a description of the model for people and
// for programs.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_EXPORT_ONNXMODEL_H
#define ESPALIER_COMPILER_EXPORT_ONNXMODEL_H

#include "compiler/analysis/Model.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

#include <onnx/onnx_pb.h>

namespace espalier {

/// A graph in its frame: opset 17, IR version 8. Metadata are plain text, or JSON where they are lists.
onnx::ModelProto frameOnnxModel(onnx::GraphProto graph, const Model &model, mlir::func::FuncOp network,
                                const std::string &query, std::optional<int64_t> level);

/// The model's bytes, once ONNX's checker and its strict shape inference have accepted it.
llvm::Expected<std::string> serializeOnnxModel(onnx::ModelProto model);

} // namespace espalier

#endif // ESPALIER_COMPILER_EXPORT_ONNXMODEL_H
