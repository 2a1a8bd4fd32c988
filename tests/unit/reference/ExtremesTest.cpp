//===- ExtremesTest.cpp - Nothing under- or overflows in the oracle -------===//
//
// Evidence and kernels far beyond the range of floating point, deep trees, and evidence of probability zero.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/Oracle.h"
#include "tests/unit/reference/RandomModel.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace espalier;
using namespace espalier::reference;
using namespace espalier::test;

namespace {

/// Both leaves copy the root.
Model copies(int64_t states) { return pottsModel(states, 2, 1, 1.0); }

void requireBalance(const Beliefs &beliefs) {
  REQUIRE_FALSE(beliefs.impossible);
  REQUIRE(beliefs.loglik == -2e6);
  for (const std::vector<double> &level : beliefs.posteriors)
    for (double probability : level)
      REQUIRE(std::abs(probability - 0.5) <= 1e-16);
}

} // namespace

TEST_CASE("two leaves that exclude each other by exp(-2e6) balance") {
  const Model model = copies(2);
  Fields fields = missingFields(model);
  fields.h = {0, -2e6L, -2e6L, 0};
  requireBalance(Reference(model).infer(fields));
  requireBalance(Enumeration(model).infer(fields));
}

TEST_CASE("far outliers on opposite sides balance") {
  // exp(+-2 z lambda / sigma^2) = exp(+-2e8) for and against each state.
  const Model model = copies(2);
  const std::vector<double> z = {1e4, -1e4};
  const Beliefs beliefs = Reference(model).infer(gaussianFields(model, z, 1, 0.01));
  REQUIRE(beliefs.posteriors[0] == std::vector<double>{0.5, 0.5});
}

TEST_CASE("an unlikely middle state wins where the likely ones exclude each other") {
  const Model model = copies(3);
  Fields fields = missingFields(model);
  fields.h = {0, -1e5L, -3e5L, -3e5L, -1e5L, 0};
  for (const Beliefs &beliefs : {Reference(model).infer(fields), Enumeration(model).infer(fields)}) {
    REQUIRE(beliefs.posteriors[0] == std::vector<double>{0, 1, 0});
    REQUIRE(beliefs.loglik == Approx(-2e5 - std::log(3.0)).epsilon(1e-15));
  }
}

TEST_CASE("contradicting symbols are impossible, never NaN") {
  const Model model = copies(3);
  const std::vector<int32_t> symbols = {0, 2};
  for (const Beliefs &beliefs :
       {Reference(model).infer(symbolFields(model, symbols)), Enumeration(model).infer(symbolFields(model, symbols))}) {
    REQUIRE(beliefs.impossible);
    REQUIRE(beliefs.loglik == -std::numeric_limits<double>::infinity());
    for (const std::vector<double> &level : beliefs.posteriors)
      for (double probability : level)
        REQUIRE(probability == 0);
    for (double mean : beliefs.means)
      REQUIRE(mean == 0);
  }
}

TEST_CASE("a leaf without any likelihood is impossible") {
  const Model model = pottsModel(2, 2, 3, 0.5);
  std::vector<double> weights(model.leaves() * 2, 1.0);
  weights[6] = weights[7] = 0;
  REQUIRE(Reference(model).infer(softFields(model, weights)).impossible);
}

TEST_CASE("kernels near the ends of double are only a scale") {
  Model model = randomModel({{2, 3, 2}, {2, 3}, {Sharing::Rank, Sharing::None}}, 5);
  std::mt19937_64 random(5);
  const Fields fields = randomSoft(model, random);
  const Beliefs before = Reference(model).infer(fields);
  for (double &entry : model.levels[0].kernel)
    entry *= 0x1p1000;
  for (double &entry : model.levels[1].kernel)
    entry *= 0x1p-1000;
  const Beliefs after = Reference(model).infer(fields);
  REQUIRE(std::abs(before.loglik - after.loglik) <= 1e-14);
  REQUIRE(before.means.size() == after.means.size());
  for (size_t v = 0; v < before.means.size(); ++v)
    REQUIRE(std::abs(before.means[v] - after.means[v]) <= 1e-15);
}

TEST_CASE("a tree with 2^14 leaves keeps its normalisation") {
  const Model model = pottsModel(3, 2, 14, 0.8);
  const Reference reference(model);
  REQUIRE(std::abs(reference.infer(missingFields(model)).loglik) <= 1e-15);
  // All leaves agree on state 1: every node of a level then favours it by the same ratio, a recursion in one number.
  const double off = 0.2 / 3, on = 0.8 + off;
  double ratio = (on / off) * (on / off);
  for (int l = 13; l >= 1; --l)
    ratio = std::pow((on * ratio + 2 * off) / (off * ratio + on + off), 2);
  const std::vector<int32_t> symbols(model.leaves(), 1);
  const Beliefs beliefs = reference.infer(symbolFields(model, symbols));
  REQUIRE(beliefs.posteriors[0][1] == Approx(ratio / (ratio + 2)).epsilon(1e-14));
  REQUIRE(std::abs(beliefs.posteriors[0][0] - beliefs.posteriors[0][2]) <= 1e-16);
  for (double mean : beliefs.means)
    REQUIRE(mean == 0);
}
