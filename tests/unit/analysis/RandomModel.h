//===- RandomModel.h - Models with kernels of any range ----------*- C++ -*-===//
//
// Small random models for the tests of range analysis: entries are exp of a uniform number, so that kernels reach from
// nearly constant to far beyond what single precision can hold.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_ANALYSIS_RANDOMMODEL_H
#define ESPALIER_TESTS_UNIT_ANALYSIS_RANDOMMODEL_H

#include "compiler/analysis/Model.h"

#include <random>

namespace espalier::test {

struct RandomModelOptions {
  double spread = 1;    ///< logs of entries are uniform on [-spread, 0]
  double zeros = 0;     ///< probability of an entry 0
  int64_t most = 5;     ///< states per node, at most
  bool perEdge = false; ///< a kernel of its own on every edge of the last level
};

/// 1 to 3 levels of 1 to 3 children. The same for the same seed with every standard library.
Model randomModel(uint64_t seed, const RandomModelOptions &options);

/// A uniform number in [0, 1), the same with every standard library.
double uniform(std::mt19937_64 &random);

} // namespace espalier::test

#endif // ESPALIER_TESTS_UNIT_ANALYSIS_RANDOMMODEL_H
