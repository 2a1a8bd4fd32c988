//===- ChordsTest.cpp - exp and log by chords between knots ---------------===//
//
// Stated errors are those that a fine grid shows, they have one sign, and fall with the square of the number of chords.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/relu/Chords.h"
#include "tests/unit/relu/RunNetwork.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::relu;
using namespace espalier::test;

namespace {

/// The functions as sums of ReLUs, in long double.
BlockRun<long double> runOf(const ReluBlock &block) { return {block, false}; }

constexpr double kForever = std::numeric_limits<double>::infinity();

/// Calls `visit` on a fine grid of [low, high].
template <typename Function> void onGrid(double low, double high, Function visit) {
  constexpr int kSteps = 20000;
  for (int i = 0; i <= kSteps; ++i)
    visit(low + (high - low) * i / kSteps);
}

} // namespace

TEST_CASE("chords of exp lie above it, within the envelope that is stated, and touch its bound") {
  const int64_t pieces = GENERATE(1, 2, 3, 7, 40);
  const double kappa = GENERATE(0.0, 0.01, 1.0, 1000.0), span = GENERATE(0.01, 2.0, 9.0, kForever);
  const Precision precision = GENERATE(Precision::F32, Precision::F64);
  if (kappa == 0 && span == kForever)
    return;
  const ReluBlock block{expChords(pieces, kappa, span, precision), logChords(1, 0.5, 1, precision)};
  const double stated = expError(block.exp, kappa, span);
  REQUIRE(block.exp.pieces() <= pieces);
  const auto run = runOf(block);
  long double least = 0, most = 0;
  onGrid(-std::min(span, 30.0), 0, [&](double u) {
    const long double exact = std::exp(static_cast<long double>(u)), error = run.expOf(u) - exact;
    least = std::min(least, error);
    most = std::max(most, error / (kappa + exact));
  });
  CHECK(least >= -1e-15L);
  CHECK(static_cast<double>(most) <= stated);
  CHECK(static_cast<double>(most) >= 0.99 * stated - 1e-12);
}

TEST_CASE("every finite range has chords, also where their relative error is beyond all numbers") {
  const int64_t pieces = GENERATE(1, 2, 5);
  const double span = GENERATE(0.0, 1e-9, 0.02, 700.0, 1e4, 1e8), kappa = GENERATE(0.0, 1.0);
  for (Precision precision : {Precision::F32, Precision::F64}) {
    const PiecewiseLinear chords = expChords(pieces, kappa, span, precision);
    REQUIRE(chords.pieces() >= 1);
    REQUIRE(chords.pieces() <= pieces);
    REQUIRE(chords.knots.back() == 0);
  }
}

TEST_CASE("chords of log lie below it, within the error that is stated, and touch its bound") {
  const int64_t pieces = GENERATE(1, 2, 3, 7, 40);
  const double low = GENERATE(1e-6, 0.03, 0.9), high = GENERATE(1.0, 5.0);
  const Precision precision = GENERATE(Precision::F32, Precision::F64);
  const ReluBlock block{oneHotExp(), logChords(pieces, low, high, precision)};
  const double stated = logError(block.log, low, high);
  const auto run = runOf(block);
  const long double offset = std::log(static_cast<long double>(block.log.knots.back()));
  long double least = 1, most = 0;
  onGrid(std::log(low), std::log(high), [&](double y) {
    const long double x = std::clamp(std::exp(static_cast<long double>(y)), static_cast<long double>(low),
                                     static_cast<long double>(high));
    const long double error = std::log(x) - offset - run.logOf(x);
    least = std::min(least, error);
    most = std::max(most, error);
  });
  CHECK(least >= -1e-14L);
  CHECK(static_cast<double>(most) <= stated);
  CHECK(static_cast<double>(most) >= 0.99 * stated - 1e-12);
}

TEST_CASE("errors fall with the square of the number of chords") {
  const double kappa = GENERATE(0.01, 1.0, 1000.0);
  auto exp = [&](int64_t pieces) {
    return expError(expChords(pieces, kappa, kForever, Precision::F64), kappa, kForever);
  };
  CHECK(exp(50) / exp(100) == Approx(4).epsilon(0.05));
  CHECK(exp(400) / exp(800) == Approx(4).epsilon(0.01));
  auto log = [&](int64_t pieces) { return logError(logChords(pieces, 0.01, 1, Precision::F64), 0.01, 1); };
  CHECK(log(100) / log(200) == Approx(4).epsilon(0.01));
}

TEST_CASE("no fewer chords have the error: one less has more") {
  const double kappa = GENERATE(0.03, 1.0), span = GENERATE(3.0, kForever);
  for (int64_t pieces = 2; pieces < 30; ++pieces)
    CHECK(expError(expChords(pieces - 1, kappa, span, Precision::F64), kappa, span) >
          1.03 * expError(expChords(pieces, kappa, span, Precision::F64), kappa, span));
}

TEST_CASE("one ReLU is exp of 0 and of log 0") {
  const ReluBlock block{oneHotExp(), logChords(1, 0.5, 1, Precision::F32)};
  const BlockRun<float> run(block, false);
  CHECK(run.expOf(0.0F) == 1.0F);
  CHECK(run.expOf(-1e30F) == 0.0F);
}

TEST_CASE("where finitely many values occur, log is exact with a knot at each") {
  const std::vector<double> points = {0.03125, 0.0625, 0.125, 0.40625, 0.5, 1};
  const ReluBlock block{oneHotExp(), logChordsAt(5, points, Precision::F32)};
  CHECK(block.log.knots == points);
  CHECK(logErrorAt(block.log, points) < 1e-12);
  double before = 0;
  for (int64_t pieces = 5; pieces >= 1; --pieces) {
    const PiecewiseLinear chords = logChordsAt(pieces, points, Precision::F32);
    const double error = logErrorAt(chords, points);
    CHECK(chords.pieces() <= pieces);
    CHECK(error >= before);
    CHECK(error <= logError(logChords(pieces, 0.03125, 1, Precision::F32), 0.03125, 1));
    before = error;
  }
}

TEST_CASE("chords that do not cover the range have no error that could be stated") {
  CHECK(logError(logChords(3, 0.5, 1, Precision::F64), 0.4, 1) == kForever);
  CHECK(logError(logChords(3, 0.5, 1, Precision::F64), 0.5, 1.1) == kForever);
  const std::vector<double> points = {0.4};
  CHECK(logErrorAt(logChords(3, 0.5, 1, Precision::F64), points) == kForever);
  CHECK(expError({{-2, -1}, {std::exp(-2), std::exp(-1)}}, 1, 3) == kForever);
  CHECK(expError({{-2, -2, 0}, {std::exp(-2), std::exp(-2), 1}}, 1, 3) == kForever);
  CHECK(expError({{-kForever, 0}, {0, 1}}, 1, kForever) == kForever);
  CHECK(expError(expChords(3, 0.1, kForever, Precision::F64), 0, kForever) == kForever);
}
