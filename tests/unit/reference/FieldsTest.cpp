//===- FieldsTest.cpp - Evidence becomes the right log-likelihoods --------===//
//
// Both oracles start from fields, so their agreement says nothing about them: here they meet the definitions.
//
//===----------------------------------------------------------------------===//

#include "compiler/reference/Fields.h"
#include "tests/unit/reference/RandomModel.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>

using namespace espalier;
using namespace espalier::reference;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notSeen = std::numeric_limits<double>::quiet_NaN();

} // namespace

TEST_CASE("symbols exclude all states but their own, missing ones none") {
  const Model model = test::pottsModel(3, 2, 1, 0.5);
  const std::vector<int32_t> symbols = {2, -1};
  const Fields fields = symbolFields(model, symbols);
  REQUIRE(fields.h == std::vector<Real>{-infinity, -infinity, 0, 0, 0, 0});
  REQUIRE(fields.constant == 0);
}

TEST_CASE("soft weights are likelihoods, not probabilities") {
  const Model model = test::pottsModel(2, 2, 1, 0.5);
  const std::vector<double> weights = {8, 2, 0, 0.5};
  const Fields fields = softFields(model, weights);
  REQUIRE(static_cast<double>(fields.h[1]) == Approx(std::log(0.25)).epsilon(1e-15));
  REQUIRE(fields.h[0] == 0);
  REQUIRE(fields.h[2] == -infinity);
  REQUIRE(fields.h[3] == 0);
  REQUIRE(static_cast<double>(fields.constant) == Approx(std::log(4.0)).epsilon(1e-15));
}

TEST_CASE("gaussian fields are the log density of vectors") {
  Model model = test::pottsModel(2, 2, 1, 0.5);
  model.valueSize = 2;
  model.valuesAreVectors = true;
  model.values = {0, 1, 2, -1};
  const double lambda = 0.5, sigma = 0.3;
  // The second leaf lacks one component, which makes it missing altogether.
  const std::vector<double> z = {0.7, 0.1, notSeen, 1};
  const Fields fields = gaussianFields(model, z, lambda, sigma);
  for (int a = 0; a < 2; ++a) {
    double density = 1;
    for (int k = 0; k < 2; ++k) {
      const double deviation = (z[k] - lambda * model.values[2 * a + k]) / sigma;
      density *= std::exp(-deviation * deviation / 2) / (sigma * std::sqrt(2 * std::numbers::pi));
    }
    REQUIRE(static_cast<double>(fields.h[a] + fields.constant) == Approx(std::log(density)).epsilon(1e-14));
    REQUIRE(fields.h[2 + a] == 0);
  }
}

TEST_CASE("gaussian fields of a far outlier keep the gap between states") {
  const Model model = test::pottsModel(2, 1, 1, 0.5);
  const std::vector<double> z = {1e9};
  const Fields fields = gaussianFields(model, z, 1, 1);
  // (z + 1)^2 / 2 - (z - 1)^2 / 2 = 2 z.
  REQUIRE(fields.h[0] == -2e9L);
  REQUIRE(fields.h[1] == 0);
}
