//===- FileTest.cpp - Files that appear only when complete ----------*- C++ -*-===//
//
// What an output may be, what it leaves as it was, and what is left where a signal ends the process.
//
//===----------------------------------------------------------------------===//

#include "TempDirectory.h"

#include "runtime/Error.h"
#include "runtime/File.h"

#include <catch2/catch.hpp>

#include <array>
#include <sstream>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace espalier::runtime;
using namespace espalier::runtime::tests;

namespace {

std::string contentOf(const std::string &path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void writeText(OutputFile &file, const std::string &text) { file.write(text.data(), text.size()); }

void writeFile(const std::string &path, const std::string &text) {
  OutputFile file(path);
  writeText(file, text);
  file.commit();
}

int modesOf(const std::string &path) {
  struct stat status;
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

std::string writingError(const std::string &path) {
  try {
    writeFile(path, "text");
  } catch (const Error &problem) {
    return problem.what();
  }
  return "no error";
}

/// How a child ends that runs `work`: the signal, or 0.
template <typename Work> int signalThatEnds(Work work) {
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/// A limit on the size of files for its lifetime, told by write() and not by a signal.
class SizeLimit {
public:
  explicit SizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit = {bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    handler = ::signal(SIGXFSZ, SIG_IGN);
  }
  ~SizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, handler);
  }

private:
  rlimit before;
  sighandler_t handler;
};

} // namespace

TEST_CASE("file: it appears on commit, in place of what was there", "[file]") {
  TempDirectory directory;
  std::string path = directory.write("a", "old");
  {
    OutputFile file(path);
    CHECK(directory.fileCount() == 1); // Looking writes nothing.
    writeText(file, "new");
    CHECK(contentOf(path) == "old");
  }
  CHECK(contentOf(path) == "old");
  CHECK(directory.fileCount() == 1);
  writeFile(path, "new");
  CHECK(contentOf(path) == "new");
  OutputFile(directory.path("empty")).commit();
  CHECK(contentOf(directory.path("empty")).empty());
  CHECK(directory.fileCount() == 2);
}

TEST_CASE("file: two of one name are both whole, and the last one stays", "[file]") {
  TempDirectory directory;
  OutputFile first(directory.path("a")), second(directory.path("a"));
  writeText(first, "first");
  writeText(second, "second");
  first.commit();
  CHECK(contentOf(directory.path("a")) == "first");
  second.commit();
  CHECK(contentOf(directory.path("a")) == "second");
  CHECK(directory.fileCount() == 1);
}

TEST_CASE("file: what cannot be written is said when it is looked at", "[file]") {
  TempDirectory directory;
  std::string file = directory.write("file", "text");
  auto look = [](const std::string &path) { OutputFile looked(path); };
  CHECK_THROWS_WITH(look(""), "error: an output expects the name of a file, got an empty one");
  CHECK_THROWS_WITH(look(directory.path("")), directory.path("") + ": error: cannot be written: is a directory");
  CHECK_THROWS_WITH(look(directory.path("no/a")),
                    directory.path("no/a") + ": error: cannot be written: no such directory: " + directory.path("no"));
  CHECK_THROWS_WITH(look(directory.path("no/")), Catch::Contains("no such directory"));
  CHECK_THROWS_WITH(look(file + "/a"), file + "/a: error: cannot be written: not a directory");
  CHECK_THROWS_WITH(look(directory.path(std::string(300, 'a'))), Catch::Contains("file name too long"));
  CHECK_THROWS_WITH(look("/proc/self/exe"), Catch::Contains("it is the program that is running"));
  std::filesystem::create_symlink("loop", directory.path("loop"));
  CHECK_THROWS_WITH(look(directory.path("loop")), Catch::Contains("too many levels of symbolic links"));
  CHECK(directory.fileCount() == 2);
}

TEST_CASE("file: one that is read-only is not replaced, whoever asks", "[file]") {
  TempDirectory directory;
  std::string path = directory.write("a", "kept");
  std::filesystem::create_symlink("a", directory.path("link"));
  REQUIRE(::chmod(path.c_str(), 0444) == 0);
  for (const std::string &name : {path, directory.path("link")})
    CHECK(writingError(name) == name + ": error: cannot be written: it is read-only");
  CHECK(contentOf(path) == "kept");
}

TEST_CASE("file: modes are kept, and new files have the usual ones", "[file]") {
  TempDirectory directory;
  std::string path = directory.write("a", "old");
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  writeFile(path, "new");
  CHECK(modesOf(path) == 0640);
  mode_t before = ::umask(027);
  writeFile(directory.path("b"), "new");
  ::umask(before);
  CHECK(modesOf(directory.path("b")) == 0640);
}

TEST_CASE("file: a finished file is adopted with the modes of the one that it replaces", "[file]") {
  TempDirectory directory;
  for (auto [old, isExecutable, expected] :
       {std::tuple{0640, true, 0750}, {0640, false, 0640}, {0604, true, 0705}, {04755, true, 0755}}) {
    std::string path = directory.write("a", "old");
    REQUIRE(::chmod(path.c_str(), static_cast<mode_t>(old)) == 0);
    {
      OutputFile file(path);
      std::unique_ptr<Temporary> folder = file.makeScratch();
      std::ofstream(folder->path() + "/finished") << "new";
      file.adopt(folder->path() + "/finished", isExecutable);
    }
    CHECK(contentOf(path) == "new");
    CHECK(modesOf(path) == expected);
    CHECK(directory.fileCount() == 1);
    std::filesystem::remove(path);
  }
}

TEST_CASE("file: writing goes through links, to files that are there or not", "[file]") {
  TempDirectory directory, other;
  std::filesystem::create_symlink(other.path("target"), directory.path("first"));
  std::filesystem::create_symlink("first", directory.path("second"));
  for (const char *text : {"one", "two"}) {
    writeFile(directory.path("second"), text);
    CHECK(contentOf(other.path("target")) == text);
  }
  CHECK(std::filesystem::is_symlink(directory.path("first")));
  CHECK(std::filesystem::is_symlink(directory.path("second")));
  CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(other.path("target"))));
  CHECK(directory.fileCount() == 2);
}

