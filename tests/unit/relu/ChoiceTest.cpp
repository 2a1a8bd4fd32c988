//===- ChoiceTest.cpp - How many knots a tolerance takes ------------------===//
//
// Widths fall with the tolerance as they should, nothing is spent in vain, and what cannot be had is refused with a
// sentence.
//
//===----------------------------------------------------------------------===//

#include "tests/unit/relu/Search.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::test;

namespace {

ReluOptions doubles(double tolerance, ReluLeaves leaves = ReluLeaves::Any) {
  ReluOptions options;
  options.tolerance = tolerance;
  options.leaves = leaves;
  options.precision = Precision::F64;
  return options;
}

ReluCertificate certificateFor(const Model &model, const ReluOptions &options) {
  const ReluResult result = chooseReluNetwork(model, options);
  INFO(result.error);
  REQUIRE(result.network);
  return result.network->certificate;
}

std::string refusal(const Model &model, const ReluOptions &options) {
  const ReluResult result = chooseReluNetwork(model, options);
  CHECK(!result.network);
  return result.error;
}

} // namespace

// An error of exp or log takes its -1/2 power in knots. Above 1e-3 blocks come down to one or two chords, which bends
// the line; below, only whole numbers are left, less than 1 in 20 of any block.
TEST_CASE("hidden units and width fall with the tolerance to the power of -1/2") {
  const auto [states, depth] = GENERATE(table<int64_t, int64_t>({{3, 3}, {4, 4}}));
  const bool downward = GENERATE(false, true);
  const Model model = randomTree(7, regularTree(states, depth, 2));
  std::vector<double> units, widths;
  for (double tolerance : {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6}) {
    ReluOptions options = doubles(tolerance);
    options.denoise = downward;
    const ReluCertificate certificate = certificateFor(model, options);
    CHECK(certificate.total <= tolerance);
    CHECK((tolerance > 0.01 || certificate.total >= 0.9 * tolerance));
    units.push_back(static_cast<double>(certificate.units));
    widths.push_back(static_cast<double>(certificate.width));
  }
  for (size_t i = 1; i < units.size(); ++i)
    CHECK(units[i] > units[i - 1]);
  CHECK(std::log10(units[4] / units[3]) == Approx(0.5).margin(0.05));
  CHECK(std::log10(units[5] / units[4]) == Approx(0.5).margin(0.05));
  CHECK(std::log10(widths[5] / widths[3]) / 2 == Approx(0.5).margin(0.05));
}

TEST_CASE("the network is narrower than the closed formula's") {
  const double tolerance = GENERATE(1e-2, 1e-4);
  const ReluLeaves leaves = GENERATE(ReluLeaves::Symbol, ReluLeaves::Any);
  const ReluCertificate certificate = certificateFor(randomTree(7, regularTree(4, 4, 2)), doubles(tolerance, leaves));
  CHECK(static_cast<double>(certificate.width) * 4 < certificate.paperWidth);
}

TEST_CASE("a box for z takes no more units than any field, a narrow one fewer") {
  const Model model = randomTree(7, regularTree(4, 3, 2));
  ReluOptions options = doubles(1e-3, ReluLeaves::Gaussian);
  options.box = {-5, 5, 0.05, 5, 1, 1};
  const int64_t any = certificateFor(model, doubles(1e-3)).units, wide = certificateFor(model, options).units;
  options.box = {-2, 2, 2, 3, 1, 1};
  const int64_t narrow = certificateFor(model, options).units;
  CHECK(wide <= any);
  CHECK(2 * narrow < wide);
}

TEST_CASE("the certificate of the chosen blocks is at least as good when it is made again") {
  const ReluLeaves leaves = GENERATE(ReluLeaves::Symbol, ReluLeaves::Any);
  const Model model = randomTree(5, regularTree(4, 3, 2));
  ReluOptions options = doubles(1e-3, leaves);
  options.denoise = true;
  const ReluResult chosen = chooseReluNetwork(model, options);
  const ReluResult again = certifyReluNetwork(model, options, chosen.network->up, chosen.network->down);
  REQUIRE(again.network);
  CHECK(again.network->certificate.total <= chosen.network->certificate.total * (1 + 1e-9));
  CHECK(again.network->certificate.total >= chosen.network->certificate.total * 0.95);
}

TEST_CASE("one state takes one chord each, and errs by rounding alone") {
  const ReluCertificate certificate = certificateFor(randomTree(1, regularTree(1, 3, 2)), doubles(1e-9));
  CHECK(certificate.units == 6);
  CHECK(certificate.classify < 1e-13);
}

TEST_CASE("what float cannot meet is refused, with what it leaves and whether double can") {
  const Model model = randomTree(7, regularTree(4, 4, 2));
  ReluOptions options = doubles(1e-6);
  options.precision = Precision::F32;
  const std::string sentence = refusal(model, options);
  CHECK(sentence.find("relu cannot certify a tolerance of 1e-06 in f32, where rounding leaves at least ") == 0);
  CHECK(sentence.find("; f64 can") != std::string::npos);
  options.tolerance = 1e-16;
  CHECK(refusal(model, options).find("; nor can f64") != std::string::npos);
}

TEST_CASE("zeros that let a sum vanish are refused, with the level") {
  Model model = randomTree(7, regularTree(3, 2, 2));
  model.levels[1].kernel[0] = 0;
  const std::string sentence = refusal(model, doubles(1e-2, ReluLeaves::Symbol));
  CHECK(sentence.find("got 0 upward from level 2: its kernel has zeros") != std::string::npos);
}

TEST_CASE("options that make no sense are refused") {
  const Model model = randomTree(7, regularTree(3, 2, 2));
  CHECK(refusal(model, doubles(0)) == "relu expects a tolerance in (0, inf), got 0");
  CHECK(refusal(model, doubles(NAN)) == "relu expects a tolerance in (0, inf), got nan");
  ReluOptions options = doubles(1e-2, ReluLeaves::Gaussian);
  options.box.sigmaLow = 0;
  CHECK(refusal(model, options).find("relu expects a box with") == 0);
  options = doubles(1e-2);
  options.classify = false;
  CHECK(refusal(model, options) == "relu expects a query to certify, got none");
  CHECK(certifyReluNetwork(model, doubles(1), {}, {}).error ==
        "relu expects a block for each of 2 levels, got 0 upward and 0 downward");
}

TEST_CASE("more than 512 states are refused, with the level") {
  Model model = randomTree(7, regularTree(2, 1, 2));
  model.levels[0].states = 513;
  model.levels[0].kernel.assign(model.kernelCount(1) * 2 * 513, 1.0);
  model.values.assign(513, 0.0);
  CHECK(refusal(model, doubles(1e-2)) == "relu expects at most 512 states, got 513 on level 1");
}
