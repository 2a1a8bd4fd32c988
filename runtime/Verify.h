//===- Verify.h - The network against the exact program -------------*- C++ -*-===//
//
// Runs both programs of a model on the same evidence (see Cases.h) and holds their answers against each other within
// the published tolerances. It needs nothing but the executable.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_VERIFY_H
#define ESPALIER_RUNTIME_VERIFY_H

#include "runtime/Array.h"
#include "runtime/Model.h"
#include "runtime/Tiles.h"

#include <cstdint>
#include <string>
#include <vector>

namespace espalier::runtime {

/// How far two answers are apart, over all samples that are possible in both.
struct Difference {
  double maxAbs = 0;     ///< largest absolute difference; for loglik relative to max(1, |loglik|)
  double maxTv = 0;      ///< largest total variation between two posteriors; 0 for other queries
  int64_t disagreed = 0; ///< samples that are impossible in one answer only

  void include(const Difference &other);
};

/// One query on one kind of evidence, the worst over all cases and levels.
struct Check {
  Query query = Query::Classify;
  EvidenceKind evidence = EvidenceKind::Symbol;
  Difference difference;
  double tolerance = 0;
  std::string worst; ///< the case, and level, of the largest difference
  bool pass = true;
};

/// Compares two answers to one query. A NaN counts as infinitely far.
Difference compare(const Model &model, Query query, const Outcome &left, const Outcome &right);

/// Draws n samples of every case. Throws Error where the model lacks one of the programs.
std::vector<Check> verify(const Model &model, int64_t n, uint64_t seed, const Progress &progress = {});

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_VERIFY_H
