//===- Mutations.h - Networks that are not belief propagation ----*- C++ -*-===//
//
// One change each to a sound network. What comes out is well-formed IR, and no longer computes what it did.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_PROOF_MUTATIONS_H
#define ESPALIER_TESTS_UNIT_PROOF_MUTATIONS_H

#include "Models.h"

namespace espalier::proof::test {

struct Mutation {
  const char *name;
  Sketch model;
  bool cancelLogs;      ///< the network that is changed
  const char *function; ///< without "net_": "up_gaussian", "updown_soft", ...
  void (*apply)(mlir::func::FuncOp network);
};

std::vector<Mutation> allMutations();

} // namespace espalier::proof::test

#endif // ESPALIER_TESTS_UNIT_PROOF_MUTATIONS_H
