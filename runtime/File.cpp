//===- File.cpp - Files that appear only when complete --------------*- C++ -*-===//
//
// Plain POSIX calls: they tell why something failed, which streams do not.
//
//===----------------------------------------------------------------------===//

#include "runtime/File.h"

#include "runtime/Error.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace espalier::runtime;

OutputFile::OutputFile(const std::string &path) : path(path), target(path) {
  std::error_code ignored;
  if (std::filesystem::is_symlink(path, ignored)) {
    std::filesystem::path resolved = std::filesystem::weakly_canonical(path, ignored);
    if (!ignored)
      target = resolved.string();
  }
  struct stat status;
  bool exists = ::stat(target.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    fail(EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor = ::open(target.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    // Nobody else writes a file of this name: it carries our process and is refused where it exists.
    for (int attempt = 0; attempt < 100 && descriptor < 0; ++attempt) {
      temporary = target + ".tmp" + std::to_string(::getpid()) + "." + std::to_string(attempt);
      descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (descriptor < 0 && errno != EEXIST)
        break;
    }
  }
  if (descriptor < 0) {
    temporary.clear();
    fail(errno);
  }
}

OutputFile::~OutputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

void OutputFile::fail(int code) { throw Error(path, "cannot be written: " + std::system_category().message(code)); }

void OutputFile::write(const void *data, size_t size) {
  const char *bytes = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t written = ::write(descriptor, bytes, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      fail(written < 0 ? errno : EIO);
    bytes += written;
    size -= static_cast<size_t>(written);
  }
}

void OutputFile::commit() {
  int result = ::close(descriptor);
  descriptor = -1;
  if (result != 0)
    fail(errno);
  if (temporary.empty())
    return;
  if (::rename(temporary.c_str(), target.c_str()) != 0)
    fail(errno);
  temporary.clear();
}
