//===- ExpandMathTest.cpp - The error of the expanded exp and log ---------===//
//
// exp and log as compiled code computes them, held against long double over the whole range: the error in units in the
// last place that compiler/codegen/Passes.td claims, and the values that must be exact.
//
//===----------------------------------------------------------------------===//

#include "tests/unit/codegen/Jit.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace espalier::test;

namespace {

/// The claim of Passes.td.
constexpr double kClaimedUlp = 2;

template <typename Real> constexpr Real kInfinity = std::numeric_limits<Real>::infinity();
template <typename Real> constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN();
template <typename Real> constexpr Real kLeastNormal = std::numeric_limits<Real>::min();
template <typename Real> constexpr Real kLeast = std::numeric_limits<Real>::denorm_min();
template <typename Real> constexpr Real kMost = std::numeric_limits<Real>::max();

/// With and without vectors, with and without fused multiply-adds.
OperationSpec anySpec(const std::string &operation) { return {operation, GENERATE(0, 4, 16), GENERATE(true, false)}; }

template <typename Real>
std::vector<Real> evaluate(const CompiledOperation<Real> &operation, const std::vector<Real> &arguments) {
  std::vector<Real> padded(arguments), results;
  padded.resize((arguments.size() + kChunk - 1) / kChunk * kChunk, 1);
  results.resize(padded.size());
  for (size_t start = 0; start < padded.size(); start += kChunk)
    operation(padded.data() + start, results.data() + start);
  results.resize(arguments.size());
  return results;
}

/// Distance of a result from the truth, in units in the last place of the truth.
template <typename Real> double ulps(Real got, long double truth) {
  const int exponent = std::max(std::ilogb(truth), std::numeric_limits<Real>::min_exponent - 1);
  return static_cast<double>(std::abs(got - truth) /
                             std::ldexp(1.0L, exponent - std::numeric_limits<Real>::digits + 1));
}

/// Every number of a type has as many neighbours here as any other: bit patterns `stride` apart from `from` to `to`.
template <typename Real> std::vector<Real> byBits(Real from, Real to, size_t count) {
  using Bits = std::conditional_t<sizeof(Real) == 4, uint32_t, uint64_t>;
  Bits first, last;
  std::memcpy(&first, &from, sizeof from);
  std::memcpy(&last, &to, sizeof to);
  const Bits stride = std::max<Bits>(1, (last - first) / count);
  std::vector<Real> numbers;
  for (size_t i = 0; i < count; ++i) {
    const Bits bits = first + static_cast<Bits>(i) * stride;
    Real number;
    std::memcpy(&number, &bits, sizeof bits);
    numbers.push_back(number);
  }
  return numbers;
}

/// `count` numbers evenly spread over an interval, moved a little so that they are no round numbers.
template <typename Real> std::vector<Real> evenly(double from, double to, size_t count) {
  std::mt19937_64 random(1);
  std::vector<Real> numbers;
  for (size_t i = 0; i < count; ++i) {
    const double place = (static_cast<double>(i) + static_cast<double>(random() >> 11) * 0x1p-53) / count;
    numbers.push_back(static_cast<Real>(from + (to - from) * place));
  }
  return numbers;
}

void append(auto &numbers, const auto &more) { numbers.insert(numbers.end(), more.begin(), more.end()); }

/// Where exp becomes infinite, as Passes.td documents it.
template <typename Real> constexpr double kLargestExponent = std::is_same_v<Real, float> ? 88.376 : 709.436;

/// All x <= 0 whose exp is a normal number, by value and by bits, and positive ones up to where exp overflows.
template <typename Real> std::vector<Real> exponents() {
  const double least = std::log(static_cast<double>(kLeastNormal<Real>));
  const double most = kLargestExponent<Real>;
  std::vector<Real> numbers = evenly<Real>(least, 0, 200000);
  append(numbers, evenly<Real>(-1, 1, 100000));
  append(numbers, evenly<Real>(0, most, 50000));
  append(numbers, byBits<Real>(static_cast<Real>(-0.0), static_cast<Real>(least), 100000));
  append(numbers, byBits<Real>(0, static_cast<Real>(most), 50000));
  return numbers;
}

/// All positive numbers by bits, subnormal ones too, and the neighbourhood of 1 where log changes its sign.
template <typename Real> std::vector<Real> positives() {
  std::vector<Real> numbers = byBits<Real>(kLeast<Real>, kMost<Real>, 300000);
  append(numbers, byBits<Real>(kLeast<Real>, kLeastNormal<Real>, 50000));
  append(numbers, byBits<Real>(static_cast<Real>(0.5), 2, 150000));
  append(numbers, byBits<Real>(static_cast<Real>(0.999), static_cast<Real>(1.001), 50000));
  return numbers;
}

} // namespace

