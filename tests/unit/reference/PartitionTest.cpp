//===- PartitionTest.cpp - Normalizer and conditionals by definition ------===//
//
// computePartition against explicit sums over the joint, with the position dependence that each sharing implies.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Partition.h"
#include "compiler/reference/Reference.h"
#include "tests/unit/reference/RandomModel.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace espalier;
using namespace espalier::test;

namespace {

/// Sum over the subtree below `node` of level l whose own state is `a`, by plain recursion in linear numbers.
double mass(const Model &model, int64_t l, int64_t node, int64_t a) {
  double product = 1;
  for (int64_t i = 0; l < model.depth() && i < model.ranks(l + 1); ++i) {
    const int64_t child = node * model.ranks(l + 1) + i;
    double sum = 0;
    for (int64_t b = 0; b < model.states(l + 1); ++b)
      sum += model.kernel(l + 1, child)[a * model.states(l + 1) + b] * mass(model, l + 1, child, b);
    product *= sum;
  }
  return product;
}

void requireConditionals(const Model &model, const Partition &partition) {
  for (int64_t l = 1; l <= model.depth(); ++l) {
    const Partition::Conditional &conditional = partition.conditionals[l - 1];
    const int64_t parentStates = model.states(l - 1), states = model.states(l);
    REQUIRE(int64_t(conditional.table.size()) == conditional.count * parentStates * states);
    for (int64_t v = 0; v < model.nodes(l); ++v)
      for (int64_t a = 0; a < parentStates; ++a) {
        double total = 0;
        for (int64_t b = 0; b < states; ++b)
          total += model.kernel(l, v)[a * states + b] * mass(model, l, v, b);
        for (int64_t b = 0; b < states; ++b) {
          const double expected = model.kernel(l, v)[a * states + b] * mass(model, l, v, b) / total;
          const double found = conditional.table[((v % conditional.count) * parentStates + a) * states + b];
          REQUIRE(std::abs(found - expected) <= 1e-14);
        }
      }
  }
}

} // namespace

TEST_CASE("partition, root marginal and conditionals equal sums over the joint") {
  const double zeros = GENERATE(0.0, 0.4);
  const uint64_t seed = GENERATE(1, 2, 3, 4);
  const ModelShape shape =
      GENERATE(ModelShape{{2, 3}, {3}, {rank}}, ModelShape{{3, 2, 2}, {2, 3}, {rank, level}},
               ModelShape{{2, 3, 5}, {3, 2}, {level, rank}}, ModelShape{{3, 2, 3, 2}, {2, 1, 3}, {rank, none, level}},
               ModelShape{{2, 1, 5, 3}, {5, 2, 2}, {none, rank, rank}},
               ModelShape{{2, 2, 3, 2, 2}, {1, 3, 1, 2}, {level, rank, level, none}}, ModelShape{{1, 1}, {1}, {none}});
  ModelShape withZeros = shape;
  withZeros.zeros = zeros;
  const Model model = randomModel(withZeros, seed);
  const Partition partition = computePartition(model);
  double z = 0;
  for (int64_t s = 0; s < model.rootStates; ++s)
    z += model.prior[s] * mass(model, 0, 0, s);
  REQUIRE(partition.logZ == Approx(std::log(z)).epsilon(1e-14).margin(1e-14));
  REQUIRE(int64_t(partition.root.size()) == model.rootStates);
  for (int64_t s = 0; s < model.rootStates; ++s)
    REQUIRE(std::abs(partition.root[s] - model.prior[s] * mass(model, 0, 0, s) / z) <= 1e-14);
  requireConditionals(model, partition);
}

TEST_CASE("conditionals depend on the position only where they must") {
  auto counts = [](std::vector<Sharing> sharing) {
    std::vector<int64_t> result;
    for (const auto &conditional : computePartition(randomModel({{2, 2, 2, 2}, {2, 3, 5}, sharing}, 9)).conditionals)
      result.push_back(conditional.count);
    return result;
  };
  REQUIRE(counts({rank, rank, rank}) == std::vector<int64_t>{2, 3, 5});
  REQUIRE(counts({level, rank, level}) == std::vector<int64_t>{1, 3, 1});
  REQUIRE(counts({none, rank, level}) == std::vector<int64_t>{2, 3, 1});
  REQUIRE(counts({level, none, rank}) == std::vector<int64_t>{2, 6, 5});
  REQUIRE(counts({level, rank, none}) == std::vector<int64_t>{2, 6, 30});
}

TEST_CASE("the partition of a deep tree agrees with the reference and costs nothing") {
  // 5^25 leaves: log Z is the number of edges times log 3 when every row sums to 3.
  Model model = pottsModel(3, 5, 25, 0.8);
  for (Level &l : model.levels)
    for (double &entry : l.kernel)
      entry *= 3;
  double edges = 0;
  for (int64_t l = 1; l <= 25; ++l)
    edges += static_cast<double>(model.nodes(l));
  REQUIRE(computePartition(model).logZ == Approx(edges * std::log(3.0)).epsilon(1e-15));
}

TEST_CASE("the partition of a wide level goes by kinds of children, of which there is one") {
  Model model = pottsModel(3, 1, 1, 0.8);
  model.levels[0].patch = {2147483647};
  for (double &entry : model.levels[0].kernel)
    entry *= 3;
  REQUIRE(computePartition(model).logZ == Approx(2147483647 * std::log(3.0)).epsilon(1e-15));
}

TEST_CASE("a row without mass gets the uniform conditional") {
  Model model = randomModel({{2, 4}, {1}, {rank}}, 3);
  for (int b = 0; b < 4; ++b)
    model.levels[0].kernel[b] = 0;
  const Partition partition = computePartition(model);
  REQUIRE(partition.root == std::vector<double>{0, 1});
  const std::vector<double> &table = partition.conditionals[0].table;
  REQUIRE(std::vector<double>(table.begin(), table.begin() + 4) == std::vector<double>(4, 0.25));
}

TEST_CASE("the prior marginals of the reference are those of root and conditionals") {
  const Model model = randomModel({{3, 2, 3}, {2, 2}, {rank, none}}, 11);
  const Partition partition = computePartition(model);
  const reference::Beliefs beliefs = reference::Reference(model).infer(reference::missingFields(model));
  for (int64_t v = 0; v < 2; ++v)
    for (int64_t b = 0; b < 2; ++b) {
      double expected = 0;
      for (int64_t a = 0; a < 3; ++a)
        expected += partition.root[a] * partition.conditionals[0].table[(v * 3 + a) * 2 + b];
      REQUIRE(std::abs(beliefs.posteriors[1][v * 2 + b] - expected) <= 1e-15);
    }
}
