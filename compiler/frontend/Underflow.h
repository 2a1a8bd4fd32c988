//===- Underflow.h - Numbers that are written but lost ------------*- C++ -*-===//
//
// The TOML parser reads 1e-400 as 0 without a word: here such literals are found again in the text.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_UNDERFLOW_H
#define ESPALIER_COMPILER_FRONTEND_UNDERFLOW_H

#include "compiler/frontend/Reader.h"

namespace espalier {

/// Reports every float of `table` that is 0 though its text, at its place in `file`, is not; false where there are any.
bool checkUnderflow(const SourceFile &file, const toml::table &table, Reader &reader);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_UNDERFLOW_H
