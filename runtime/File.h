//===- File.h - Files that appear only when complete ----------------*- C++ -*-===//
//
// An output file is written under a temporary name in the same directory and takes its own name on commit; without
// a commit nothing is left behind. Devices and pipes are written directly, since renaming would replace them.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_FILE_H
#define ESPALIER_RUNTIME_FILE_H

#include <cstddef>
#include <string>

namespace espalier::runtime {

class OutputFile {
public:
  /// Opens the file for writing. Throws Error, naming the file, where that fails.
  explicit OutputFile(const std::string &path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  /// Throws Error where not all of `size` bytes could be written.
  void write(const void *data, size_t size);
  /// Closes the file and gives it its name. Throws Error where that fails.
  void commit();

private:
  [[noreturn]] void fail(int code);

  std::string path;      ///< as the user wrote it, for messages
  std::string target;    ///< with links resolved
  std::string temporary; ///< empty where the target is written directly
  int descriptor = -1;
};

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_FILE_H
