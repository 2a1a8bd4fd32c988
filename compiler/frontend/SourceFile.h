//===- SourceFile.h - The text of a model file --------------------*- C++ -*-===//
//
// Reads a text file as a whole and hands out its lines, and makes diagnostics that point into it.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_SOURCEFILE_H
#define ESPALIER_COMPILER_FRONTEND_SOURCEFILE_H

#include "compiler/frontend/Diagnostic.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace espalier {

class SourceFile {
public:
  /// Files beyond this size are refused: large kernels belong into .npy files.
  static constexpr size_t maxBytes = size_t(64) << 20;

  /// Reads `path`. Adds one error where it is missing, unreadable, a directory, too large or not UTF-8.
  static std::optional<SourceFile> read(const std::string &path, std::vector<Diagnostic> &diagnostics);

  /// Takes `text` as the content of `path`. Adds one error where it is not UTF-8.
  static std::optional<SourceFile> fromText(std::string text, const std::string &path,
                                            std::vector<Diagnostic> &diagnostics);

  const std::string &path() const { return filePath; }
  /// The content without a byte order mark.
  const std::string &text() const { return content; }
  /// Line 1.. without its line end; empty where the file has no such line.
  std::string_view line(int64_t number) const;
  /// An error at a place of this file, with the line's text.
  Diagnostic error(int64_t line, int64_t column, std::string message) const;

private:
  SourceFile(std::string text, std::string path);

  std::string filePath;
  std::string content;
  std::vector<size_t> lineStarts;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_SOURCEFILE_H
