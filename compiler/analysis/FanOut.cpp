//===- FanOut.cpp - Where a node has many children ------------------------===//

#include "compiler/analysis/FanOut.h"

namespace espalier {

/// m siblings that look up their messages put a posterior off by at most m 2^-24: 4e-6 for this many.
static constexpr int64_t kMostSiblings = 64;

/// From so few children on, errors of different levels are forgotten faster than they add up.
static constexpr int64_t kFewSiblings = 8;

bool isWide(int64_t siblings) { return siblings > kMostSiblings; }

// 1000 times 2^-53 is 1e-13.
bool needsWeightsAsWritten(int64_t siblings) { return siblings > 1000; }

bool exceedsSinglePrecision(const Model &model) {
  int64_t together = 1;
  for (int64_t l = 1; l <= model.depth() && !isWide(together); ++l)
    if (model.ranks(l) > kFewSiblings)
      together *= model.ranks(l);
  return isWide(together);
}

} // namespace espalier
