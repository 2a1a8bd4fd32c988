//===- GaussianTest.cpp - Gaussian evidence beyond what kernels take -*- C++ -*-===//

#include "FakeModel.h"

#include "runtime/Error.h"
#include "runtime/GaussianRange.h"
#include "runtime/GaussianWeights.h"
#include "runtime/Tiles.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace espalier::runtime;
using namespace espalier::runtime::tests;
using Catch::Matchers::Contains;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// Two leaves with these values of one component.
struct Leaves {
  explicit Leaves(std::vector<double> values, ElementType dtype = ElementType::F64) : values(std::move(values)) {
    model.dtype = dtype;
    model.branching = {{2}};
    model.states = {2, static_cast<int64_t>(this->values.size())};
    model.channel = Channel::Gaussian;
    model.values = this->values.data();
    model.features = {"fma"};
  }

  std::vector<double> weights(double z, double lambda, double sigma, double *density = nullptr) const {
    std::vector<double> result(values.size());
    double found = GaussianWeights(model, lambda, sigma).fill(&z, 1, result.data());
    if (density)
      *density = found;
    return result;
  }

  std::vector<double> values;
  Model model;
};

Array observations(std::vector<double> z) {
  Array array(ElementType::F64, {static_cast<int64_t>(z.size()) / 2, 2});
  std::copy(z.begin(), z.end(), array.data<double>());
  return array;
}

} // namespace

TEST_CASE("gaussian weights: an offset changes nothing", "[gaussian]") {
  const Leaves near({0, 1, 3}), far({1600000000, 1600000001, 1600000003});
  for (double sigma : {0.125, 1.0})
    for (double z : {0.25, 0.5, 2.125, -4.0}) {
      double density, same;
      CHECK(near.weights(z, 1, sigma, &density) == far.weights(1600000000 + z, 1, sigma, &same));
      CHECK(density == same);
    }
}

TEST_CASE("gaussian weights: midway between two values both count alike, however small sigma is", "[gaussian]") {
  const Leaves leaves({0.25, 0.5, 1});
  CHECK(leaves.weights(0.375, 1, 1e-300) == std::vector<double>{1, 1, 0});
  // The next number is 2^-54 away, and e^(0.25 2^-54 / sigma^2) as likely.
  const double sigma = 0x1p-28, next = std::nextafter(0.375, 1);
  CHECK(leaves.weights(next, 1, sigma)[0] == Approx(std::exp(-0.25 * 0x1p-54 / (sigma * sigma))).epsilon(1e-14));
}

TEST_CASE("gaussian weights: only ratios of z, lambda, e and sigma count", "[gaussian]") {
  const std::vector<double> expected = Leaves({-1, 0.5, 1}).weights(0.75, 0.5, 0.25);
  const int sizes[] = {-1000, -600, 0, 600, 1000};
  for (int size : sizes) {
    CHECK(Leaves({-1, 0.5, 1}).weights(std::ldexp(0.75, size), std::ldexp(0.5, size), std::ldexp(0.25, size)) ==
          expected);
    const Leaves scaled({std::ldexp(-1, size), std::ldexp(0.5, size), std::ldexp(1, size)});
    CHECK(scaled.weights(std::ldexp(0.75, size), 0.5, std::ldexp(0.25, size)) == expected);
    CHECK(scaled.weights(0.75, std::ldexp(0.5, -size), 0.25) == expected);
  }
}

TEST_CASE("gaussian weights: missing leaves say nothing, and densities stay finite", "[gaussian]") {
  const Leaves leaves({-1, 0, 1});
  double density;
  CHECK(leaves.weights(missing, 1, 1, &density) == std::vector<double>{1, 1, 1});
  CHECK(density == 0);
  CHECK(leaves.weights(1e300, 1, 1, &density) == std::vector<double>{0, 0, 1});
  CHECK(density == leastLoglik);
  leaves.weights(0, 1, 1e-200, &density);
  CHECK(density == Approx(200 * std::log(10) - 0.5 * std::log(2 * M_PI)).epsilon(1e-15));
}

TEST_CASE("gaussian range: kernels are asked where they are right", "[gaussian]") {
  const Leaves doubles({-1, 0, 1}), floats({-1, 0, 1}, ElementType::F32);
  CHECK(ordinaryRange(doubles.model, 1, 1e-3).high >= 1e3);
  CHECK(ordinaryRange(floats.model, 1, 1e-3).high >= 1e3);
  CHECK(ordinaryRange(floats.model, 1, 1e-3).high < 1e5);
  CHECK(ordinaryRange(floats.model, 1, 1e-6).isEmpty());
  CHECK(ordinaryRange(doubles.model, 0, 1).high > 1e50);
  for (auto [lambda, sigma] : {std::pair(1.0, 1e-9), {1.0, 1e-200}, {1.0, 1e200}, {1e-200, 1e-200}, {1e200, 1.0}})
    CHECK(ordinaryRange(doubles.model, lambda, sigma).isEmpty());
  // About the values, wherever they lie.
  const OrdinaryRange metres = ordinaryRange(Leaves({1e6, 1e6 + 1}, ElementType::F32).model, 1, 0.01);
  CHECK(metres.low < 1e6);
  CHECK(metres.high > 1e6 + 1);
  CHECK(metres.low > 0);
}

