//===- File.h - Files that appear only when complete ----------------*- C++ -*-===//
//
// An output file is looked at before the work, written under a temporary name in the same folder, and takes its own
// name on commit; without a commit nothing is left behind, and what stood there before stays. What is no regular file,
// such as a device or a pipe, is written directly, since renaming would replace it.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_FILE_H
#define ESPALIER_RUNTIME_FILE_H

#include "runtime/Temporary.h"

#include <array>
#include <cstddef>
#include <iostream>
#include <memory>
#include <streambuf>
#include <string>
#include <string_view>

#include <sys/stat.h>

namespace espalier::runtime {

class OutputFile {
public:
  /// Looks at what stands at `path`, and writes nothing yet. Throws Error, naming the file, where it cannot be written:
  /// it is a directory, in none or in one that may not be written to, read-only, or this very program.
  explicit OutputFile(const std::string &path);
  ~OutputFile();
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;

  /// Throws Error where this is the file `other` too; `role` says what that is, as in "the input".
  void expectOther(const std::string &other, const std::string &role) const;
  /// Throws Error where the name does not end in `ending`; names of devices and pipes may end in anything.
  void expectEnding(std::string_view ending) const;

  /// The path as the user wrote it.
  const std::string &name() const { return path; }
  /// Whether a file stands there, which would be replaced or, if it is no regular one, written to.
  bool exists() const { return isThere; }
  /// Whether it is written directly.
  bool isDirect() const { return shared >= 0 || (isThere && !S_ISREG(status.st_mode)); }
  /// A folder where other programs can write what adopt() takes. Throws Error where it cannot be made.
  std::unique_ptr<Temporary> makeScratch() const;

  /// Throws Error where not all of `size` bytes could be written.
  void write(const void *data, size_t size);
  /// Closes the file and gives it its name. Throws Error where that fails.
  void commit();
  /// Takes a finished file out of a folder of makeScratch() in place of what would be written. Throws Error where that
  /// fails. A file that is replaced gives its modes; an executable may be run by all who may read it.
  void adopt(const std::string &finished, bool isExecutable);

  /// Throws the Error that the file cannot be written, for the system's reason `code`.
  [[noreturn]] void fail(int code) const;

private:
  std::string folder() const;
  void look();
  void open();
  void copy(const std::string &finished);
  void keepModes(const std::string &finished, bool isExecutable) const;
  [[noreturn]] void fail(const std::string &reason) const;

  std::string path;   ///< as the user wrote it, for messages
  std::string target; ///< with links resolved
  bool isThere = false;
  struct stat status = {}; ///< of what is there
  int shared = -1;         ///< the descriptor of this process that the path stands for, as /dev/stdout does
  std::unique_ptr<Temporary> temporary;
  int descriptor = -1; ///< open for writing
};

/// Whether both paths lead to one regular file, be it there already or not.
bool isSameFile(const std::string &left, const std::string &right);

/// A folder for files that nobody keeps, where the environment's TMPDIR says. Throws Error where it cannot be made.
std::unique_ptr<Temporary> makeTemporaryFolder();

/// For main(): for as long as it lives, std::cout knows why it fails, and not only that it does.
class StandardOutput : public std::streambuf {
public:
  StandardOutput() : before(std::cout.rdbuf(this)) { setp(bytes.data(), bytes.data() + bytes.size()); }
  ~StandardOutput() override { std::cout.rdbuf(before); }
  StandardOutput(const StandardOutput &) = delete;
  StandardOutput &operator=(const StandardOutput &) = delete;

  /// The system's reason, 0 for none.
  int problem() const { return reason; }

protected:
  int_type overflow(int_type next) override;
  int sync() override;

private:
  std::array<char, 1 << 14> bytes;
  std::streambuf *before;
  int reason = 0;
};

/// Writes out what std::cout still holds. Throws Error where not all of what was printed could be written.
void flushStandardOutput();

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_FILE_H
