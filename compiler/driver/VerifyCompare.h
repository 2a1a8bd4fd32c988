//===- VerifyCompare.h - How far an answer is from the oracle's ---*- C++ -*-===//
//
// Distances between what the runtime returned for a batch, in the user's layout, and the oracle's beliefs about its
// samples, in rank order. A NaN or an infinity counts as the largest distance that there is.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_VERIFYCOMPARE_H
#define ESPALIER_COMPILER_DRIVER_VERIFYCOMPARE_H

#include "compiler/reference/Beliefs.h"
#include "compiler/reference/Fields.h"
#include "runtime/Cases.h"
#include "runtime/Tiles.h"

namespace espalier {

struct Deviation {
  double maxAbs = 0;
  double maxTv = 0;
  int64_t wrongFlags = 0;
};

/// What is compared: a query, and for marginals its level.
struct Question {
  runtime::Query query;
  int64_t level = -1;
};

/// For every node of level l in rank order its place in users' arrays: row-major pixel, or position. Written down
/// once more here, from the parsed model, so that the runtime's layout is checked along with everything else.
std::vector<int64_t> userPlaces(const Model &model, int64_t l);

/// Compares a batch. Output of samples that are truly impossible is unspecified, but must be finite.
Deviation compare(const Model &model, const Question &question, const runtime::Outcome &outcome,
                  const std::vector<reference::Beliefs> &beliefs);

/// Sample `index` of a case as the oracle takes it.
reference::Fields fieldsOf(const Model &model, const runtime::Case &drawn, int64_t index);

/// What one sample costs the oracle, roughly.
double oracleSecondsPerSample(const Model &model);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_VERIFYCOMPARE_H
