//===- Array.cpp - A dense array of numbers -------------------------*- C++ -*-===//
//
// Shapes, their texts, and conversion between element types.
//
//===----------------------------------------------------------------------===//

#include "runtime/Array.h"

#include "runtime/Error.h"

#include <algorithm>
#include <iomanip>
#include <iterator>
#include <limits>
#include <sstream>
#include <stdexcept>

using namespace espalier;
using namespace espalier::runtime;

std::string runtime::sizeText(double bytes) {
  const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB", "ZB"};
  size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < std::size(units); bytes /= 1000)
    ++unit;
  std::ostringstream text;
  text << std::setprecision(3) << bytes << " " << units[unit];
  return text.str();
}

namespace {

[[noreturn]] void failAllocation(ElementType type, const std::vector<int64_t> &shape) {
  double bytes = static_cast<double>(elementSize(type));
  for (int64_t extent : shape)
    bytes *= static_cast<double>(extent);
  throw MemoryError("not enough memory for " + shapeText(shape) + " " + typeName(type) + ", " + sizeText(bytes));
}

} // namespace

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

std::string runtime::typeName(ElementType type) {
  return (isFloat(type) ? "float" : "int") + std::to_string(8 * elementSize(type));
}

Array::Array(ElementType type, std::vector<int64_t> shape) : elementType(type), extents(std::move(shape)) {
  try {
    count = elementCount(extents);
    bytes.resize(static_cast<size_t>(count) * elementSize(type));
  } catch (const std::bad_alloc &) {
    failAllocation(elementType, extents);
  } catch (const std::length_error &) {
    failAllocation(elementType, extents);
  }
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
