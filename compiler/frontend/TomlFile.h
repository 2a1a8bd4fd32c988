//===- TomlFile.h - The syntax of a model file --------------------*- C++ -*-===//
//
// Parses TOML and turns the parser's complaints into our diagnostics.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_TOMLFILE_H
#define ESPALIER_COMPILER_FRONTEND_TOMLFILE_H

#include "compiler/frontend/Reader.h"

#include <optional>

namespace espalier {

/// The file's root table, or nothing after adding an error.
std::optional<toml::table> parseToml(const SourceFile &file, Reader &reader);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_TOMLFILE_H
