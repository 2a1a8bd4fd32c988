//===- Diagnostic.h - What is wrong, and where --------------------*- C++ -*-===//
//
// A message about a user's file that points into it, and its one printed form: place, sentence, the line of the
// file with a caret below the value, and notes that name other places. A diagnostic carries the text of its line,
// so that it can be printed anywhere without the file.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_DIAGNOSTIC_H
#define ESPALIER_COMPILER_FRONTEND_DIAGNOSTIC_H

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace espalier {

/// A place in a file. Lines and columns count from 1; columns count characters (Unicode code points), not bytes.
/// Line 0 stands for the file as a whole.
struct Location {
  std::string file;
  int64_t line = 0;
  int64_t column = 0;

  bool isWholeFile() const { return line == 0; }
};

/// `file:line:column`, or `file` alone for the file as a whole.
std::string toString(const Location &location);

/// Printed as `note: MESSAGE at FILE:LINE:COLUMN`, or `note: MESSAGE` without a location; the message therefore ends
/// in a word that "at" can follow, as in "level 2 has states = 8, set".
struct Note {
  std::string message;
  std::optional<Location> location;
};

enum class Severity { Error, Warning };

struct Diagnostic {
  Severity severity = Severity::Error;
  Location location;
  /// Lower-case, no final period, "expects X, got Y".
  std::string message;
  /// The text of the location's line, as it stands in the file; not printed for the file as a whole.
  std::string sourceLine;
  std::vector<Note> notes;
};

/// The printed form, ending in a newline:
///
///     file:14:11: error: message
///       14 | npy     = "k.npy"
///          |           ^
///     note: level 2 has states = 8, set at file:5:13
std::string toString(const Diagnostic &diagnostic);

/// All of them, one after the other.
std::string toString(const std::vector<Diagnostic> &diagnostics);

std::ostream &operator<<(std::ostream &stream, const Diagnostic &diagnostic);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_DIAGNOSTIC_H
