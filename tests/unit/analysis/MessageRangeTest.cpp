//===- MessageRangeTest.cpp - Bounds that hold, decisions that are right --===//
//
// Range analysis against messages: for random kernels and random evidence every claimed bound must hold, and where the
// linear domain is said to be exact, running it in single precision with the chosen normalizations must give the
// answers of long double.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Normalize.h"
#include "tests/unit/analysis/Propagate.h"
#include "tests/unit/analysis/RandomModel.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::test;

namespace {

constexpr int kDraws = 20;

/// Leaf messages of a kind: one-hot or all ones; or of any ratio, with zeros, the largest entry 1.
Messages<long double> randomLeaves(const Model &model, LeafMessages kind, std::mt19937_64 &random) {
  Messages<long double> leaves;
  const auto states = static_cast<uint64_t>(model.leafStates());
  const double reach = std::exp(8 * uniform(random)) - 1; // logs down to -3000, most of them far less
  for (int64_t v = 0; v < model.leaves(); ++v) {
    leaves.emplace_back(states, uniform(random) < 0.3 ? 1.0L : 0.0L);
    if (kind == LeafMessages::Any)
      for (long double &entry : leaves.back())
        entry = uniform(random) < 0.2 ? 0.0L : std::exp(-static_cast<long double>(reach * uniform(random)));
    leaves.back()[random() % states] = 1;
  }
  return leaves;
}

/// log(largest / least) over the non-zero entries.
long double ratio(const std::vector<long double> &message) {
  long double least = 0, most = 0;
  for (long double entry : message)
    if (entry > 0) {
      least = least > 0 ? std::min(least, entry) : entry;
      most = std::max(most, entry);
    }
  return most > 0 ? std::log(most) - std::log(least) : 0;
}

long double worstRatio(const Messages<long double> &messages) {
  long double worst = 0;
  for (const auto &message : messages)
    worst = std::max(worst, ratio(message));
  return worst;
}

bool anyZero(const Messages<long double> &messages) {
  return std::any_of(messages.begin(), messages.end(), [](const std::vector<long double> &message) {
    return std::any_of(message.begin(), message.end(), [](long double entry) { return entry == 0; });
  });
}

/// Rounding of the bound itself.
constexpr long double kSlack = 1e-9L;

struct Case {
  LeafMessages leaves;
  double spread, zeros;
};

Case anyCase() {
  return GENERATE(Case{LeafMessages::Any, 1, 0}, Case{LeafMessages::Any, 20, 0}, Case{LeafMessages::Any, 100, 0},
                  Case{LeafMessages::Any, 5, 0.3}, Case{LeafMessages::Exact, 1, 0}, Case{LeafMessages::Exact, 20, 0.3},
                  Case{LeafMessages::Exact, 60, 0.6});
}

} // namespace

TEST_CASE("ratios of messages stay within their bounds whatever the evidence") {
  const Case c = anyCase();
  const uint64_t seed = GENERATE(range(0, 30));
  const Model model = randomModel(seed, {.spread = c.spread, .zeros = c.zeros, .perEdge = seed % 3 == 0});
  const MessageRanges ranges = analyzeMessageRanges(model, c.leaves, Precision::F64);
  std::mt19937_64 random(seed);
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto beliefs = propagate<long double>(model, randomLeaves(model, c.leaves, random), nullptr);
    for (int64_t l = 1; l <= model.depth(); ++l) {
      const LevelRange &range = ranges.levels[l - 1];
      REQUIRE(worstRatio(beliefs.sent[l]) <= range.up + kSlack);
      REQUIRE(worstRatio(beliefs.below[l - 1]) <= range.node + kSlack);
      REQUIRE(worstRatio(beliefs.above[l]) <= range.down + kSlack);
    }
  }
}

