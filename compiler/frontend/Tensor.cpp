//===- Tensor.cpp - Arrays of numbers of a known shape --------------------===//
//
// Nested arrays that are regular but of another shape get the message about the shape as a whole; irregular ones
// get an error at each sub-array that does not fit.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Tensor.h"

#include "compiler/frontend/TensorCheck.h"
#include "runtime/Array.h"

#include <algorithm>

namespace espalier {

namespace {

constexpr int64_t maxErrorsPerNested = 4;

/// The shape of regularly nested arrays, everything that is no array being an entry; nothing where irregular.
std::optional<std::vector<int64_t>> regularShape(const toml::node &node) {
  const toml::array *array = node.as_array();
  if (!array)
    return std::vector<int64_t>();
  std::vector<int64_t> shape = {static_cast<int64_t>(array->size())};
  for (size_t i = 0; i < array->size(); ++i) {
    auto inner = regularShape((*array)[i]);
    if (!inner)
      return std::nullopt;
    if (i == 0)
      shape.insert(shape.end(), inner->begin(), inner->end());
    else if (!std::equal(shape.begin() + 1, shape.end(), inner->begin(), inner->end()))
      return std::nullopt;
  }
  return shape;
}

std::string indexText(const std::vector<int64_t> &index) {
  std::string text;
  for (int64_t i : index)
    text += (text.empty() ? "" : ", ") + std::to_string(i);
  return index.empty() ? "" : " at [" + text + "]";
}

/// Walks nested arrays that are not regular and reports every place that does not fit.
class IrregularArrays {
public:
  IrregularArrays(Reader &reader, const TensorSpec &spec) : spec(spec), errors(reader, maxErrorsPerNested) {}

  void report(const toml::node &node) {
    visit(node);
    errors.finish();
  }

private:
  void visit(const toml::node &node) {
    size_t depth = index.size();
    const toml::array *array = node.as_array();
    if (depth == spec.axes.size()) {
      if (array)
        errors.add(placeOf(node), spec.what + " expects a number, got an array" + indexText(index));
      return;
    }
    const Axis &axis = spec.axes[depth];
    if (!array) {
      errors.add(placeOf(node),
                 spec.what + " expects an array of " + axis.name + ", got " + describeType(node) + indexText(index));
      return;
    }
    auto size = static_cast<int64_t>(array->size());
    if (size != expectedSize(depth, size)) {
      Diagnostic *error = errors.add(placeOf(node), spec.what + " expects " + std::to_string(sizes[depth]) + " " +
                                                        axis.name + ", got " + std::to_string(size) + indexText(index));
      if (error && axis.explain)
        axis.explain(*error);
      return;
    }
    for (int64_t i = 0; i < size; ++i) {
      index.push_back(i);
      visit((*array)[i]);
      index.pop_back();
    }
  }

  /// An axis of free size takes that of the first array along it.
  int64_t expectedSize(size_t depth, int64_t size) {
    if (sizes.size() <= depth)
      sizes.resize(depth + 1, -1);
    if (sizes[depth] < 0)
      sizes[depth] = spec.axes[depth].size < 0 ? size : spec.axes[depth].size;
    return sizes[depth];
  }

  const TensorSpec &spec;
  ErrorGroup errors;
  std::vector<int64_t> index;
  std::vector<int64_t> sizes;
};

/// The entries of regular arrays in row-major order, and the innermost arrays, which are their rows.
struct FlatArrays {
  std::vector<const toml::node *> entries;
  std::vector<const toml::node *> rows;

  explicit FlatArrays(const toml::node &node) { visit(node); }

private:
  void visit(const toml::node &node) {
    const toml::array *array = node.as_array();
    if (!array) {
      entries.push_back(&node);
      return;
    }
    if (!array->get(0)->is_array())
      rows.push_back(&node);
    for (const toml::node &element : *array)
      visit(element);
  }
};

/// Reads every entry as a number; reports those that are something else.
std::optional<Tensor> readEntries(Reader &reader, const std::vector<const toml::node *> &nodes, const TensorSpec &spec,
                                  std::vector<int64_t> shape) {
  Tensor tensor{std::move(shape), {}};
  tensor.entries.reserve(nodes.size());
  ErrorGroup errors(reader, maxErrorsPerNested);
  for (const toml::node *node : nodes) {
    if (!node->is_number()) {
      auto offset = static_cast<int64_t>(tensor.entries.size());
      errors.add(placeOf(*node), spec.what + " expects a number, got " + describeType(*node) + " at " +
                                     runtime::indexText(tensor.shape, offset));
    }
    auto integer = node->value_exact<int64_t>();
    tensor.entries.push_back(integer ? static_cast<double>(*integer) : node->value_exact<double>().value_or(0));
  }
  if (!errors.finish())
    return std::nullopt;
  return tensor;
}

} // namespace

std::optional<Tensor> readNested(Reader &reader, const toml::node &node, const TensorSpec &anyRank) {
  const toml::array *array = reader.array(node, anyRank.what);
  if (!array)
    return std::nullopt;
  TensorSpec spec = forRank(anyRank, !array->empty() && array->get(0)->is_array() ? 2 : 1);
  auto shape = regularShape(node);
  if (!shape) {
    IrregularArrays(reader, spec).report(node);
    return std::nullopt;
  }
  if (!checkShape(reader, placeOf(node), spec, *shape))
    return std::nullopt;
  FlatArrays flat(node);
  auto tensor = readEntries(reader, flat.entries, spec, *shape);
  auto placeAt = [&](int64_t offset, bool isRow) {
    return placeOf(isRow ? *flat.rows[offset / shape->back()] : *flat.entries[offset]);
  };
  if (!tensor || !checkEntries(reader, spec, *tensor, placeAt, maxErrorsPerNested))
    return std::nullopt;
  return tensor;
}

std::optional<Tensor> readNestedOrNpy(Reader &reader, const toml::node &node, const TensorSpec &spec) {
  static constexpr std::string_view keys[] = {"npy"};
  const toml::table *table = node.as_table();
  if (!table)
    return readNested(reader, node, spec);
  reader.checkKeys(*table, spec.what, keys);
  if (const toml::node *npy = table->get("npy"))
    return readNpyFile(reader, *npy, spec);
  reader.error(placeOf(*table), spec.what + " expects the key 'npy' in its table, got none");
  return std::nullopt;
}

} // namespace espalier
