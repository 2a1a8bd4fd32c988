//===- TensorCheck.cpp - Shapes and entries, held against a spec ----------===//
//
// A shape is reported as a whole, "expects shape 4x8x8 (ranks x parent states x child states), got 4x8x16", with a
// note for every axis that differs.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/TensorCheck.h"

#include "runtime/Array.h"

#include <cmath>

namespace espalier {

namespace {

bool fits(const Axis &axis, int64_t size) {
  return axis.size < 0 ? size >= 1 && size <= maxFreeSize : size == axis.size;
}

std::string expectedShape(const TensorSpec &spec) {
  std::string sizes, names;
  for (const Axis &axis : spec.axes) {
    sizes += (sizes.empty() ? "" : "x") + (axis.size < 0 ? "p" : std::to_string(axis.size));
    std::string sizesAllowed = axis.size < 0 ? "1 to " + std::to_string(maxFreeSize) + " " : "";
    names += (names.empty() ? "" : " x ") + sizesAllowed + axis.name;
  }
  return sizes + " (" + names + ")";
}

/// "[1, 3]": the index of the row that begins at `offset`.
std::string rowIndex(const Tensor &tensor, int64_t offset) {
  std::vector<int64_t> shape(tensor.shape.begin(), tensor.shape.end() - 1);
  return runtime::indexText(shape, offset / tensor.shape.back());
}

/// What one row of weights as a whole should be and is not, or nothing.
std::string rowFault(const double *row, int64_t size) {
  double sum = 0;
  for (int64_t i = 0; i < size; ++i)
    sum += row[i];
  if (sum == 0)
    return "at least one weight > 0, got only zeros";
  return std::isinf(sum) ? "weights of finite sum, got an infinite one" : "";
}

} // namespace

Diagnostic *ErrorGroup::add(Place place, const std::string &message) {
  if (++count <= limit)
    last = &reader.error(place, message);
  return count <= limit ? last : nullptr;
}

bool ErrorGroup::finish() {
  if (int64_t hidden = count - limit; hidden > 0)
    last->notes.push_back(
        {std::to_string(hidden) + (hidden == 1 ? " more error" : " more errors") + " of the same value not shown",
         std::nullopt});
  return count == 0;
}

TensorSpec forRank(TensorSpec spec, size_t rank) {
  if (spec.lastAxisOptional && rank < spec.axes.size())
    spec.axes.pop_back();
  return spec;
}

bool checkShape(Reader &reader, Place place, const TensorSpec &spec, const std::vector<int64_t> &shape) {
  bool sameRank = shape.size() == spec.axes.size();
  bool same = sameRank;
  for (size_t axis = 0; same && axis < shape.size(); ++axis)
    same = fits(spec.axes[axis], shape[axis]);
  if (same)
    return true;
  Diagnostic &error =
      reader.error(place, spec.what + " expects shape " + expectedShape(spec) + ", got " + runtime::shapeText(shape));
  if (!sameRank && spec.explainAxes)
    spec.explainAxes(error);
  for (size_t axis = 0; sameRank && axis < shape.size(); ++axis)
    if (!fits(spec.axes[axis], shape[axis]) && spec.axes[axis].explain)
      spec.axes[axis].explain(error);
  return false;
}

bool checkEntries(Reader &reader, const TensorSpec &spec, const Tensor &tensor,
                  const std::function<Place(int64_t offset, bool isRow)> &placeAt, int64_t limit) {
  ErrorGroup errors(reader, limit);
  std::string expected = spec.weights ? " expects finite weights >= 0, got " : " expects finite numbers, got ";
  int64_t columns = tensor.shape.back();
  auto size = static_cast<int64_t>(tensor.entries.size());
  for (int64_t row = 0; row < size; row += columns) {
    bool valid = true;
    for (int64_t i = row; i < row + columns; ++i) {
      double entry = tensor.entries[i];
      if (std::isfinite(entry) && (entry >= 0 || !spec.weights))
        continue;
      valid = false;
      errors.add(placeAt(i, false),
                 spec.what + expected + formatNumber(entry) + " at " + runtime::indexText(tensor.shape, i));
    }
    std::string fault = valid && spec.weights ? rowFault(&tensor.entries[row], columns) : "";
    std::string where = tensor.shape.size() > 1 ? " in row " + rowIndex(tensor, row) : "";
    if (!fault.empty())
      errors.add(placeAt(row, true), spec.what + " expects " + fault + where);
  }
  return errors.finish();
}

} // namespace espalier
