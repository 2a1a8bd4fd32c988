//===- File.cpp - Files that appear only when complete --------------*- C++ -*-===//
//
// Plain POSIX calls: they tell why something failed, which streams do not.
//
//===----------------------------------------------------------------------===//

#include "runtime/File.h"

#include "runtime/Error.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

using namespace espalier::runtime;

namespace {

std::string folderOf(const std::string &path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// The descriptor of this process that the path names, as /proc/self/fd/1 does; -1 for all other paths.
int descriptorNamed(const std::string &path) {
  std::string name = std::filesystem::path(path).filename().string();
  int number = -1;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size())
    return -1;
  std::error_code missing;
  std::filesystem::path folder = std::filesystem::canonical(folderOf(path), missing);
  bool isOurs = !missing && folder == std::filesystem::canonical("/proc/self/fd", missing);
  return isOurs && !missing ? number : -1;
}

/// The path that a chain of links leads to, where a file need not be; ends at a name of a descriptor of this process,
/// whose own link may name a pipe or a file that is gone.
std::string followLinks(std::string path) {
  constexpr int mostLinks = 40;
  for (int link = 0; link < mostLinks && descriptorNamed(path) < 0; ++link) {
    std::error_code isNone;
    std::filesystem::path next = std::filesystem::read_symlink(path, isNone);
    if (isNone)
      break;
    path = (std::filesystem::path(path).parent_path() / next).string();
  }
  return path;
}

/// What tells a regular file from all others: its own number, or that of its folder and its name in there.
struct Identity {
  dev_t device;
  ino_t number;
  std::string name;

  bool operator==(const Identity &) const = default;
};

std::optional<Identity> identityOf(const std::string &path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0)
    return S_ISREG(status.st_mode) ? std::optional(Identity{status.st_dev, status.st_ino, ""}) : std::nullopt;
  std::string target = followLinks(path);
  if (::stat(folderOf(target).c_str(), &status) != 0)
    return std::nullopt;
  return Identity{status.st_dev, status.st_ino, std::filesystem::path(target).filename().string()};
}

/// Writes all bytes; gives the number of the error that keeps it from that, or 0.
int writeAll(int descriptor, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t written = ::write(descriptor, bytes, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return written < 0 ? errno : EIO;
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return 0;
}

} // namespace

bool espalier::runtime::isSameFile(const std::string &left, const std::string &right) {
  std::optional<Identity> identity = identityOf(left);
  return identity && identity == identityOf(right);
}

std::unique_ptr<Temporary> espalier::runtime::makeTemporaryFolder() {
  const char *named = std::getenv("TMPDIR");
  std::string folder = named && *named ? named : "/tmp";
  try {
    return std::make_unique<Temporary>(Temporary::Kind::Folder, folder);
  } catch (const std::system_error &problem) {
    throw Error(folder, "cannot be written to: " + systemReason(problem.code().value()));
  }
}

StandardOutput::int_type StandardOutput::overflow(int_type next) {
  if (sync() != 0)
    return traits_type::eof();
  return traits_type::eq_int_type(next, traits_type::eof()) ? traits_type::not_eof(next)
                                                            : sputc(traits_type::to_char_type(next));
}

int StandardOutput::sync() {
  const char *data = pbase();
  if (reason == 0)
    reason = writeAll(STDOUT_FILENO, data, static_cast<size_t>(pptr() - data));
  setp(bytes.data(), bytes.data() + bytes.size());
  return reason == 0 ? 0 : -1;
}

void espalier::runtime::flushStandardOutput() {
  if (std::cout.flush())
    return;
  auto *output = dynamic_cast<StandardOutput *>(std::cout.rdbuf());
  std::string reason = output && output->problem() ? ": " + systemReason(output->problem()) : "";
  throw Error("standard output cannot be written" + reason);
}

OutputFile::OutputFile(const std::string &path) : path(path) {
  if (path.empty())
    throw Error("an output expects the name of a file, got an empty one");
  look();
}

OutputFile::~OutputFile() {
  if (descriptor >= 0)
    ::close(descriptor);
}

