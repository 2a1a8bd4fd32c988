//===- Tensor.h - Arrays of numbers of a known shape --------------*- C++ -*-===//
//
// Kernels, priors and values of e stand in a model file as nested arrays or beside it in an .npy file. Both are
// read here into row-major doubles, held against the expected shape, and checked entry by entry.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_TENSOR_H
#define ESPALIER_COMPILER_FRONTEND_TENSOR_H

#include "compiler/frontend/Reader.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace espalier {

struct Axis {
  std::string name;  ///< what its entries are, in the plural: "child states"
  int64_t size = -1; ///< -1: any size from 1 to maxFreeSize
  /// Adds the note that says where the size comes from; may be empty.
  std::function<void(Diagnostic &)> explain;
};

struct TensorSpec {
  std::string what; ///< the subject of messages: "kernel of level 2"
  std::vector<Axis> axes;
  /// Whether entries are weights: >= 0, and along the last axis neither all zero nor of infinite sum.
  bool weights = true;
  /// Whether the last axis may be missing.
  bool lastAxisOptional = false;
  /// Adds notes to an error about the number of axes; may be empty.
  std::function<void(Diagnostic &)> explainAxes;
};

struct Tensor {
  std::vector<int64_t> shape;
  std::vector<double> entries; ///< row-major
};

/// The largest size of an axis whose size is free.
constexpr int64_t maxFreeSize = 4096;

/// Reads nested arrays. Errors point to the sub-array or the entry at fault; after a few the rest is only counted.
std::optional<Tensor> readNested(Reader &reader, const toml::node &node, const TensorSpec &spec);

/// Reads the float32 or float64 array of the .npy file that the string `node` names, relative to the model file.
/// Errors point to the string and give the index of the entry.
std::optional<Tensor> readNpyFile(Reader &reader, const toml::node &node, const TensorSpec &spec);

/// Reads nested arrays, or { npy = "file" }.
std::optional<Tensor> readNestedOrNpy(Reader &reader, const toml::node &node, const TensorSpec &spec);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_TENSOR_H
