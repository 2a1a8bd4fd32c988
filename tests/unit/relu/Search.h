//===- Search.h - Models, and evidence that makes errors large ----*- C++ -*-===//
//
// Kernels of the paper's kind, measured errors of a network, and a search that climbs to evidence for which they are as
// large as it can make them: what certificates are held against.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_RELU_SEARCH_H
#define ESPALIER_TESTS_UNIT_RELU_SEARCH_H

#include "compiler/analysis/relu/ReluNetwork.h"
#include "tests/unit/analysis/Propagate.h"
#include "tests/unit/analysis/RandomModel.h"

namespace espalier::test {

struct TreeOptions {
  std::vector<int64_t> branching; ///< level 1..L
  std::vector<int64_t> states;    ///< level 0..L
  double mix = 0.2;               ///< kernels are (1 - mix) Dirichlet(3) + mix / S
  double zeros = 0;               ///< probability of an entry 0, but for the last level's
};

Model randomTree(uint64_t seed, const TreeOptions &options);

/// m children each, S states on every level.
TreeOptions regularTree(int64_t states, int64_t depth, int64_t ranks);

struct MeasuredErrors {
  double classify = 0, denoise = 0, marginals = 0;
  double rootOscillation = 0;
  void maximize(const MeasuredErrors &other);
};

/// Belief propagation on log messages of leaves.
Beliefs<long double> exactBeliefs(const Model &model, const Messages<double> &leaves);

enum class NumberType { Float, Double, LongDouble };

/// Of the network on log messages of leaves, against belief propagation on the model in long double.
MeasuredErrors measure(const Model &model, const ReluNetwork &network, const Messages<double> &leaves, NumberType type,
                       bool merged);

/// Random log messages of the options' kind, maximum 0, log 0 as -1e30.
Messages<double> randomLeaves(const Model &model, const ReluOptions &options, std::mt19937_64 &random);

/// Climbs from random starts, one leaf at a time: the largest of each error that was met. `steps` evaluations.
MeasuredErrors climb(const Model &model, const ReluNetwork &network, const ReluOptions &options, NumberType type,
                     int steps, uint64_t seed);

} // namespace espalier::test

#endif // ESPALIER_TESTS_UNIT_RELU_SEARCH_H
