//===- Temporary.cpp - Files that go away unless they are kept ------*- C++ -*-===//
//
// The list of temporaries changes only while signals wait, so a handler finds it whole. Handlers call nothing but what
// POSIX allows them, and the kernel's own listing of a folder.
//
//===----------------------------------------------------------------------===//

#include "runtime/Temporary.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace espalier::runtime;

namespace {

constexpr int endingSignals[] = {SIGINT, SIGTERM, SIGHUP};

std::atomic<bool> busy = false;   ///< the list or the group is being changed, or the process is ending
Temporary *temporaries = nullptr; ///< the first of the list
pid_t childGroup = 0;

sigset_t endingSet() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : endingSignals)
    sigaddset(&set, signal);
  return set;
}

void waitUntilFree() {
  while (busy.exchange(true, std::memory_order_acquire))
    sched_yield();
}

/// Files of a folder one by one, until none is found: a listing may miss some while others go.
void removeFiles(int folder) {
  alignas(dirent64) char entries[4096];
  for (bool removed = true; removed;) {
    removed = false;
    ::lseek(folder, 0, SEEK_SET);
    ssize_t size;
    while ((size = ::getdents64(folder, entries, sizeof(entries))) > 0)
      for (ssize_t at = 0; at < size;) {
        auto *entry = reinterpret_cast<dirent64 *>(entries + at);
        removed |= ::unlinkat(folder, entry->d_name, 0) == 0;
        at += entry->d_reclen;
      }
  }
}

void removeFolder(const char *path) {
  int folder = ::open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder >= 0) {
    removeFiles(folder);
    ::close(folder);
  }
  ::rmdir(path);
}

/// Programs that children started become ours once those are gone: all are waited for, lest they write again.
void endChildren() {
  if (childGroup <= 0)
    return;
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::kill(-childGroup, SIGKILL);
  while (::waitpid(-childGroup, nullptr, 0) > 0 || errno == EINTR)
    ;
}

/// Twelve letters: nobody else has them, and nobody who has is overwritten.
std::string newName() {
  constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::string name = ".espalier-";
  for (int i = 0; i < 12; ++i)
    name += letters[random() % (sizeof(letters) - 1)];
  return name;
}

/// Ends the process by `signal`, as if nobody had handled it.
void endBy(int signal) {
  waitUntilFree(); // for good: nothing new is begun
  endChildren();
  Temporary::removeAll();
  struct sigaction usual = {};
  usual.sa_handler = SIG_DFL;
  ::sigaction(signal, &usual, nullptr);
  sigset_t set = endingSet();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
}

/// A file that is opened later must not become the standard output.
void holdStandardStreams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0)
      (void)::open("/dev/null", O_RDONLY);
}

} // namespace

void espalier::runtime::leaveNothingBehind() {
  holdStandardStreams();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  struct sigaction action = {}, before = {};
  action.sa_handler = endBy;
  action.sa_mask = endingSet();
  for (int signal : endingSignals)
    if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
      ::sigaction(signal, &action, nullptr);
}

Uninterrupted::Uninterrupted() {
  sigset_t set = endingSet();
  ::pthread_sigmask(SIG_BLOCK, &set, &before);
  waitUntilFree();
}

Uninterrupted::~Uninterrupted() {
  busy.store(false, std::memory_order_release);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void espalier::runtime::setChildGroup(pid_t group) { childGroup = group; }

Temporary::Temporary(Kind kind, const std::string &folder) : kind(kind) {
  constexpr int mostAttempts = 100;
  for (int attempt = 0; attempt < mostAttempts; ++attempt) {
    name = folder + "/" + newName();
    Uninterrupted guard;
    if (make()) {
      next = std::exchange(temporaries, this);
      return;
    }
    if (errno != EEXIST)
      break;
  }
  throw std::system_error(errno, std::system_category());
}

Temporary::~Temporary() {
  Uninterrupted guard;
  if (opened >= 0)
    ::close(opened);
  if (!name.empty())
    remove();
  forget();
}

void Temporary::removeAll() {
  for (Temporary *temporary = temporaries; temporary; temporary = temporary->next)
    temporary->remove();
}

bool Temporary::make() {
  if (kind == Kind::Folder)
    return ::mkdir(name.c_str(), 0700) == 0;
  opened = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  return opened >= 0;
}

void Temporary::remove() const {
  if (kind == Kind::Folder)
    removeFolder(name.c_str());
  else
    ::unlink(name.c_str());
}

/// Takes it out of the list.
void Temporary::forget() {
  for (Temporary **link = &temporaries; *link; link = &(*link)->next)
    if (*link == this) {
      *link = next;
      return;
    }
}

int Temporary::release() { return std::exchange(opened, -1); }

void Temporary::keepAs(const std::string &target) {
  Uninterrupted guard;
  if (::rename(name.c_str(), target.c_str()) != 0)
    throw std::system_error(errno, std::system_category());
  forget();
  name.clear();
}
