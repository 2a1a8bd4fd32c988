//===- Temporary.h - Files that go away unless they are kept --------*- C++ -*-===//
//
// What is not finished yet stands in files and folders of names that nobody else has. Their owners remove them; where
// INT, TERM or HUP ends the process before, the signal's handler does, and it ends the programs that were started too.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_TEMPORARY_H
#define ESPALIER_RUNTIME_TEMPORARY_H

#include <string>

#include <signal.h>
#include <sys/types.h>

namespace espalier::runtime {

/// For main(): from here on INT, TERM and HUP leave nothing behind before they end the process; those that it ignores
/// it goes on to ignore. What a pipe's reader, a limit on the size of files or a closed standard stream keeps from
/// being written becomes an error of write() instead of a signal or bytes in another file.
void leaveNothingBehind();

/// While one lives, no signal ends the process: this thread does not take it, and another thread's handler waits.
class Uninterrupted {
public:
  Uninterrupted();
  ~Uninterrupted();
  Uninterrupted(const Uninterrupted &) = delete;
  Uninterrupted &operator=(const Uninterrupted &) = delete;

private:
  sigset_t before;
};

/// The processes that end with this one, 0 for none. To be called while an Uninterrupted lives.
void setChildGroup(pid_t group);

/// A file, or a folder without folders, that is removed at the end of its life.
class Temporary {
public:
  enum class Kind { File, Folder };

  /// Makes it, empty and under a new name, inside `folder`. Throws std::system_error where that fails.
  Temporary(Kind kind, const std::string &folder);
  ~Temporary();
  Temporary(const Temporary &) = delete;
  Temporary &operator=(const Temporary &) = delete;

  const std::string &path() const { return name; }
  /// Of a file, open for writing; -1 once release() was called.
  int descriptor() const { return opened; }
  /// Hands the descriptor to the caller, who closes it.
  int release();
  /// Gives the file its final name, in place of what has it now. Throws std::system_error where that fails.
  void keepAs(const std::string &target);

  /// Removes all that there are; for the handler of a signal that ends the process.
  static void removeAll();

private:
  bool make();
  void remove() const;
  void forget();

  Kind kind;
  std::string name;
  int opened = -1;
  Temporary *next = nullptr; ///< of all that there are
};

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_TEMPORARY_H