TEMPLATE_TEST_CASE("exp is within two units in the last place", "", float, double) {
  const OperationSpec spec = anySpec("math.exp");
  const CompiledOperation<TestType> exp(spec);
  const std::vector<TestType> x = exponents<TestType>(), y = evaluate(exp, x);
  double worst = 0;
  TestType at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const long double truth = std::exp(static_cast<long double>(x[i]));
    if (truth < kLeastNormal<TestType> || truth > kMost<TestType>)
      continue;
    const double error = ulps(y[i], truth);
    if (!(error <= worst)) {
      worst = error;
      at = x[i];
    }
  }
  CAPTURE(spec.lanes, spec.fma, at);
  REQUIRE(worst <= kClaimedUlp);
}

TEMPLATE_TEST_CASE("log is within two units in the last place", "", float, double) {
  const OperationSpec spec = anySpec("math.log");
  const CompiledOperation<TestType> log(spec);
  const std::vector<TestType> x = positives<TestType>(), y = evaluate(log, x);
  double worst = 0;
  TestType at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] == 1)
      continue;
    const double error = ulps(y[i], std::log(static_cast<long double>(x[i])));
    if (!(error <= worst)) {
      worst = error;
      at = x[i];
    }
  }
  CAPTURE(spec.lanes, spec.fma, at);
  REQUIRE(worst <= kClaimedUlp);
}

TEMPLATE_TEST_CASE("exp is exact where it must be", "", float, double) {
  const CompiledOperation<TestType> exp(anySpec("math.exp"));
  const std::vector<TestType> y =
      evaluate<TestType>(exp, {0, static_cast<TestType>(-0.0), -kInfinity<TestType>, kInfinity<TestType>,
                               -kMost<TestType>, kMost<TestType>, kLeast<TestType>, -kLeast<TestType>});
  REQUIRE(y == std::vector<TestType>{1, 1, 0, kInfinity<TestType>, 0, kInfinity<TestType>, 1, 1});
}

TEMPLATE_TEST_CASE("exp below the smallest normal number is zero", "", float, double) {
  const CompiledOperation<TestType> exp(anySpec("math.exp"));
  const auto least = static_cast<TestType>(std::log(static_cast<long double>(kLeastNormal<TestType>)));
  const TestType below = std::nextafter(std::nextafter(least, -kMost<TestType>), -kMost<TestType>);
  for (TestType y : evaluate(exp, byBits<TestType>(below, -kMost<TestType>, 50000)))
    REQUIRE(y == 0);
}

TEMPLATE_TEST_CASE("log is exact where it must be", "", float, double) {
  const CompiledOperation<TestType> log(anySpec("math.log"));
  const std::vector<TestType> y = evaluate<TestType>(log, {1, 0, static_cast<TestType>(-0.0)});
  REQUIRE(y == std::vector<TestType>{0, -kInfinity<TestType>, -kInfinity<TestType>});
}

TEMPLATE_TEST_CASE("what is no number stays no number", "", float, double) {
  const CompiledOperation<TestType> function(anySpec(GENERATE("math.exp", "math.log")));
  REQUIRE(std::isnan(evaluate<TestType>(function, {kNaN<TestType>})[0]));
}

TEMPLATE_TEST_CASE("log of what overflowed is infinite, log of a negative number is no number", "", float, double) {
  const CompiledOperation<TestType> log(anySpec("math.log"));
  const std::vector<TestType> y = evaluate<TestType>(log, {kInfinity<TestType>, -1, -kInfinity<TestType>});
  REQUIRE(y[0] == kInfinity<TestType>);
  REQUIRE(std::isnan(y[1]));
  REQUIRE(std::isnan(y[2]));
}

TEMPLATE_TEST_CASE("neighbouring lanes do not disturb each other", "", float, double) {
  const CompiledOperation<TestType> exp({"math.exp", 16, true}), scalar({"math.exp", 0, true});
  const std::vector<TestType> x = {0, kNaN<TestType>, -kInfinity<TestType>, kInfinity<TestType>, -1, -80, 1, -1000};
  const std::vector<TestType> y = evaluate(exp, x), z = evaluate(scalar, x);
  for (size_t i = 0; i < x.size(); ++i)
    REQUIRE((y[i] == z[i] || (std::isnan(y[i]) && std::isnan(z[i]))));
}
