//===- VerifyCommand.h - The command `espalier verify` -----------*- C++ -*-===//
//
// Compiles a model in both precisions, loads what came out, and holds every program and query against the oracle.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_VERIFYCOMMAND_H
#define ESPALIER_COMPILER_DRIVER_VERIFYCOMMAND_H

#include "compiler/driver/NetworkOptions.h"
#include "compiler/driver/Pipeline.h"

#include <cstdint>
#include <optional>
#include <string>

namespace espalier {

struct VerifyCommandOptions {
  std::string model;
  std::string net;  ///< a module with the network to verify in place of our own; only in its precision; empty: ours
  std::string json; ///< where the checks are written; empty: nowhere
  std::optional<int64_t> samples;
  uint64_t seed = 0;
  NetworkOptions network;
  NetOpt netOpt = NetOpt::Full;
  bool proof = false; ///< also prove by rewriting that the networks are the message-passing programs
};

/// Exit code: 0 all checks pass, 1 bad input (said on stderr), 2 a mismatch or a proof that fails (the worst check and
/// the first network that is not proved are named on stderr).
int verify(const VerifyCommandOptions &options);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_VERIFYCOMMAND_H
