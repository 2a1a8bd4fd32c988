//===- TempDirectory.h - A place for a test's files -----------------*- C++ -*-===//
//
// A fresh directory that goes away with its owner.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_RUNTIME_TEMPDIRECTORY_H
#define ESPALIER_TESTS_UNIT_RUNTIME_TEMPDIRECTORY_H

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <stdlib.h>

namespace espalier::runtime::tests {

class TempDirectory {
public:
  TempDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "espalier-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      throw std::runtime_error("no temporary directory");
    root = pattern;
  }
  ~TempDirectory() { std::filesystem::remove_all(root); }
  TempDirectory(const TempDirectory &) = delete;
  TempDirectory &operator=(const TempDirectory &) = delete;

  std::string path(const std::string &name) const { return (root / name).string(); }

  /// Writes a file of these bytes and returns its path.
  std::string write(const std::string &name, const std::string &bytes) const {
    std::ofstream(root / name, std::ios::binary) << bytes;
    return path(name);
  }

  size_t fileCount() const {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(root), std::filesystem::directory_iterator()));
  }

private:
  std::filesystem::path root;
};

} // namespace espalier::runtime::tests

#endif // ESPALIER_TESTS_UNIT_RUNTIME_TEMPDIRECTORY_H
