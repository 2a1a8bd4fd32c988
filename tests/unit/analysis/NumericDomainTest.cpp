//===- NumericDomainTest.cpp - Linear or log, and where to normalize ------===//
//
// Decisions of range analysis on kernels made by hand, with the reason worked out beside each.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/MessageRange.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace espalier;

namespace {

/// `depth` levels of `ranks` children, two states, one kernel for all edges, uniform prior.
Model uniformTree(int64_t depth, int64_t ranks, std::vector<double> kernel) {
  Model model;
  model.rootStates = 2;
  model.prior = {1, 1};
  model.levels.assign(depth, {{ranks}, 2, Sharing::Level, std::move(kernel)});
  model.values = {0, 1};
  return model;
}

std::vector<double> symmetric(double off) { return {1 - off, off, off, 1 - off}; }

constexpr LeafMessages any = LeafMessages::Any, exact = LeafMessages::Exact;
constexpr Precision f32 = Precision::F32, f64 = Precision::F64;

} // namespace

TEST_CASE("a mild positive kernel is linear, with its own ratio as the bound") {
  const LevelRange range = analyzeMessageRanges(uniformTree(3, 2, symmetric(0.1)), any, f32).levels[1];
  REQUIRE(range.up == Approx(std::log(9.0)));
  REQUIRE(range.node == Approx(2 * std::log(9.0)));
  REQUIRE(range.down == Approx(std::log(9.0)));
  REQUIRE(range.upShared);
  REQUIRE(range.downShared);
  REQUIRE(range.positive);
  REQUIRE(analyzeMessageRanges(uniformTree(3, 2, symmetric(0.1)), any, f32).linear);
}

TEST_CASE("a kernel that forgets its parent bounds everything by zero") {
  const LevelRange range = analyzeMessageRanges(uniformTree(1, 2, symmetric(0.5)), any, f32).levels[0];
  REQUIRE(range.up == 0);
  REQUIRE(range.node == 0);
  REQUIRE(range.down == 0);
}

TEST_CASE("two children that disagree by 1e20 each are linear in f64 only") {
  // log 1e20 = 46: one child fits single precision, the product of two (92) does not.
  REQUIRE(analyzeMessageRanges(uniformTree(1, 1, symmetric(1e-20)), any, f32).linear);
  REQUIRE_FALSE(analyzeMessageRanges(uniformTree(1, 2, symmetric(1e-20)), any, f32).linear);
  REQUIRE(analyzeMessageRanges(uniformTree(1, 2, symmetric(1e-20)), any, f64).linear);
}

TEST_CASE("a kernel beyond single precision needs a maximum of its own for every sum, whatever may enter") {
  // log 1e30 = 69: an entry that was flushed to zero below e^-87 might be favoured back above e^-18.
  const LevelRange single = analyzeMessageRanges(uniformTree(1, 1, symmetric(1e-30)), any, f32).levels[0];
  REQUIRE_FALSE(single.upShared);
  REQUIRE_FALSE(single.positive);
  const LevelRange wide = analyzeMessageRanges(uniformTree(1, 1, symmetric(1e-30)), any, f64).levels[0];
  REQUIRE(wide.upShared);
  REQUIRE(wide.positive);
}

TEST_CASE("exact symbols enter without ratio: there the same kernel shares its factor") {
  REQUIRE(analyzeMessageRanges(uniformTree(1, 1, symmetric(1e-30)), exact, f32).levels[0].upShared);
}

TEST_CASE("a kernel beyond double precision is linear nowhere") {
  const MessageRanges ranges = analyzeMessageRanges(uniformTree(1, 1, symmetric(1e-300)), any, f64);
  REQUIRE_FALSE(ranges.linear);
  REQUIRE_FALSE(ranges.levels[0].upShared);
}

TEST_CASE("zeros let any evidence through: no bound, and the log domain") {
  const MessageRanges ranges = analyzeMessageRanges(uniformTree(2, 2, {1, 0, 0, 1}), any, f64);
  REQUIRE_FALSE(ranges.linear);
  for (const LevelRange &range : ranges.levels) {
    REQUIRE(std::isinf(range.up));
    REQUIRE_FALSE(range.upShared);
    REQUIRE_FALSE(range.positive);
  }
}

