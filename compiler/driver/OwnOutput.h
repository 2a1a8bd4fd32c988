//===- OwnOutput.h - What an earlier run wrote -------------------*- C++ -*-===//
//
// Outputs that take their model's name may replace what espalier wrote before, and nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_OWNOUTPUT_H
#define ESPALIER_COMPILER_DRIVER_OWNOUTPUT_H

#include "compiler/driver/Compile.h"

namespace espalier {

/// Whether the file at `path` is a compiled model of that form, by what it holds. No file is one of text.
bool isOwnOutput(const std::string &path, Emit form);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_OWNOUTPUT_H
