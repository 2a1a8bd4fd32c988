//===- Array.cpp - A dense array of numbers -------------------------*- C++ -*-===//
//
// Shapes, their texts, and conversion between element types.
//
//===----------------------------------------------------------------------===//

#include "runtime/Array.h"

#include <algorithm>
#include <limits>

using namespace espalier;
using namespace espalier::runtime;

int64_t runtime::elementCount(const std::vector<int64_t> &shape) {
  // The largest count whose bytes still fit a signed 64-bit size, whatever the element type.
  constexpr int64_t limit = std::numeric_limits<int64_t>::max() / 16;
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (extent < 0 || (extent > 0 && count > limit / extent))
      throw std::bad_array_new_length();
    count *= extent;
  }
  return count;
}

std::string runtime::shapeText(const std::vector<int64_t> &shape) {
  if (shape.empty())
    return "a single value";
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

std::string runtime::indexText(const std::vector<int64_t> &shape, int64_t offset) {
  std::string text;
  for (size_t axis = shape.size(); axis-- > 0; offset /= shape[axis])
    text = std::to_string(offset % shape[axis]) + (text.empty() ? "" : ", ") + text;
  return "[" + text + "]";
}

Array runtime::convert(const Array &array, ElementType type) {
  if (array.type() == type)
    return array;
  Array result(type, array.shape());
  visitType(array.type(), [&](auto from) {
    using From = decltype(from);
    visitType(type, [&](auto to) {
      using To = decltype(to);
      std::transform(array.data<From>(), array.data<From>() + array.size(), result.data<To>(),
                     [](From value) { return static_cast<To>(value); });
    });
  });
  return result;
}