void OutputFile::look() {
  target = followLinks(path);
  shared = descriptorNamed(target);
  isThere = ::stat(target.c_str(), &status) == 0;
  if (!isThere && errno != ENOENT)
    fail(errno);
  if (isThere && S_ISDIR(status.st_mode))
    fail(EISDIR);
  if (shared >= 0 && (::fcntl(shared, F_GETFL) & O_ACCMODE) == O_RDONLY)
    fail(EBADF);
  if (isDirect()) {
    if (shared < 0 && ::faccessat(AT_FDCWD, target.c_str(), W_OK, AT_EACCESS) != 0)
      fail(errno);
    return;
  }
  // What root may do is not what the owner of the file meant.
  if (isThere && !(status.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)))
    fail("it is read-only");
  if (isThere && ::faccessat(AT_FDCWD, target.c_str(), W_OK, AT_EACCESS) != 0)
    fail(errno);
  if (isSameFile(target, "/proc/self/exe"))
    fail("it is the program that is running");
  if (::access(folder().c_str(), F_OK) != 0)
    fail("no such directory: " + folder());
  if (::faccessat(AT_FDCWD, folder().c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    fail(errno);
}

std::string OutputFile::folder() const { return folderOf(target); }

std::unique_ptr<Temporary> OutputFile::makeScratch() const {
  if (isDirect())
    return makeTemporaryFolder();
  try {
    return std::make_unique<Temporary>(Temporary::Kind::Folder, folder());
  } catch (const std::system_error &problem) {
    fail(problem.code().value());
  }
}

void OutputFile::expectOther(const std::string &other, const std::string &role) const {
  if (isSameFile(target, other))
    fail("it is " + role + " " + other);
}

void OutputFile::expectEnding(std::string_view ending) const {
  if (!isDirect() && !path.ends_with(ending) && !target.ends_with(ending))
    throw Error(path, "expects an output whose name ends in " + std::string(ending));
}

void OutputFile::fail(int code) const { fail(systemReason(code)); }

void OutputFile::fail(const std::string &reason) const { throw Error(path, "cannot be written: " + reason); }

void OutputFile::open() {
  look(); // What stands there may be another file by now.
  if (shared >= 0)
    descriptor = ::fcntl(shared, F_DUPFD_CLOEXEC, 0);
  else if (isDirect())
    descriptor = ::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  else
    try {
      temporary = std::make_unique<Temporary>(Temporary::Kind::File, folder());
      descriptor = temporary->release();
    } catch (const std::system_error &problem) {
      fail(problem.code().value());
    }
  if (descriptor < 0)
    fail(errno);
}

void OutputFile::write(const void *data, size_t size) {
  if (descriptor < 0)
    open();
  if (int problem = writeAll(descriptor, static_cast<const char *>(data), size))
    fail(problem);
}

/// Gives a new file the owner, as far as that may be, and the modes of the one that it replaces.
void OutputFile::keepModes(const std::string &finished, bool isExecutable) const {
  if (!isThere)
    return;
  mode_t mode = status.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
  if (isExecutable)
    mode |= (mode & (S_IRUSR | S_IRGRP | S_IROTH)) >> 2;
  [[maybe_unused]] int mayBeRefused = ::chown(finished.c_str(), status.st_uid, status.st_gid);
  if (::chmod(finished.c_str(), mode) != 0)
    fail(errno);
}

void OutputFile::commit() {
  if (descriptor < 0)
    open();
  int result = ::close(std::exchange(descriptor, -1));
  if (result != 0)
    fail(errno);
  if (!temporary)
    return;
  keepModes(temporary->path(), /*isExecutable=*/false);
  try {
    temporary->keepAs(target);
  } catch (const std::system_error &problem) {
    fail(problem.code().value());
  }
}

void OutputFile::adopt(const std::string &finished, bool isExecutable) {
  look();
  if (isDirect()) {
    copy(finished);
    return commit();
  }
  keepModes(finished, isExecutable);
  if (::rename(finished.c_str(), target.c_str()) != 0)
    fail(errno);
}

void OutputFile::copy(const std::string &finished) {
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> source(std::fopen(finished.c_str(), "rbe"), std::fclose);
  if (!source)
    fail(errno);
  std::array<char, 1 << 16> bytes;
  while (size_t size = std::fread(bytes.data(), 1, bytes.size(), source.get()))
    write(bytes.data(), size);
  if (std::ferror(source.get()))
    fail(errno);
}