TEST_CASE("file: pipes and devices are written to and stay what they are", "[file]") {
  TempDirectory directory;
  std::string path = directory.path("pipe");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  int reader = ::open(path.c_str(), O_RDWR);
  for (bool adopts : {false, true}) {
    OutputFile file(path);
    CHECK(file.isDirect());
    if (adopts)
      file.adopt(directory.write("finished", "text"), /*isExecutable=*/true);
    else
      writeFile(path, "text");
    std::array<char, 16> bytes;
    CHECK(::read(reader, bytes.data(), bytes.size()) == 4);
  }
  ::close(reader);
  CHECK(std::filesystem::is_fifo(path));
  CHECK(writingError("/dev/full") == "/dev/full: error: cannot be written: no space left on device");
}

TEST_CASE("file: the name of an open descriptor is that descriptor", "[file]") {
  TempDirectory directory;
  std::string path = directory.write("a", "");
  int descriptor = ::open(path.c_str(), O_WRONLY);
  REQUIRE(::write(descriptor, "before ", 7) == 7);
  writeFile("/dev/fd/" + std::to_string(descriptor), "text");
  REQUIRE(::write(descriptor, " after", 6) == 6);
  ::close(descriptor);
  CHECK(contentOf(path) == "before text after");
  int readable = ::open(path.c_str(), O_RDONLY);
  CHECK_THROWS_WITH(OutputFile("/proc/self/fd/" + std::to_string(readable)), Catch::Contains("bad file descriptor"));
  ::close(readable);
}

TEST_CASE("file: a file that does not fit leaves the earlier one", "[file]") {
  TempDirectory directory;
  std::string path = directory.write("a", "old");
  {
    SizeLimit limit(1000);
    CHECK_THROWS_WITH(writeFile(path, std::string(2000, 'x')), path + ": error: cannot be written: file too large");
  }
  CHECK(contentOf(path) == "old");
  CHECK(directory.fileCount() == 1);
}

