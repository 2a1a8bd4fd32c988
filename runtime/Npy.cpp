//===- Npy.cpp - NumPy's file format --------------------------------*- C++ -*-===//
//
// Elements that are ours already are read where they stay. Others go through a fixed-size buffer, so that only the
// result takes memory; a Fortran-order file is reordered once it has been read.
//
//===----------------------------------------------------------------------===//

#include "runtime/Npy.h"

#include "runtime/Error.h"
#include "runtime/NpyHeader.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <system_error>

#include <sys/stat.h>

using namespace espalier;
using namespace espalier::runtime;

static_assert(std::endian::native == std::endian::little, "elements are written as they lie in memory");

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr size_t chunkBytes = 1 << 20;

/// A regular file, open for reading, that knows how many bytes are left.
class InputFile {
public:
  explicit InputFile(const std::string &path) : path(path) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0)
      fail(errno);
    if (!S_ISREG(status.st_mode))
      throw Error(path, S_ISDIR(status.st_mode) ? "expects a file, got a directory" : "expects a regular file");
    file.reset(std::fopen(path.c_str(), "rb"));
    if (!file)
      fail(errno);
    remaining = status.st_size;
  }

  int64_t left() const { return remaining; }

  void read(void *data, size_t size) {
    errno = 0;
    if (std::fread(data, 1, size, file.get()) != size) {
      if (std::ferror(file.get()))
        fail(errno);
      throw Error(path, "expects " + std::to_string(size) + " more bytes, got the end of the file");
    }
    remaining -= static_cast<int64_t>(size);
  }

private:
  struct Closer {
    void operator()(std::FILE *open) const { std::fclose(open); }
  };

  [[noreturn]] void fail(int code) { throw Error(path, "cannot be read: " + std::system_category().message(code)); }

  const std::string &path;
  std::unique_ptr<std::FILE, Closer> file;
  int64_t remaining = 0;
};

NpyHeader readHeader(InputFile &file, const std::string &path) {
  unsigned char start[8];
  if (file.left() < 10)
    throw Error(path, "expects a .npy file, got " + std::to_string(file.left()) + " bytes");
  file.read(start, sizeof(start));
  if (std::memcmp(start, magic.data(), magic.size()) != 0)
    throw Error(path, "expects a .npy file, got something else");
  int major = start[6];
  if (major < 1 || major > 3)
    throw Error(path, "expects .npy version 1, 2 or 3, got " + std::to_string(major));
  unsigned char bytes[4] = {0, 0, 0, 0};
  size_t lengthBytes = major == 1 ? 2 : 4;
  file.read(bytes, lengthBytes);
  int64_t length = bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<int64_t>(bytes[3]) << 24;
  if (length > file.left())
    throw Error(path, "expects a header of " + std::to_string(length) + " bytes, got " + std::to_string(file.left()));
  std::string text(static_cast<size_t>(length), '\0');
  file.read(text.data(), text.size());
  return parseNpyHeader(text, path);
}

/// Holds the shape against the size of the file: an error before any memory is asked for.
void checkSize(const NpyHeader &header, int64_t left, const std::string &path) {
  int64_t count;
  try {
    count = elementCount(header.shape);
  } catch (const std::bad_alloc &) {
    throw Error(path, "the shape " + shapeText(header.shape) + " has more elements than any file can hold");
  }
  int64_t expected = count * header.width;
  if (left != expected)
    throw Error(path, "expects " + std::to_string(expected) + " bytes of data for shape " + shapeText(header.shape) +
                          ", got " + std::to_string(left));
}

ElementType nearestType(const NpyHeader &header) {
  if (header.kind == 'f')
    return header.width == 8 ? ElementType::F64 : ElementType::F32;
  bool wide = header.width == 8 || (header.kind == 'u' && header.width == 4);
  return wide ? ElementType::I64 : ElementType::I32;
}

