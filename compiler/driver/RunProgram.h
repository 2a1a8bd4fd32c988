//===- RunProgram.h - Other programs -----------------------------*- C++ -*-===//
//
// Starts a program and waits for it.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_RUNPROGRAM_H
#define ESPALIER_COMPILER_DRIVER_RUNPROGRAM_H

#include <string>
#include <vector>

namespace espalier {

struct FinishedProgram {
  bool succeeded = false;
  std::string words; ///< what it printed, or that a signal ended it
};

/// Runs `command`, a path and its arguments, to its end with nothing to read. The program speaks English and keeps its
/// own temporary files in `folder`; it and what it starts end with this process. Throws runtime::Error where it cannot
/// be started.
FinishedProgram runProgram(const std::vector<std::string> &command, const std::string &folder);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_RUNPROGRAM_H
