//===- ReferenceTest.cpp - Belief propagation equals enumeration ----------===//
//
// The reference against the sum over the joint, over shapes, sharings, zeros and kinds of evidence; and both
// against a model that was worked out by hand.
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

const std::vector<ModelShape> shapes = {
    {{2, 2}, {2}, {rank}},
    {{3, 2}, {5}, {level}},
    {{1, 3}, {3}, {none}},
    {{5, 1}, {2}, {rank}},
    {{2, 3, 2}, {2, 3}, {rank, none}},
    {{3, 3, 3}, {2, 2}, {level, level}},
    {{5, 2, 1}, {1, 3}, {none, rank}},
    {{2, 1, 3}, {2, 3}, {rank, rank}},
    {{2, 5, 2}, {2, 2}, {none, level}},
    {{3, 2, 2, 2}, {2, 2, 1}, {rank, none, level}},
    {{1, 1, 2, 3}, {1, 2, 3}, {level, rank, none}},
    {{2, 3, 1, 5}, {2, 1, 2}, {none, none, rank}},
    {{2, 2, 2, 2, 2}, {1, 2, 1, 3}, {rank, level, none, rank}},
    {{3, 2, 3, 2, 2}, {2, 1, 2, 1}, {level, rank, rank, none}},
};

// Both sides carry 64 bits; what remains is the rounding of the answers to double.
constexpr double tolerance = 2e-15;

void requireEqual(const std::vector<double> &x, const std::vector<double> &y) {
  REQUIRE(x.size() == y.size());
  for (size_t i = 0; i < x.size(); ++i)
    REQUIRE(std::abs(x[i] - y[i]) <= tolerance);
}

void requireEqual(const Beliefs &x, const Beliefs &y) {
  REQUIRE(x.impossible == y.impossible);
  REQUIRE(x.impossible == std::isinf(x.loglik));
  if (x.impossible)
    REQUIRE(x.loglik == y.loglik);
  else
    REQUIRE(std::abs(x.loglik - y.loglik) <= tolerance * std::max(1.0, std::abs(x.loglik)));
  REQUIRE(x.posteriors.size() == y.posteriors.size());
  for (size_t l = 0; l < x.posteriors.size(); ++l)
    requireEqual(x.posteriors[l], y.posteriors[l]);
  requireEqual(x.means, y.means);
}

} // namespace

TEST_CASE("the reference equals enumeration on random models and evidence") {
  const double zeros = GENERATE(0.0, 0.4);
  const size_t index = GENERATE(range(size_t(0), shapes.size()));
  const int kind = GENERATE(0, 1, 2);
  const uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(zeros, index, kind, seed);
  ModelShape shape = shapes[index];
  shape.zeros = zeros;
  const Model model = randomModel(shape, seed * 100 + index);
  REQUIRE(canEnumerate(model));
  std::mt19937_64 random(seed);
  const Fields fields = kind == 0   ? randomSymbols(model, random)
                        : kind == 1 ? randomSoft(model, random)
                                    : randomGaussian(model, random);
  requireEqual(Enumeration(model).infer(fields), Reference(model).infer(fields));
}

TEST_CASE("random models with zeros make some evidence impossible and some possible") {
  int impossible = 0, possible = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    const Model model = randomModel({{3, 3, 3}, {2, 2}, {rank, none}, 0.5}, seed);
    const Fields fields = randomSymbols(model, random);
    const Beliefs beliefs = Reference(model).infer(fields);
    requireEqual(Enumeration(model).infer(fields), beliefs);
    ++(beliefs.impossible ? impossible : possible);
  }
  REQUIRE(impossible > 0);
  REQUIRE(possible > 0);
}

TEST_CASE("an example worked out by hand") {
  // Root with weights (1, 3), one child: K = [[2, 1], [0, 4]]. psi: (0,0) 2, (0,1) 1, (1,1) 12; Z = 15.
  Model model;
  model.rootStates = 2;
  model.prior = {1, 3};
  model.levels = {{{1}, 2, Sharing::Rank, {2, 1, 0, 4}}};
  model.values = {-1, 3};
  for (const Beliefs &nothing : {Enumeration(model).infer(missingFields(model)), //
                                 Reference(model).infer(missingFields(model))}) {
    REQUIRE(nothing.loglik == 0);
    requireEqual(nothing.posteriors[0], {3.0 / 15, 12.0 / 15});
    requireEqual(nothing.posteriors[1], {2.0 / 15, 13.0 / 15});
    requireEqual(nothing.means, {(-2.0 + 39.0) / 15});
  }
  const std::vector<int32_t> one = {1};
  const Beliefs seen = Reference(model).infer(symbolFields(model, one));
  REQUIRE(seen.loglik == Approx(std::log(13.0 / 15)).epsilon(1e-15));
  requireEqual(seen.posteriors[0], {1.0 / 13, 12.0 / 13});
  requireEqual(seen.means, {3.0});
}

TEST_CASE("the oracle enumerates up to 2^20 joint states and says so") {
  // A root, its one child and 18 or 19 leaves, of two states each.
  const Model fits = randomModel({{2, 2, 2}, {1, 18}, {rank, rank}}, 1);
  const Model exceeds = randomModel({{2, 2, 2}, {1, 19}, {rank, rank}}, 1);
  const Model single = randomModel({{1, 1, 1}, {64, 64}, {level, level}}, 1);
  const Answer enumerated = oracle(fits, missingFields(fits));
  const Answer propagated = oracle(exceeds, missingFields(exceeds));
  REQUIRE(std::string(enumerated.method) == "enumeration");
  REQUIRE(std::string(propagated.method) == "reference");
  REQUIRE(canEnumerate(single));
  REQUIRE(std::abs(enumerated.beliefs.loglik) <= tolerance);
  REQUIRE(std::abs(propagated.beliefs.loglik) <= tolerance);
}