TEST_CASE("what is said to be positive has no zeros, and ratios that its type holds") {
  const Case c = anyCase();
  const uint64_t seed = GENERATE(range(0, 30));
  const Model model = randomModel(seed, {.spread = c.spread, .zeros = c.zeros});
  const MessageRanges ranges = analyzeMessageRanges(model, c.leaves, Precision::F32);
  std::mt19937_64 random(seed);
  for (int draw = 0; draw < kDraws; ++draw) {
    const auto beliefs = propagate<long double>(model, randomLeaves(model, c.leaves, random), nullptr);
    for (int64_t l = 1; l <= model.depth(); ++l) {
      if (!ranges.levels[l - 1].positive || anyZero(beliefs.below[l]))
        continue; // an impossible subtree sends zeros whatever the kernel
      REQUIRE_FALSE(anyZero(beliefs.sent[l]));
      REQUIRE(worstRatio(beliefs.sent[l]) < 87);
    }
  }
}

TEST_CASE("where the linear domain is said to be exact, single precision gives the right answers") {
  const Case c = GENERATE(Case{LeafMessages::Any, 1, 0}, Case{LeafMessages::Any, 8, 0}, Case{LeafMessages::Any, 40, 0},
                          Case{LeafMessages::Exact, 8, 0.3}, Case{LeafMessages::Exact, 40, 0.6});
  const uint64_t seed = GENERATE(range(0, 60));
  const PreparedModel prepared =
      prepareModel(randomModel(seed, {.spread = c.spread, .zeros = c.zeros}), Precision::F32);
  const Model &model = prepared.model;
  const MessageRanges ranges = analyzeMessageRanges(model, c.leaves, Precision::F32);
  if (c.spread <= 8 && c.zeros == 0)
    REQUIRE(ranges.linear);
  if (!ranges.linear)
    return;
  std::mt19937_64 random(seed);
  for (int draw = 0; draw < kDraws; ++draw) {
    Messages<long double> leaves = randomLeaves(model, c.leaves, random);
    Messages<float> rounded;
    for (auto &message : leaves) {
      rounded.emplace_back(message.begin(), message.end());
      message.assign(rounded.back().begin(), rounded.back().end());
    }
    const auto expected = propagate<long double>(model, leaves, nullptr);
    const auto got = propagate<float>(model, rounded, &ranges);
    if (std::isinf(expected.loglik)) {
      REQUIRE(std::isinf(got.loglik));
      continue;
    }
    // A message of n products of S terms is off by about n S units in the last place: at most some hundred here.
    REQUIRE(static_cast<double>(got.loglik) == Approx(static_cast<double>(expected.loglik)).epsilon(1e-5).margin(1e-5));
    for (int64_t l = 0; l <= model.depth(); ++l)
      for (int64_t v = 0; v < model.nodes(l); ++v)
        for (int64_t a = 0; a < model.states(l); ++a)
          REQUIRE(std::abs(got.posteriors[l][v][a] - expected.posteriors[l][v][a]) <= 1e-5L);
  }
}

TEST_CASE("children that share a matrix are bounded as one, however many there are") {
  auto alike = [](int64_t children, Sharing sharing) {
    Model model;
    model.rootStates = 2;
    model.prior = {1, 1};
    Level level{{children}, 2, sharing, {0.6, 0.4, 0.4, 0.6}};
    for (int64_t rank = 1; sharing == Sharing::Rank && rank < children; ++rank)
      level.kernel.insert(level.kernel.end(), level.kernel.begin(), level.kernel.begin() + 4);
    model.levels = {level};
    return analyzeMessageRanges(model, LeafMessages::Exact, Precision::F64);
  };
  const MessageRanges shared = alike(50, Sharing::Level), copied = alike(50, Sharing::Rank);
  CHECK(shared.levels[0].node == Approx(copied.levels[0].node));
  CHECK(shared.levels[0].node == Approx(50 * std::log(1.5)));
  CHECK(shared.linear);
  CHECK(copied.linear);
  CHECK(shared.levels[0].rescaleDown == copied.levels[0].rescaleDown);
  const MessageRanges many = alike(2147483647, Sharing::Level);
  CHECK(many.levels[0].node == Approx(2147483647 * std::log(1.5)));
  CHECK_FALSE(many.linear);
}
