//===- Reader.h - Typed access to the values of a model file ------*- C++ -*-===//
//
// What all parts of the model reader share: the file, the diagnostics, and access to TOML values that reports a
// wrong type, a value out of range or an unknown key at its place. Nothing here knows about models.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_READER_H
#define ESPALIER_COMPILER_FRONTEND_READER_H

#include "compiler/frontend/Diagnostic.h"
#include "compiler/frontend/SourceFile.h"

#include <toml++/toml.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace espalier {

/// Where a value stands in the model file; line 0 where it has no place of its own.
using Place = toml::source_position;

/// The place of a value: its first character.
Place placeOf(const toml::node &node);

/// "an integer", "a string", ...: what a value is, for messages.
std::string describeType(const toml::node &node);

/// The shortest text that reads back as the same number: "0.1", "nan", "-inf".
std::string formatNumber(double value);

/// The keys of a table that itself is the value of a key: some write them without it.
struct InnerKeys {
  std::string_view table;
  std::span<const std::string_view> keys;
};

class Reader {
public:
  Reader(const SourceFile &file, std::vector<Diagnostic> &diagnostics) : file(file), diagnostics(diagnostics) {}

  /// Errors of one file beyond this number are only counted.
  static constexpr size_t maxErrors = 100;

  /// Adds an error at `place` (the start of the file where it has none). The reference lives until the next error.
  Diagnostic &error(Place place, std::string message);
  /// Adds the note about errors beyond the limit; to be called once, after the last error.
  void finish();
  /// Adds "note: MESSAGE at PLACE".
  void note(Diagnostic &diagnostic, std::string message, Place place) const;
  Location locate(Place place) const;
  const std::string &path() const { return file.path(); }
  /// Other files that the model is read from, for whoever must not write over them.
  std::vector<std::string> otherFiles;

  /// Reports every key of `table` that is not known, with the known or inner one that may have been meant; `where`
  /// names the table, as in "[tree]".
  void checkKeys(const toml::table &table, std::string_view where, std::span<const std::string_view> known,
                 std::span<const InnerKeys> inner = {});
  /// Whether an unknown key that was reported of `table` may have meant `key`, or one of its inner keys: that `key` is
  /// missing is the same mistake.
  bool isMisspelt(const toml::table &table, std::string_view key) const;

  // Each of the following takes a value and how messages call it, and gives nothing after an error.

  std::optional<int64_t> integer(const toml::node &node, const std::string &what, int64_t low, int64_t high);
  /// A finite number; integers count as reals.
  std::optional<double> real(const toml::node &node, const std::string &what);
  std::optional<std::string> string(const toml::node &node, const std::string &what);
  const toml::table *table(const toml::node &node, const std::string &what);
  const toml::array *array(const toml::node &node, const std::string &what);
  /// The index of a string among `words`.
  std::optional<size_t> choice(const toml::node &node, const std::string &what,
                               std::span<const std::string_view> words);

private:
  const SourceFile &file;
  std::vector<Diagnostic> &diagnostics;
  std::vector<std::pair<const toml::table *, std::string>> misspelt; ///< tables, and keys that were meant in them
  Diagnostic hidden;                                                 ///< stands in for the errors beyond the limit
  size_t hiddenCount = 0;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_READER_H
