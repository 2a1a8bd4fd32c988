//===- SourceFile.cpp - The text of a model file --------------------------===//
//
// The system's own words say why a file cannot be read; the check for UTF-8 stands here rather than in the TOML
// parser because it can name the very byte.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/SourceFile.h"

#include "compiler/frontend/Unicode.h"

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace espalier {

namespace {

std::string systemMessage(int code) {
  std::string message = std::strerror(code);
  if (!message.empty())
    message.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(message.front())));
  return message;
}

/// The file's bytes, or the sentence that says why there are none.
std::string readBytes(const std::string &path, std::string &failure) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    failure = "expects a model file, got a directory";
    return {};
  }
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) {
    failure = "cannot open the model file: " + systemMessage(errno);
    return {};
  }
  std::string bytes;
  char buffer[1 << 16];
  while (size_t count = std::fread(buffer, 1, sizeof(buffer), file.get())) {
    bytes.append(buffer, count);
    if (bytes.size() > SourceFile::maxBytes) {
      failure = "expects a model file of at most 64 MiB, got more; large kernels belong into .npy files";
      return {};
    }
  }
  if (std::ferror(file.get()))
    failure = "cannot read the model file: " + systemMessage(errno);
  return bytes;
}

std::vector<size_t> findLineStarts(std::string_view text) {
  std::vector<size_t> starts = {0};
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n')
      starts.push_back(i + 1);
  return starts;
}

std::string hexByte(char byte) {
  char text[8];
  std::snprintf(text, sizeof(text), "0x%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
  return text;
}

std::optional<Diagnostic> findBrokenByte(const SourceFile &file) {
  int64_t line = 1, column = 1;
  for (std::string_view rest = file.text(); !rest.empty();) {
    CodePoint point = decode(rest);
    if (!point.valid)
      return file.error(line, column, "expects UTF-8 text, got byte " + hexByte(rest.front()));
    rest.remove_prefix(point.bytes.size());
    bool lineEnds = point.value == U'\n';
    line += lineEnds;
    column = lineEnds ? 1 : column + 1;
  }
  return std::nullopt;
}

} // namespace

SourceFile::SourceFile(std::string text, std::string path) : filePath(std::move(path)), content(std::move(text)) {
  if (content.starts_with("\xEF\xBB\xBF"))
    content.erase(0, 3);
  lineStarts = findLineStarts(content);
}

std::optional<SourceFile> SourceFile::read(const std::string &path, std::vector<Diagnostic> &diagnostics) {
  std::string failure;
  std::string bytes = readBytes(path, failure);
  if (failure.empty())
    return fromText(std::move(bytes), path, diagnostics);
  Diagnostic diagnostic;
  diagnostic.location.file = path;
  diagnostic.message = failure;
  diagnostics.push_back(std::move(diagnostic));
  return std::nullopt;
}

std::optional<SourceFile> SourceFile::fromText(std::string text, const std::string &path,
                                               std::vector<Diagnostic> &diagnostics) {
  SourceFile file(std::move(text), path);
  if (std::optional<Diagnostic> broken = findBrokenByte(file)) {
    diagnostics.push_back(std::move(*broken));
    return std::nullopt;
  }
  return file;
}

std::string_view SourceFile::line(int64_t number) const {
  if (number < 1 || number > static_cast<int64_t>(lineStarts.size()))
    return {};
  std::string_view rest = std::string_view(content).substr(lineStarts[number - 1]);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r'))
    rest.remove_suffix(1);
  return rest;
}

Diagnostic SourceFile::error(int64_t line, int64_t column, std::string message) const {
  Diagnostic diagnostic;
  diagnostic.location = {filePath, line, column};
  diagnostic.message = std::move(message);
  diagnostic.sourceLine = std::string(this->line(line));
  return diagnostic;
}

} // namespace espalier
