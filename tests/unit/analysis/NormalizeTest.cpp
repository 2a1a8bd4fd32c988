//===- NormalizeTest.cpp - Models prepared for floating point -------------===//
//
// prepareModel keeps the distribution, and makes every row a row of numbers of the precision that sum to exactly one.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Normalize.h"
#include "compiler/analysis/Partition.h"
#include "tests/unit/analysis/RandomModel.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::test;

namespace {

template <typename Real> bool rowsSumToOne(const Model &model) {
  for (int64_t l = 1; l <= model.depth(); ++l) {
    const std::vector<double> &kernel = model.levels[l - 1].kernel;
    for (size_t row = 0; row < kernel.size(); row += model.states(l)) {
      Real sum = 0;
      for (int64_t a = 0; a < model.states(l); ++a) {
        if (static_cast<double>(static_cast<Real>(kernel[row + a])) != kernel[row + a])
          return false;
        sum += static_cast<Real>(kernel[row + a]);
      }
      if (sum != 1)
        return false;
    }
  }
  return true;
}

/// Largest difference between the conditionals of two models.
double distance(const Model &a, const Model &b) {
  const Partition p = computePartition(a), q = computePartition(b);
  double worst = 0;
  for (size_t s = 0; s < p.root.size(); ++s)
    worst = std::max(worst, std::abs(p.root[s] - q.root[s]));
  for (size_t l = 0; l < p.conditionals.size(); ++l) {
    const auto &x = p.conditionals[l], &y = q.conditionals[l];
    const size_t most = std::max(x.table.size(), y.table.size());
    for (size_t i = 0; i < most; ++i)
      worst = std::max(worst, std::abs(x.table[i % x.table.size()] - y.table[i % y.table.size()]));
  }
  return worst;
}

} // namespace

TEST_CASE("rows sum to exactly one in the program's precision") {
  const uint64_t seed = GENERATE(range(0, 40));
  const double spread = GENERATE(0.5, 5.0, 30.0), zeros = GENERATE(0.0, 0.4);
  const Model model = randomModel(seed, {.spread = spread, .zeros = zeros, .most = 40});
  REQUIRE(rowsSumToOne<float>(prepareModel(model, Precision::F32).model));
  REQUIRE(rowsSumToOne<double>(prepareModel(model, Precision::F64).model));
}

TEST_CASE("the distribution stays what it was, up to rounding") {
  const uint64_t seed = GENERATE(range(0, 20));
  const double zeros = GENERATE(0.0, 0.4);
  const bool perEdge = GENERATE(false, true);
  const Model model = randomModel(seed, {.spread = 3, .zeros = zeros, .perEdge = perEdge});
  REQUIRE(distance(model, prepareModel(model, Precision::F64).model) < 1e-14);
  REQUIRE(distance(model, prepareModel(model, Precision::F32).model) < 1e-5);
}

TEST_CASE("the largest weight of the prior is one, or below two where kernels are potentials, and log Z is that of the "
          "prepared model") {
  const uint64_t seed = GENERATE(range(0, 10));
  const bool perEdge = GENERATE(false, true);
  const Precision precision = GENERATE(Precision::F32, Precision::F64);
  const PreparedModel prepared = prepareModel(randomModel(seed, {.spread = 8, .perEdge = perEdge}), precision);
  const double largest = *std::max_element(prepared.model.prior.begin(), prepared.model.prior.end());
  REQUIRE((perEdge ? largest >= 1 && largest < 2 : largest == 1));
  REQUIRE(prepared.logPartition ==
          Approx(computePartition(prepared.model).logZ).margin(precision == Precision::F32 ? 1e-5 : 1e-13));
}

TEST_CASE("potentials stay where conditionals would differ by node") {
  // One kernel for the whole first level, but nine different ones below: what level 1 says depends on the node.
  Model model = randomModel(1, {.spread = 2});
  model.levels.resize(2);
  model.levels[0] = {{3}, 2, Sharing::Level, std::vector<double>(model.rootStates * 2, 4.0)};
  model.levels[1] = {{3}, 2, Sharing::None, std::vector<double>(9 * 2 * 2, 1.0)};
  for (size_t i = 0; i < model.levels[1].kernel.size(); ++i)
    model.levels[1].kernel[i] = 1.0 + static_cast<double>(i % 7);
  model.values = {0, 1};
  const PreparedModel prepared = prepareModel(model, Precision::F64);
  REQUIRE(prepared.model.kernelCount(1) == 1);
  REQUIRE(prepared.model.levels[0].kernel == std::vector<double>(model.rootStates * 2, 1.0));
  REQUIRE(prepared.logPartition > 0);
  REQUIRE(distance(model, prepared.model) < 1e-14);
}

TEST_CASE("a root's weight that leaves the range of doubles keeps potentials as they are") {
  // P(root = 0) = (4/51)^400 < 1e-308.
  Model model;
  model.rootStates = 2;
  model.prior = {1, 1};
  model.levels = {{{400}, 2, Sharing::Level, {3, 1, 1, 50}}};
  model.values = {0, 1};
  REQUIRE_FALSE(computePartition(model).inRange);
  const PreparedModel prepared = prepareModel(model, Precision::F64);
  REQUIRE(prepared.model.prior == std::vector<double>{1, 1});
  REQUIRE(prepared.model.levels[0].kernel == std::vector<double>{3 / 32.0, 1 / 32.0, 1 / 32.0, 50 / 32.0});
  REQUIRE(prepared.representable);
  REQUIRE(prepared.logPartition == Approx(400 * std::log(51.0 / 32)).epsilon(1e-14));
}

TEST_CASE("a weight that a precision cannot hold is said not to be representable, and never becomes 0") {
  const double tiny = GENERATE(1e-39, 1e-46, 1e-300);
  Model model = randomModel(1, {.spread = 1});
  model.levels.resize(1);
  model.rootStates = 2;
  model.prior = {1, 1};
  model.levels[0] = {{2}, 2, Sharing::Level, {1, tiny, tiny, 1}};
  model.values = {0, 1};
  REQUIRE_FALSE(prepareModel(model, Precision::F32).representable);
  const PreparedModel prepared = prepareModel(model, Precision::F64);
  REQUIRE(prepared.representable);
  REQUIRE(prepared.model.levels[0].kernel[1] == Approx(tiny));
}

TEST_CASE("a matrix that spans more than the range of doubles keeps its least weight") {
  Model model = randomModel(1, {.spread = 1});
  model.levels.resize(1);
  model.rootStates = 2;
  model.prior = {1e-300, 1e154};
  model.levels[0] = {{2}, 2, Sharing::Level, {1e154, 1e-300, 1e-300, 1e154}};
  model.values = {0, 1};
  const PreparedModel prepared = prepareModel(model, Precision::F64);
  for (double weight : prepared.model.levels[0].kernel)
    REQUIRE(weight > 0);
  REQUIRE(prepared.model.prior[0] > 0);
}