/// IEEE 754 binary16 to float: exponent and fraction widened, subnormals by their value.
float halfToFloat(uint16_t half) {
  int exponent = half >> 10 & 31;
  int fraction = half & 1023;
  float magnitude = exponent == 31
                        ? (fraction ? std::numeric_limits<float>::quiet_NaN() : std::numeric_limits<float>::infinity())
                    : exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                    : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

template <typename File, typename To> To convertElement(File value) {
  if constexpr (std::is_same_v<File, uint16_t> && std::is_same_v<To, float>)
    return halfToFloat(value);
  else
    return static_cast<To>(value);
}

bool isSwapped(const NpyHeader &header) { return header.byteOrder == '>' && header.width > 1; }

/// Whether the file's elements are those that an array of the type has in memory.
bool isOurs(const NpyHeader &header, ElementType type) {
  bool sameKind = header.kind == (isFloat(type) ? 'f' : 'i');
  return sameKind && static_cast<size_t>(header.width) == elementSize(type) && !isSwapped(header);
}

/// Converts `count` elements as the file holds them; uint16_t stands for a half where To is float.
template <typename File, typename To> void convertElements(std::byte *from, bool swap, int64_t count, To *to) {
  if (swap)
    for (int64_t i = 0; i < count; ++i)
      std::reverse(from + i * sizeof(File), from + (i + 1) * sizeof(File));
  for (int64_t i = 0; i < count; ++i) {
    File value;
    std::memcpy(&value, from + i * sizeof(File), sizeof(File));
    to[i] = convertElement<File, To>(value);
  }
}

void convertChunk(const NpyHeader &header, std::byte *from, int64_t count, Array &array, int64_t offset) {
  bool swap = isSwapped(header);
  auto to = [&](auto file, auto memory) {
    using To = decltype(memory);
    convertElements<decltype(file), To>(from, swap, count, array.data<To>() + offset);
  };
  switch (header.kind) {
  case 'f':
    return header.width == 2   ? to(uint16_t{}, float{})
           : header.width == 4 ? to(float{}, float{})
                               : to(double{}, double{});
  case 'i':
    return header.width == 1   ? to(int8_t{}, int32_t{})
           : header.width == 2 ? to(int16_t{}, int32_t{})
           : header.width == 4 ? to(int32_t{}, int32_t{})
                               : to(int64_t{}, int64_t{});
  default: // 'u' and 'b'
    return header.width == 1   ? to(uint8_t{}, int32_t{})
           : header.width == 2 ? to(uint16_t{}, int32_t{})
           : header.width == 4 ? to(uint32_t{}, int64_t{})
                               : to(uint64_t{}, int64_t{});
  }
}

/// An unsigned integer above the signed range has become negative.
void checkUnsigned(const NpyHeader &header, const Array &array, const std::string &path) {
  if (header.kind != 'u' || header.width != 8)
    return;
  const int64_t *begin = array.data<int64_t>();
  const int64_t *end = begin + array.size();
  const int64_t *bad = std::find_if(begin, end, [](int64_t value) { return value < 0; });
  if (bad != end)
    throw Error(path, "expects integers of 64 bits with sign, got value " +
                          std::to_string(static_cast<uint64_t>(*bad)) + " at " + indexText(array.shape(), bad - begin));
}

/// From Fortran to C order: `array` holds the elements with the first axis fastest.
Array reorder(const Array &array) {
  Array result(array.type(), array.shape());
  const auto &shape = array.shape();
  std::vector<int64_t> index(shape.size(), 0);
  std::vector<int64_t> stride(shape.size(), 1);
  for (size_t axis = 1; axis < shape.size(); ++axis)
    stride[axis] = stride[axis - 1] * shape[axis - 1];
  visitType(array.type(), [&](auto zero) {
    using T = decltype(zero);
    int64_t from = 0;
    for (int64_t to = 0; to < array.size(); ++to) {
      result.data<T>()[to] = array.data<T>()[from];
      for (size_t axis = shape.size(); axis-- > 0;) {
        from += stride[axis];
        if (++index[axis] < shape[axis])
          break;
        from -= stride[axis] * shape[axis];
        index[axis] = 0;
      }
    }
  });
  return result;
}

void readConverted(InputFile &file, const NpyHeader &header, Array &array) {
  std::vector<std::byte> chunk(std::min<size_t>(chunkBytes, static_cast<size_t>(file.left())));
  int64_t perChunk = static_cast<int64_t>(chunkBytes) / header.width;
  for (int64_t offset = 0; offset < array.size(); offset += perChunk) {
    int64_t count = std::min(perChunk, array.size() - offset);
    file.read(chunk.data(), static_cast<size_t>(count * header.width));
    convertChunk(header, chunk.data(), count, array, offset);
  }
}

std::string kindName(ElementType type) { return isFloat(type) ? "reals" : "integers"; }

} // namespace

Array runtime::readNpy(const std::string &path) {
  InputFile file(path);
  NpyHeader header = readHeader(file, path);
  checkSize(header, file.left(), path);
  Array array(nearestType(header), header.shape);
  if (isOurs(header, array.type()))
    file.read(array.raw(), array.sizeInBytes());
  else
    readConverted(file, header, array);
  if (header.fortranOrder && array.rank() > 1)
    array = reorder(array);
  checkUnsigned(header, array, path);
  array.setBooleans(header.kind == 'b');
  return array;
}

Array runtime::readNpy(const std::string &path, ElementType type) {
  Array array = readNpy(path);
  if (isFloat(array.type()) != isFloat(type))
    throw Error(path, "expects " + kindName(type) + ", got " + typeName(array.type()));
  if (array.type() == ElementType::I64 && type == ElementType::I32)
    for (int64_t i = 0; i < array.size(); ++i)
      if (int64_t value = array.data<int64_t>()[i]; value != static_cast<int32_t>(value))
        throw Error(path, "expects integers of 32 bits, got value " + std::to_string(value) + " at " +
                              indexText(array.shape(), i));
  if (array.type() != type)
    return convert(array, type);
  return array;
}

void runtime::writeNpy(OutputFile &file, const Array &array) {
  std::string shape = "(";
  for (int64_t extent : array.shape())
    shape += std::to_string(extent) + ", ";
  if (array.rank() > 1)
    shape.resize(shape.size() - 2);
  else if (array.rank() == 1)
    shape.pop_back(); // NumPy writes one axis as "(3,)".
  std::string text = std::string("{'descr': '<") + (isFloat(array.type()) ? "f" : "i") +
                     std::to_string(elementSize(array.type())) + "', 'fortran_order': False, 'shape': " + shape +
                     "), }";
  // The data begins at a multiple of 64 bytes; the header ends in a newline.
  size_t prefix = magic.size() + 4;
  text.append((64 - (prefix + text.size() + 1) % 64) % 64, ' ');
  text += '\n';
  std::string start(magic);
  start += {'\x01', '\x00', static_cast<char>(text.size() & 255), static_cast<char>(text.size() >> 8)};
  file.write(start.data(), start.size());
  file.write(text.data(), text.size());
  file.write(array.raw(), array.sizeInBytes());
}

void runtime::writeNpy(const std::string &path, const Array &array) {
  OutputFile file(path);
  writeNpy(file, array);
  file.commit();
}
