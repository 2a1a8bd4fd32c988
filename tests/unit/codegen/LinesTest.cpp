//===- LinesTest.cpp - Piecewise linear functions, in every form ----------===//
//
// The sum of ReLUs, the largest or least of all lines, and of the two lines in a bucket are the same function: up to
// the rounding that docs/rationale-relu.md allows each, over the whole range and right beside every knot.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/support/Lines.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace espalier;

namespace {

/// exp by chords from -span to 0, or log on [e^-span, 1], as networks of ReLUs are drawn.
struct Function {
  std::vector<double> knots, in, bias, out;
  double offset = 0;
  bool isLog;

  template <typename Real> static Function of(bool isLog, int64_t pieces, double span, unsigned seed) {
    std::mt19937_64 random(seed);
    Function f;
    f.isLog = isLog;
    // Pieces of different widths.
    for (int64_t j = 0; j < pieces; ++j) {
      double place = (static_cast<double>(j) + static_cast<double>(random() >> 11) * 0x1p-54) / pieces;
      f.knots.push_back(static_cast<Real>(isLog ? std::exp(-span * (1 - place)) : -span * (1 - place)));
    }
    f.knots.push_back(isLog ? 1 : 0);
    std::vector<double> slopes;
    for (int64_t j = 0; j < pieces; ++j)
      slopes.push_back((f.exact(f.knots[j + 1]) - f.exact(f.knots[j])) / (f.knots[j + 1] - f.knots[j]));
    f.offset = isLog ? 0 : f.exact(f.knots[0]);
    for (int64_t j = 0; j < pieces; ++j) {
      f.in.push_back(isLog ? -1 : 1);
      f.bias.push_back(isLog ? f.knots[j + 1] : -f.knots[j]);
      f.out.push_back(isLog ? (j + 1 < pieces ? slopes[j + 1] : 0) - slopes[j]
                            : slopes[j] - (j > 0 ? slopes[j - 1] : 0));
    }
    return f;
  }

  double exact(double x) const { return isLog ? std::log(x) : std::exp(x); }
  Units units() const { return {in, bias, out, offset}; }
};

template <typename Real> Real at(const Line &line, Real x) {
  return std::fma(static_cast<Real>(line.slope), x, static_cast<Real>(line.intercept));
}

template <typename Real> Real best(llvm::ArrayRef<Line> lines, bool isLog, Real x) {
  Real found = at(lines.front(), x);
  for (const Line &line : lines)
    found = isLog ? std::min(found, at(line, x)) : std::max(found, at(line, x));
  return found;
}

/// Evenly spread, at the knots, and their neighbours.
template <typename Real> std::vector<Real> arguments(const Function &f) {
  std::vector<Real> points;
  Real low = static_cast<Real>(f.knots.front()), high = static_cast<Real>(f.knots.back());
  for (int64_t i = 0; i <= 5000; ++i)
    points.push_back(std::min(high, low + (high - low) * static_cast<Real>(i) / 5000));
  for (double knot : f.knots) {
    Real x = static_cast<Real>(knot);
    points.push_back(x);
    points.push_back(std::max(low, std::nextafter(x, low)));
    points.push_back(std::min(high, std::nextafter(x, high)));
  }
  return points;
}

/// What the certificate allows a line: relative for exp, absolute for log.
double allowed(const Function &f, double value, double unit) {
  double steepest = 0, ratio = 1;
  for (size_t j = 0; j + 1 < f.knots.size(); ++j) {
    double width = f.isLog ? std::log(f.knots[j + 1] / f.knots[j]) : f.knots[j + 1] - f.knots[j];
    steepest = std::max(steepest, std::expm1(width) / width);
    ratio = std::max(ratio, width / -std::expm1(-width));
  }
  double range = -std::log(f.knots.front());
  return unit * (f.isLog ? 8 * ratio + 2 * range : value * (3 + 5.1 * steepest * (1 - f.knots.front())));
}

template <typename Real> void check(const Function &f) {
  const double unit = std::numeric_limits<Real>::epsilon() / 2;
  Lines lines(f.units());
  REQUIRE(lines.lines.size() == f.out.size() + 1);
  REQUIRE((f.isLog ? lines.isConcave : lines.isConvex));
  std::optional<Buckets> buckets = findBuckets(lines, sizeof(Real) == 4);
  double pieces = static_cast<double>(f.out.size());
  for (Real x : arguments<Real>(f)) {
    double value = f.units()(x),
           formed = 4 * (pieces + 2) * 0x1p-53 * (f.isLog ? 2 - std::log(f.knots.front()) : value);
    double room = allowed(f, value, unit) + formed;
    CAPTURE(x, value, f.isLog, pieces);
    REQUIRE(std::abs(best(llvm::ArrayRef(lines.lines), f.isLog, x) - value) <= room);
    if (!buckets)
      continue;
    int64_t bucket = (*buckets)(x, sizeof(Real) == 4);
    REQUIRE((bucket >= 0 && bucket < static_cast<int64_t>(buckets->lines.size())));
    REQUIRE(std::abs(best(llvm::ArrayRef(buckets->lines[bucket]), f.isLog, x) - value) <= room);
  }
}

} // namespace

TEST_CASE("lines and look-ups are the sum of ReLUs") {
  bool isLog = GENERATE(false, true);
  int64_t pieces = GENERATE(1, 2, 3, 7, 20, 61, 150);
  double span = GENERATE(0.05, 1.0, 4.0, 9.0);
  check<float>(Function::of<float>(isLog, pieces, span, 1));
  check<double>(Function::of<double>(isLog, pieces, span, 2));
}

TEST_CASE("buckets are found where networks have many pieces") {
  Function exp = Function::of<float>(false, 60, 4, 1), log = Function::of<float>(true, 60, 4, 1);
  std::optional<Buckets> ofExp = findBuckets(Lines(exp.units()), true), ofLog = findBuckets(Lines(log.units()), true);
  REQUIRE(ofExp);
  CHECK(!ofExp->byBits);
  REQUIRE(ofLog);
  CHECK(ofLog->byBits);
}

TEST_CASE("what lies outside is in the outermost buckets") {
  Function f = Function::of<float>(false, 40, 4, 1);
  Buckets buckets = *findBuckets(Lines(f.units()), true);
  CHECK(buckets(-1e30, true) == 0);
  CHECK(buckets(1e30, true) == static_cast<int64_t>(buckets.lines.size()) - 1);
  CHECK(buckets.lines[0][0].slope == 0);
}

TEST_CASE("a function that is neither convex nor concave is neither") {
  std::vector<double> in = {1, -1}, bias = {0, 1}, out = {1, -2};
  Lines lines({in, bias, out, 3});
  CHECK(!lines.isConvex);
  CHECK(!lines.isConcave);
  CHECK(!findBuckets(lines, true));
  CHECK(lines.knots == std::vector<double>{0, 1});
  for (double x : {-1.0, 0.5, 2.0})
    CHECK(lines.lines[x < 0 ? 0 : x < 1 ? 1 : 2](x) == Units{in, bias, out, 3}(x));
}

TEST_CASE("buckets need knots that are numbers of the precision") {
  Function f = Function::of<double>(false, 40, 4, 1);
  CHECK(!findBuckets(Lines(f.units()), true));
  CHECK(findBuckets(Lines(f.units()), false));
}
