//===- CommandLine.h - The commands that every model carries --------*- C++ -*-===//
//
// The command line of a compiled model, as a function: executables and tests call the same one.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_CLI_COMMANDLINE_H
#define ESPALIER_RUNTIME_CLI_COMMANDLINE_H

#include "runtime/ABI.h"

namespace espalier::runtime {

/// Exit codes: part of the published interface.
enum ExitCode {
  Done = 0,
  Wrong = 1,     ///< the model, the input or the command line is wrong
  Mismatch = 2,  ///< verification found a mismatch
  Impossible = 3 ///< the evidence of at least one sample has probability 0
};

/// Runs one command: results go to files and std::cout, one sentence per error to std::cerr. Never throws.
int runCommandLine(const EspalierModel &model, int argc, char **argv);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_CLI_COMMANDLINE_H
