//===- Array.h - A dense array of numbers ---------------------------*- C++ -*-===//
//
// What goes in and out of the runtime: a shape, an element type and one block of memory in C order. A value type;
// its elements are left uninitialised on construction because they are about to be overwritten.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_ARRAY_H
#define ESPALIER_RUNTIME_ARRAY_H

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace espalier::runtime {

enum class ElementType { I32, I64, F32, F64 };

/// Bytes of one element.
inline size_t elementSize(ElementType type) { return type == ElementType::I32 || type == ElementType::F32 ? 4 : 8; }
inline bool isFloat(ElementType type) { return type == ElementType::F32 || type == ElementType::F64; }

template <typename T> constexpr ElementType elementTypeOf() {
  static_assert(std::is_same_v<T, int32_t> || std::is_same_v<T, int64_t> || std::is_same_v<T, float> ||
                std::is_same_v<T, double>);
  if constexpr (std::is_same_v<T, int32_t>)
    return ElementType::I32;
  else if constexpr (std::is_same_v<T, int64_t>)
    return ElementType::I64;
  else if constexpr (std::is_same_v<T, float>)
    return ElementType::F32;
  else
    return ElementType::F64;
}

/// Allocates on 64-byte boundaries and leaves new elements uninitialised.
template <typename T> struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};

  AlignedAllocator() = default;
  template <typename U> AlignedAllocator(const AlignedAllocator<U> &) {}
  T *allocate(size_t count) { return static_cast<T *>(::operator new(count * sizeof(T), alignment)); }
  void deallocate(T *pointer, size_t) { ::operator delete(pointer, alignment); }
  template <typename U> void construct(U *pointer) { ::new (static_cast<void *>(pointer)) U; }
  template <typename U, typename... Args> void construct(U *pointer, Args &&...args) {
    ::new (static_cast<void *>(pointer)) U(std::forward<Args>(args)...);
  }
  bool operator==(const AlignedAllocator &) const { return true; }
};

using AlignedBytes = std::vector<std::byte, AlignedAllocator<std::byte>>;

/// The number of elements of a shape. Throws OutOfMemory where no memory could hold them.
int64_t elementCount(const std::vector<int64_t> &shape);

/// "100x64"; "a single value" for no axes.
std::string shapeText(const std::vector<int64_t> &shape);

/// "float32": the element type as NumPy names it.
std::string typeName(ElementType type);

/// "[3, 17]": the index of the element at `offset` of an array in C order.
std::string indexText(const std::vector<int64_t> &shape, int64_t offset);

class Array {
public:
  /// No elements: float64 of shape {0}.
  Array() = default;
  /// Uninitialised. Throws OutOfMemory where memory is short.
  Array(ElementType type, std::vector<int64_t> shape)
      : elementType(type), extents(std::move(shape)), count(elementCount(extents)), bytes(allocate()) {}

  ElementType type() const { return elementType; }
  const std::vector<int64_t> &shape() const { return extents; }
  int64_t rank() const { return static_cast<int64_t>(extents.size()); }
  int64_t size() const { return count; }
  size_t sizeInBytes() const { return bytes.size(); }
  /// Whether the integers were booleans where they came from.
  bool holdsBooleans() const { return booleans; }
  void setBooleans(bool value) { booleans = value; }

  std::byte *raw() { return bytes.data(); }
  const std::byte *raw() const { return bytes.data(); }
  /// The elements; T must be the element type.
  template <typename T> T *data() {
    assert(elementType == elementTypeOf<T>());
    return reinterpret_cast<T *>(bytes.data());
  }
  template <typename T> const T *data() const {
    assert(elementType == elementTypeOf<T>());
    return reinterpret_cast<const T *>(bytes.data());
  }

private:
  AlignedBytes allocate() const;

  ElementType elementType = ElementType::F64;
  std::vector<int64_t> extents = {0};
  int64_t count = 0;
  bool booleans = false;
  AlignedBytes bytes;
};

/// Calls `body` with a value of the element type, e.g. visitType(type, [&](auto zero) { using T = decltype(zero); }).
template <typename Body> decltype(auto) visitType(ElementType type, Body &&body) {
  switch (type) {
  case ElementType::I32:
    return body(int32_t{});
  case ElementType::I64:
    return body(int64_t{});
  case ElementType::F32:
    return body(float{});
  case ElementType::F64:
    break;
  }
  return body(double{});
}

/// The same for the two real types that a model may have.
template <typename Body> decltype(auto) visitReal(ElementType type, Body &&body) {
  assert(isFloat(type));
  return type == ElementType::F32 ? body(float{}) : body(double{});
}

/// A copy with other elements, converted as C++ does; the caller has checked that the values fit.
Array convert(const Array &array, ElementType type);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_ARRAY_H
