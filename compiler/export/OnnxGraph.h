//===- OnnxGraph.h - An ONNX graph under construction ------------*- C++ -*-===//
//
// Adds operators, constants, inputs and outputs to an ONNX graph. A value of the graph is known by its name. Constants
// are doubles here and are rounded to the type that the graph asks for.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_EXPORT_ONNXGRAPH_H
#define ESPALIER_COMPILER_EXPORT_ONNXGRAPH_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <onnx/onnx_pb.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace espalier {

/// A protobuf message, and with it an ONNX file, has at most 2 GiB. What the graph holds beside constants is small.
inline constexpr int64_t kMostOnnxBytes = (int64_t{1} << 31) - (int64_t{1} << 24);

class OnnxGraph {
public:
  using Type = onnx::TensorProto_DataType;
  struct Attribute {
    std::string name;
    std::variant<int64_t, std::vector<int64_t>> value;
  };

  /// Constants beyond `mostBytes` are counted and not kept: see constantBytes().
  explicit OnnxGraph(const std::string &name, int64_t mostBytes = kMostOnnxBytes);

  /// Nodes and values that follow are named after `scope` until the next call.
  void enter(llvm::StringRef scope);

  /// Adds a node with one result and returns its name.
  std::string add(llvm::StringRef operation, llvm::ArrayRef<std::string> inputs,
                  llvm::ArrayRef<Attribute> attributes = {});

  /// A tensor of `type` (float or double); a scalar for the empty shape.
  std::string reals(Type type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values);
  std::string real(Type type, double value) { return reals(type, {}, value); }
  /// A tensor of int64.
  std::string integers(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values);

  /// `shape` has one extent per axis of the result; 0 keeps that of `x` on the same axis, which is how the batch
  /// passes.
  std::string reshape(const std::string &x, llvm::ArrayRef<int64_t> shape);
  std::string transpose(const std::string &x, llvm::ArrayRef<int64_t> permutation);
  std::string cast(const std::string &x, Type type);
  /// ReduceSum, ReduceMax or ReduceProd over one axis, which stays with extent 1.
  std::string reduce(llvm::StringRef operation, const std::string &x, int64_t axis);

  /// Declares an input. Negative extents are the batch.
  void input(const std::string &name, Type type, llvm::ArrayRef<int64_t> shape);
  /// Declares the result of the last node as the graph's output `name`.
  void output(const std::string &name, Type type, llvm::ArrayRef<int64_t> shape);

  /// Size of all constants that were asked for.
  int64_t constantBytes() const { return bytes; }
  bool fits() const { return bytes <= mostBytes; }

  onnx::GraphProto take() { return std::move(graph); }

private:
  /// The initializer with these entries; one for all small ones that are equal.
  std::string constant(Type type, llvm::ArrayRef<int64_t> shape, std::string entries);
  std::string unique(llvm::StringRef what);

  onnx::GraphProto graph;
  int64_t mostBytes, bytes = 0;
  std::string scope;
  std::map<std::string, int> used;           ///< how often a name was asked for
  std::map<std::string, std::string> shared; ///< small constants by type, shape and entries
};

} // namespace espalier

#endif // ESPALIER_COMPILER_EXPORT_ONNXGRAPH_H
