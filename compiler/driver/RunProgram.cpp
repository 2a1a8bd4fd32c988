//===- RunProgram.cpp - Other programs ------------------------------------===//
//
// What a program prints goes to memory: there may be no room left for it on any disk, and then it says just that.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/RunProgram.h"

#include "runtime/Error.h"
#include "runtime/Temporary.h"

#include <array>
#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace espalier {
namespace {

/// Pointers as the system wants them, with a null behind the last.
std::vector<char *> pointersTo(const std::vector<std::string> &words) {
  std::vector<char *> pointers;
  for (const std::string &word : words)
    pointers.push_back(const_cast<char *>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environmentWith(const std::string &folder) {
  std::vector<std::string> variables = {"LC_ALL=C", "TMPDIR=" + folder};
  for (char **variable = environ; *variable; ++variable)
    if (std::string_view text(*variable); !text.starts_with("LC_ALL=") && !text.starts_with("TMPDIR="))
      variables.emplace_back(text);
  return variables;
}

std::string contentOf(int file) {
  std::string content;
  std::array<char, 4096> bytes;
  while (ssize_t size = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(content.size()))) {
    if (size < 0)
      break;
    content.append(bytes.data(), static_cast<size_t>(size));
  }
  return content;
}

/// A process group of its own, which a signal to this process ends as a whole, and signals as programs expect them.
class Attributes {
public:
  Attributes() {
    sigset_t none, pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
  }
  ~Attributes() { posix_spawnattr_destroy(&attributes); }
  Attributes(const Attributes &) = delete;
  Attributes &operator=(const Attributes &) = delete;

  posix_spawnattr_t attributes;
};

/// Nothing to read, and `output` for all that is printed.
class Streams {
public:
  explicit Streams(int output) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  }
  ~Streams() { posix_spawn_file_actions_destroy(&actions); }
  Streams(const Streams &) = delete;
  Streams &operator=(const Streams &) = delete;

  posix_spawn_file_actions_t actions;
};

/// Starts the program; the signal's handler knows it as soon as it is there.
pid_t start(const std::vector<std::string> &command, const std::string &folder, int output) {
  Attributes attributes;
  Streams streams(output);
  std::vector<std::string> environment = environmentWith(folder);
  pid_t program = 0;
  runtime::Uninterrupted guard;
  int code = ::posix_spawn(&program, command.front().c_str(), &streams.actions, &attributes.attributes,
                           pointersTo(command).data(), pointersTo(environment).data());
  if (code != 0)
    throw runtime::Error(command.front(), "cannot be started: " + runtime::systemReason(code));
  runtime::setChildGroup(program);
  return program;
}

/// The program's status; its number is not given away before the signal's handler has forgotten it.
int waitFor(pid_t program) {
  siginfo_t information;
  while (::waitid(P_PID, static_cast<id_t>(program), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR)
    ;
  int status = 0;
  runtime::Uninterrupted guard;
  ::waitpid(program, &status, 0);
  runtime::setChildGroup(0);
  return status;
}

} // namespace

FinishedProgram runProgram(const std::vector<std::string> &command, const std::string &folder) {
  int output = ::memfd_create("words", MFD_CLOEXEC);
  if (output < 0)
    throw runtime::Error(command.front(), "cannot be started: " + runtime::systemReason(errno));
  pid_t program = start(command, folder, output);
  int status = waitFor(program);
  FinishedProgram finished = {WIFEXITED(status) && WEXITSTATUS(status) == 0, contentOf(output)};
  ::close(output);
  if (WIFSIGNALED(status))
    finished.words += "signal " + std::to_string(WTERMSIG(status)) + " ended it";
  return finished;
}

} // namespace espalier
