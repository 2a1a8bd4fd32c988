//===- Array.cpp - A dense array of numbers -------------------------*- C++ -*-===//
//
// Shapes, their texts, and conversion between element types.
//
//===----------------------------------------------------------------------===//

#include "runtime/Array.h"

#include "runtime/Memory.h"

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
      throw OutOfMemory("an array of shape " + shapeText(shape) + " takes more than a process can address");
    count *= extent;
  }
  return count;
}

AlignedBytes Array::allocate() const {
  // Systems promise more memory than they have; small arrays are not worth the question.
  constexpr uint64_t large = uint64_t{1} << 28;
  auto size = static_cast<uint64_t>(count) * elementSize(elementType);
  auto refused = [&] { return OutOfMemory("an array of shape " + shapeText(extents), size); };
  if (size >= large && size > memoryAtHand())
    throw refused();
  try {
    return AlignedBytes(size);
  } catch (const std::bad_alloc &) {
    throw refused();
  }
}

std::string runtime::shapeText(const std::vector<int64_t> &shape) {
  if (shape.empty())
    return "a single value";
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

std::string runtime::typeName(ElementType type) {
  return (isFloat(type) ? "float" : "int") + std::to_string(8 * elementSize(type));
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
