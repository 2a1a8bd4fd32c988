//===- Sample.h - Drawing from a model ------------------------------*- C++ -*-===//
//
// Ancestral sampling (root from its prior, children from the conditional tables, top-down) and the channel that turns
// symbols into observations. Both are deterministic in the seed, whatever the number of threads.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_SAMPLE_H
#define ESPALIER_RUNTIME_SAMPLE_H

#include "runtime/Array.h"
#include "runtime/Model.h"

#include <cstdint>

namespace espalier::runtime {

struct Samples {
  Array symbols; ///< int32, n x the leaf level's shape
  Array roots;   ///< int32, n
};

/// Draws n samples of the model.
Samples sample(const Model &model, int64_t n, uint64_t seed, int threads = 0);

/// What the channel makes of `symbols` (int32, checked; -1 = missing): the symbols themselves, or
/// z = lambda * e(x) + sigma * noise of the model's dtype with NaN where missing. sigma >= 0.
Array observe(const Model &model, const Array &symbols, double lambda, double sigma, uint64_t seed, int threads = 0);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_SAMPLE_H
