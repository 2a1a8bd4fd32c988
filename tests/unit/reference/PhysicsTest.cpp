//===- PhysicsTest.cpp - Facts that hold whatever the implementation ------===//
//
// What is known about these models from elsewhere: the tower property of posterior means, the Kesten-Stigum
// threshold of reconstruction on trees. Random draws are seeded; tolerances are several standard errors.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/Reference.h"
#include "tests/unit/reference/RandomModel.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

using namespace espalier;
using namespace espalier::reference;
using namespace espalier::test;

namespace {

double normal(std::mt19937_64 &random) {
  return std::sqrt(-2 * std::log(1 - uniform(random))) * std::cos(2 * std::numbers::pi * uniform(random));
}

/// Mean posterior probability of the root's true state when all leaves are seen.
double rootRecovery(const Model &model, int draws) {
  std::mt19937_64 random(1);
  const Reference reference(model);
  double sum = 0;
  for (int i = 0; i < draws; ++i) {
    const auto nodes = sampleNodes(model, random);
    const std::vector<int32_t> symbols(nodes.back().begin(), nodes.back().end());
    sum += reference.infer(symbolFields(model, symbols)).posteriors[0][nodes[0][0]];
  }
  return sum / draws;
}

} // namespace

TEST_CASE("posterior means satisfy E[m^2] = E[m x]") {
  const Model model = pottsModel(3, 2, 3, 0.6);
  const Reference reference(model);
  std::mt19937_64 random(2);
  const int draws = 2000;
  const double sigma = 0.8;
  double squares = 0, products = 0;
  for (int i = 0; i < draws; ++i) {
    const auto nodes = sampleNodes(model, random);
    std::vector<double> z;
    for (int64_t state : nodes.back())
      z.push_back(model.values[state] + sigma * normal(random));
    const Beliefs beliefs = reference.infer(gaussianFields(model, z, 1, sigma));
    for (size_t v = 0; v < z.size(); ++v) {
      squares += beliefs.means[v] * beliefs.means[v];
      products += beliefs.means[v] * model.values[nodes.back()[v]];
    }
  }
  const double terms = draws * static_cast<double>(model.leaves());
  // m (m - x) has a standard deviation below 0.5 and leaves of one draw are dependent: below 0.5 / sqrt(2000).
  REQUIRE(std::abs(squares - products) / terms < 0.02);
  REQUIRE(squares / terms > 0.2);
}

TEST_CASE("the root is recoverable above the Kesten-Stigum threshold and lost below") {
  // S = 2, m = 2: threshold r = 0.7071. What the root's posterior keeps beyond guessing fades with depth below it.
  const double shallowBelow = rootRecovery(pottsModel(2, 2, 3, 0.5), 400) - 0.5;
  const double deepBelow = rootRecovery(pottsModel(2, 2, 9, 0.5), 400) - 0.5;
  const double deepAbove = rootRecovery(pottsModel(2, 2, 9, 0.9), 400) - 0.5;
  REQUIRE(shallowBelow > 0.03);
  REQUIRE(deepBelow < 0.25 * shallowBelow);
  REQUIRE(deepAbove > 0.25);
}

TEST_CASE("an edge's pairwise belief has the marginals of its ends") {
  // Through the chain rule: P(child | evidence) from P(root | evidence) with one child alone below the root.
  const Model model = randomModel({{3, 4}, {1}, {Sharing::Rank}}, 4);
  const std::vector<double> weights = {0.3, 2, 0, 1.1};
  const Beliefs beliefs = Reference(model).infer(softFields(model, weights));
  std::vector<double> pair(12);
  double total = 0;
  for (int i = 0; i < 12; ++i)
    total += pair[i] = model.prior[i / 4] * model.levels[0].kernel[i] * weights[i % 4];
  for (int s = 0; s < 3; ++s)
    REQUIRE(beliefs.posteriors[0][s] ==
            Approx((pair[4 * s] + pair[4 * s + 1] + pair[4 * s + 2] + pair[4 * s + 3]) / total).epsilon(1e-14));
  for (int a = 0; a < 4; ++a)
    REQUIRE(beliefs.posteriors[1][a] == Approx((pair[a] + pair[4 + a] + pair[8 + a]) / total).epsilon(1e-14));
}