TEST_CASE("gaussian range: without fused multiply-adds products are rounded", "[gaussian]") {
  Leaves leaves({1e6, 1e6 + 1});
  CHECK_FALSE(ordinaryRange(leaves.model, 0.7, 0.5).isEmpty());
  leaves.model.features = {"sse2"};
  CHECK(ordinaryRange(leaves.model, 0.7, 0.5).isEmpty());
  CHECK_FALSE(ordinaryRange(leaves.model, 0.5, 0.5).isEmpty());
}

TEST_CASE("gaussian range: hard leaves are limited", "[gaussian]") {
  Leaves leaves({-1, 1});
  auto check = [&](double lambda, double sigma, std::vector<double> z) {
    checkHardRange(leaves.model, lambda, sigma, observations(std::move(z)), "z.npy");
  };
  CHECK_NOTHROW(check(1, 1e-200, {0, 0}));
  leaves.model.hardLeaves = true;
  CHECK(ordinaryRange(leaves.model, 1, 1e-9).high == std::numeric_limits<double>::infinity());
  // 2 (|z| + 2) / sigma^2 for each leaf.
  CHECK_NOTHROW(check(1, 0x1p-24, {2, missing, 0, 0}));
  CHECK_THROWS_WITH(check(1, 0x1p-24, {0, 0, 0.1, 0}), Contains("2251799813685248") && Contains("in sample 1"));
  CHECK_THROWS_WITH(check(1, 1e-51, {0, 0}), Contains("a --sigma between 1e-50 and 1e+50, got 1e-51"));
  CHECK_THROWS_WITH(check(-1e51, 1, {0, 0}), Contains("--lambda"));
  CHECK_THROWS_WITH(check(1, 1, {0, 1e51}), Contains("observations of at most 1e+50, got 1e+51 in sample 0"));
  leaves.values[0] = 1e60;
  CHECK_THROWS_WITH(check(1, 1, {0, 0}), Contains("values of at most"));
}

TEST_CASE("gaussian range: the channel stays in the model's type", "[gaussian]") {
  const Leaves doubles({-1, 1}), floats({-1, 1}, ElementType::F32);
  CHECK_NOTHROW(checkChannel(floats.model, 1, 1e37));
  CHECK_THROWS_WITH(checkChannel(floats.model, 1, 1e38), Contains("--sigma") && Contains("float32"));
  CHECK_THROWS_WITH(checkChannel(floats.model, -1e39, 0), Contains("--lambda"));
  CHECK_NOTHROW(checkChannel(doubles.model, 1, 1e307));
  CHECK_THROWS_WITH(checkChannel(doubles.model, 1, 1e308), Contains("float64"));
}

TEST_CASE("tiles: extreme samples go through kernels for soft evidence", "[gaussian]") {
  const Model &model = imageModel().model;
  Array ordinary(ElementType::F32, {3, 2, 4});
  for (int64_t i = 0; i < ordinary.size(); ++i)
    ordinary.data<float>()[i] = 0.125F * static_cast<float>(i % 17 - 8);
  Array extreme = ordinary;
  for (int64_t i = 8; i < 16; ++i)
    extreme.data<float>()[i] *= 1e37F;
  Request request{Program::BP, Query::Classify, EvidenceKind::Gaussian};
  request.sigma = 0.5;
  const Outcome plain = run(model, request, ordinary), found = run(model, request, extreme);
  // The second sample's leaves are as good as certain, or say nothing at 0.
  request.sigma = 1e-20;
  const Outcome certain = run(model, request, ordinary);
  for (int64_t s = 0; s < 3; ++s) {
    CHECK(found.output.data<float>()[s] == Approx(plain.output.data<float>()[s]).epsilon(1e-6));
    CHECK(found.output.data<float>()[6 + s] == Approx(plain.output.data<float>()[6 + s]).epsilon(1e-6));
  }
  CHECK(found.impossible == 0);
  CHECK(certain.impossible == 0);
  CHECK(found.loglik[0] == Approx(plain.loglik[0]));
  CHECK(found.loglik[1] < -1e70);
}