TEST_CASE("file: what is one file under two names", "[file]") {
  TempDirectory directory;
  std::string path = directory.write("a", "text");
  std::filesystem::create_symlink("a", directory.path("link"));
  std::filesystem::create_hard_link(path, directory.path("hard"));
  std::filesystem::create_symlink("new", directory.path("dangling"));
  std::filesystem::create_directory(directory.path("folder"));
  for (const char *name : {"a", "./a", "folder/../a", "link", "hard"})
    CHECK(isSameFile(path, directory.path(name)));
  for (const char *name : {"new", "./new", "folder/../new", "dangling"})
    CHECK(isSameFile(directory.path("new"), directory.path(name)));
  CHECK_FALSE(isSameFile(path, directory.path("new")));
  CHECK_FALSE(isSameFile(directory.path("new"), directory.path("folder/new")));
  CHECK_FALSE(isSameFile(directory.path("none/a"), directory.path("none/a")));
  CHECK_FALSE(isSameFile("/dev/null", "/dev/null"));
  OutputFile file(directory.path("link"));
  CHECK_THROWS_WITH(file.expectOther(path, "the input"),
                    directory.path("link") + ": error: cannot be written: it is the input " + path);
  file.expectOther(directory.path("new"), "the input");
}

TEST_CASE("file: names end as their content says", "[file]") {
  TempDirectory directory;
  std::filesystem::create_symlink("b.npy", directory.path("latest"));
  for (const char *name : {"a.npy", "latest"})
    OutputFile(directory.path(name)).expectEnding(".npy");
  OutputFile("/dev/null").expectEnding(".npy");
  for (const char *name : {"a.npz", "a.csv", "npy", "a.npy.txt", "2"})
    CHECK_THROWS_WITH(OutputFile(directory.path(name)).expectEnding(".npy"),
                      directory.path(name) + ": error: expects an output whose name ends in .npy");
}

TEST_CASE("file: a signal that ends the process leaves nothing", "[file]") {
  TempDirectory directory;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    int ended = signalThatEnds([&] {
      leaveNothingBehind();
      OutputFile file(directory.path("a"));
      writeText(file, "half");
      std::unique_ptr<Temporary> outer = file.makeScratch(), empty = file.makeScratch();
      Temporary inner(Temporary::Kind::Folder, outer->path());
      for (int i = 0; i < 200; ++i)
        std::ofstream(inner.path() + "/" + std::to_string(i) + std::string(100, 'x')) << "text";
      ::raise(signal);
    });
    CHECK(ended == signal);
    CHECK(directory.fileCount() == 0);
  }
}

TEST_CASE("file: a signal that is ignored goes on to be", "[file]") {
  TempDirectory directory;
  int ended = signalThatEnds([&] {
    ::signal(SIGHUP, SIG_IGN);
    leaveNothingBehind();
    ::raise(SIGHUP);
    writeFile(directory.path("a"), "text");
  });
  CHECK(ended == 0);
  CHECK(contentOf(directory.path("a")) == "text");
}

TEST_CASE("file: a signal waits for what must not be interrupted", "[file]") {
  TempDirectory directory;
  int ended = signalThatEnds([&] {
    leaveNothingBehind();
    Uninterrupted guard;
    ::raise(SIGTERM);
    std::ofstream(directory.path("done")) << "done";
  });
  CHECK(ended == SIGTERM);
  CHECK(contentOf(directory.path("done")) == "done");
}

TEST_CASE("file: what was started ends with the process", "[file]") {
  std::array<int, 2> alive;
  REQUIRE(::pipe(alive.data()) == 0);
  int ended = signalThatEnds([&] {
    leaveNothingBehind();
    pid_t program = ::fork();
    ::setpgid(program, program);
    if (program == 0) {
      if (::fork() == 0) // Its own child holds the pipe too.
        (void)!::write(alive[1], "x", 1);
      for (;;)
        ::pause();
    }
    char byte;
    (void)!::read(alive[0], &byte, 1);
    {
      Uninterrupted guard;
      setChildGroup(program);
    }
    ::raise(SIGINT);
  });
  CHECK(ended == SIGINT);
  ::close(alive[1]);
  char byte;
  CHECK(::read(alive[0], &byte, 1) == 0); // Nobody holds the other end.
  ::close(alive[0]);
}
