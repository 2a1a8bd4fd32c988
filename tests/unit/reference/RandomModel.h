//===- RandomModel.h - Models and evidence to test the oracle -----*- C++ -*-===//
//
// Builders of small models, by hand or at random, and of evidence for them. Everything follows from a seed.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_REFERENCE_RANDOMMODEL_H
#define ESPALIER_TESTS_UNIT_REFERENCE_RANDOMMODEL_H

#include "compiler/reference/Fields.h"

#include <random>

namespace espalier::test {

/// Kinds of sharing, as short as tables of models want them.
inline constexpr Sharing rank = Sharing::Rank, level = Sharing::Level, none = Sharing::None;

/// What a random model should look like.
struct ModelShape {
  std::vector<int64_t> states;  ///< root first
  std::vector<int64_t> ranks;   ///< level 1..L
  std::vector<Sharing> sharing; ///< level 1..L
  double zeros = 0;             ///< probability of an entry 0
};

/// A sequence model with unnormalised random kernels and prior and random scalar values.
Model randomModel(const ModelShape &shape, uint64_t seed);

/// K = r I + (1 - r)/S 11^T on every edge, uniform prior, `depth` levels of `ranks` children, one kernel per level.
Model pottsModel(int64_t states, int64_t ranks, int64_t depth, double r);

/// A uniform number in [0, 1), the same with every standard library.
double uniform(std::mt19937_64 &random);

/// Evidence of each kind; about a third of the leaves is missing.
reference::Fields randomSymbols(const Model &model, std::mt19937_64 &random);
reference::Fields randomSoft(const Model &model, std::mt19937_64 &random);
reference::Fields randomGaussian(const Model &model, std::mt19937_64 &random);

/// A draw of all nodes from a model with normalised kernels and prior; [l][node].
std::vector<std::vector<int64_t>> sampleNodes(const Model &model, std::mt19937_64 &random);

} // namespace espalier::test

#endif // ESPALIER_TESTS_UNIT_REFERENCE_RANDOMMODEL_H
