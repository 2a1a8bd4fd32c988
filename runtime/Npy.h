//===- Npy.h - NumPy's file format ----------------------------------*- C++ -*-===//
//
// Reads arrays from .npy files of versions 1.0, 2.0 and 3.0, in C or Fortran order and either byte order, and writes
// version 1.0, C order, little-endian. A file is not trusted: its size is held against its header before anything is
// allocated.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_NPY_H
#define ESPALIER_RUNTIME_NPY_H

#include "runtime/Array.h"
#include "runtime/File.h"

#include <string>

namespace espalier::runtime {

/// Reads the file into the nearest of our element types: booleans and integers of up to 32 bits (uint32 excluded)
/// become int32, other integers int64, halves and floats float32, doubles float64. C order whatever the file's.
/// Throws Error, naming the file, where it cannot be read or holds something else.
Array readNpy(const std::string &path);

/// Reads the file and converts it to `type`. Integers are not read as reals or reals as integers; an integer that
/// does not fit is an error, a real is rounded. Throws Error as above.
Array readNpy(const std::string &path, ElementType type);

/// Writes all of `array` to `file`, which the caller commits. Throws Error where writing fails.
void writeNpy(OutputFile &file, const Array &array);

/// Writes a file, which appears under its name only when complete. Throws Error where that fails.
void writeNpy(const std::string &path, const Array &array);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_NPY_H
