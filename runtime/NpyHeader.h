//===- NpyHeader.h - The header of a .npy file ----------------------*- C++ -*-===//
//
// The header is a Python dictionary literal; this reads the one form that NumPy writes, in any order and spacing.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_NPYHEADER_H
#define ESPALIER_RUNTIME_NPYHEADER_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::runtime {

struct NpyHeader {
  char byteOrder = '|'; ///< '<', '>' or '|' (of no meaning)
  char kind = 'f';      ///< 'b', 'i', 'u' or 'f'
  int64_t width = 0;    ///< bytes of one element
  bool fortranOrder = false;
  std::vector<int64_t> shape;
};

/// Parses "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }". Throws Error, naming `path`, where the text
/// is something else or the elements are no booleans, integers or reals of 2, 4 or 8 bytes.
NpyHeader parseNpyHeader(std::string_view text, const std::string &path);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_NPYHEADER_H