TEST_CASE("zeros and exact symbols are linear: entries are 0 or 1") {
  const MessageRanges ranges = analyzeMessageRanges(uniformTree(2, 2, {1, 0, 0, 1}), exact, f32);
  REQUIRE(ranges.linear);
  REQUIRE(ranges.levels[0].up == 0);
  REQUIRE_FALSE(ranges.levels[0].positive);
}

TEST_CASE("a single zero in one rank's kernel makes the level not positive") {
  Model model = uniformTree(1, 2, {});
  model.levels[0].sharing = Sharing::Rank;
  model.levels[0].kernel = {0.5, 0.5, 0.5, 0.5, 1, 0, 0.5, 0.5};
  REQUIRE_FALSE(analyzeMessageRanges(model, any, f32).levels[0].positive);
  model.levels[0].kernel[5] = 0.5;
  REQUIRE(analyzeMessageRanges(model, any, f32).levels[0].positive);
}

TEST_CASE("the prior's ratio counts downward only") {
  Model model = uniformTree(1, 1, symmetric(0.4));
  model.prior = {1, 1e-36};
  const MessageRanges skewed = analyzeMessageRanges(model, any, f32);
  REQUIRE(skewed.levels[0].upShared);
  REQUIRE(skewed.levels[0].node == Approx(std::log(1.5)));
  // 82.9 from the prior and 0.4 from the child: more than single precision holds.
  REQUIRE_FALSE(skewed.linear);
  REQUIRE(analyzeMessageRanges(model, any, f64).linear);
}

TEST_CASE("states are bounded one by one") {
  // By the least entry of all, 0.01 or -4.6, products would be bounded by -9.2, -18.4, -36.8, -73.7 and normalized. But
  // parents of state 1 give their leaves at least 0.5, and those of state 0 have a hundredth of their children there:
  // least products, by state, are (-9.2, -1.4), (-11.9, -4.2), (-17.4, -9.7), (-28.5, -20.8) and, at the root of 32
  // leaves, (-50.7, -43.0), within the -60 that leave a margin in single precision.
  const MessageRanges ranges = analyzeMessageRanges(uniformTree(5, 2, {0.99, 0.01, 0.5, 0.5}), exact, f32);
  REQUIRE(ranges.linear);
  for (const LevelRange &range : ranges.levels)
    REQUIRE_FALSE(range.rescaleUp);
}

TEST_CASE("products are normalized just before they could leave the range") {
  // A leaf's message is at least log 0.1 = -2.3. Rows of the kernel sum to 1, so an edge keeps the least entry, and
  // each level doubles its log: -4.6, -9.2, -18.4, -36.8 on the way up and -73.7 next, beyond the -60 that leave a
  // margin in single precision. So the fourth product is normalized, and every fourth from there.
  const MessageRanges ranges = analyzeMessageRanges(uniformTree(9, 2, symmetric(0.1)), any, f32);
  REQUIRE(ranges.linear);
  for (int64_t l = 1; l <= 9; ++l)
    REQUIRE(ranges.levels[l - 1].rescaleUp == (l == 6 || l == 2));
}

TEST_CASE("a shallow tree is not normalized at all") {
  for (const LevelRange &range : analyzeMessageRanges(uniformTree(2, 2, symmetric(0.3)), any, f32).levels) {
    REQUIRE_FALSE(range.rescaleUp);
    REQUIRE_FALSE(range.rescaleDown);
  }
}

TEST_CASE("double precision is normalized less often") {
  auto count = [](Precision precision) {
    int places = 0;
    for (const LevelRange &range : analyzeMessageRanges(uniformTree(12, 2, symmetric(0.1)), any, precision).levels)
      places += range.rescaleUp + range.rescaleDown;
    return places;
  };
  REQUIRE(count(f64) > 0);
  REQUIRE(count(f64) < count(f32));
}

TEST_CASE("a level with many children is normalized on the way down") {
  // Up to ten siblings at -2.3 each: what goes down may have shrunk by e^-23, and the next level by as much again.
  const MessageRanges ranges = analyzeMessageRanges(uniformTree(2, 10, symmetric(0.1)), any, f32);
  REQUIRE(ranges.linear);
  REQUIRE(ranges.levels[0].rescaleDown);
}

TEST_CASE("potentials whose product overflows single precision are not linear there") {
  const std::vector<double> large = {1e20, 2e20, 2e20, 1e20};
  REQUIRE_FALSE(analyzeMessageRanges(uniformTree(1, 2, large), any, f32).linear);
  REQUIRE(analyzeMessageRanges(uniformTree(1, 2, large), any, f64).linear);
}
