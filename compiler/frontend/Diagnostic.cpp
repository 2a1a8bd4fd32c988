//===- Diagnostic.cpp - What is wrong, and where --------------------------===//
//
// Puts a diagnostic into its printed form; Excerpt draws the line of the file.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Diagnostic.h"

#include "compiler/frontend/Excerpt.h"

#include <algorithm>
#include <ostream>

namespace espalier {

namespace {

/// Line numbers are right-aligned in four cells, wider where they need more.
constexpr size_t gutterDigits = 4;

std::string trimRight(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string excerptLines(const Diagnostic &diagnostic) {
  Excerpt excerpt = makeExcerpt(diagnostic.sourceLine, diagnostic.location.column);
  std::string number = std::to_string(diagnostic.location.line);
  size_t width = std::max(gutterDigits, number.size());
  std::string head = std::string(width - number.size(), ' ') + number + " | ";
  std::string blank = std::string(width, ' ') + " | ";
  return trimRight(head + excerpt.text) + "\n" + blank + std::string(excerpt.caret, ' ') + "^\n";
}

} // namespace

std::string toString(const Location &location) {
  if (location.isWholeFile())
    return location.file;
  return location.file + ":" + std::to_string(location.line) + ":" + std::to_string(location.column);
}

std::string toString(const Diagnostic &diagnostic) {
  std::string severity = diagnostic.severity == Severity::Error ? "error" : "warning";
  std::string text = toString(diagnostic.location) + ": " + severity + ": " + diagnostic.message + "\n";
  if (!diagnostic.location.isWholeFile())
    text += excerptLines(diagnostic);
  for (const Note &note : diagnostic.notes)
    text += "note: " + note.message + (note.location ? " at " + toString(*note.location) : "") + "\n";
  return text;
}

std::string toString(const std::vector<Diagnostic> &diagnostics) {
  std::string text;
  for (const Diagnostic &diagnostic : diagnostics)
    text += toString(diagnostic);
  return text;
}

std::ostream &operator<<(std::ostream &stream, const Diagnostic &diagnostic) { return stream << toString(diagnostic); }

} // namespace espalier
