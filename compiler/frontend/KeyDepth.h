//===- KeyDepth.h - Dotted keys without end -----------------------*- C++ -*-===//
//
// toml++ limits the nesting of arrays and inline tables but not the parts of a dotted key, and walks nested tables
// recursively: a key of a hundred thousand parts would exhaust the stack. This finds such keys before parsing.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_KEYDEPTH_H
#define ESPALIER_COMPILER_FRONTEND_KEYDEPTH_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace espalier {

/// A dotted key may have this many parts; model files need three.
constexpr int maxKeyParts = 32;

/// The line (from 1) of the first key of more parts, or nothing. Text that is no TOML is read as far as it makes
/// sense: the parser will have its say about it.
std::optional<int64_t> findDeepKey(std::string_view text);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_KEYDEPTH_H
