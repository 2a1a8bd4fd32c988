//===- GaussianField.cpp - The leaf field of gaussian observations --------===//

#include "compiler/conversion/support/GaussianField.h"

#include "compiler/conversion/support/Arithmetic.h"

#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;

namespace espalier {

GaussianField buildGaussianField(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, Value observation, Value lambda,
                                 Value sigma, ArrayRef<double> values, int64_t states, int64_t size) {
  using namespace scalar;
  Type f64 = Float64Type::get(observation.getContext());
  Value e = builder.table({states, size}, values, f64);
  Operand z = {observation, Prefix::Path, "pb"};
  Loop a = {'a', states}, p = {'p', size};
  Loop sumA = {'a', states, /*reduction=*/true}, sumP = {'p', size, /*reduction=*/true};

  // The nearest state maximizes lambda e (z - lambda e / 2), which unlike |z - lambda e|^2 keeps its digits where z is
  // far from every state.
  Value score =
      builder.reduce(ranks, {a, sumP}, f64, 0, {{e, Prefix::None, "ap"}, z}, [&](ScalarBuilder &b, ValueRange x) {
        Value scaled = mul(b, lambda, x[0]);
        Value middle = sub(b, toFloat(b, x[1], f64), mul(b, constant(b, f64, 0.5), scaled));
        return fma(b, scaled, middle, x[2]);
      });
  double lowest = -std::numeric_limits<double>::infinity();
  Value best = builder.reduce(ranks, {sumA}, f64, lowest, {{score, Prefix::Path, "ab"}},
                              [&](ScalarBuilder &b, ValueRange x) { return max(b, x[0], x[1]); });
  Value nearest = builder.reduce(
      ranks, {p, sumA}, f64, 0, {{score, Prefix::Path, "ab"}, {best, Prefix::Path, "b"}, {e, Prefix::None, "ap"}},
      [&](ScalarBuilder &b, ValueRange x) { return select(b, equal(b, x[0], x[1]), x[2], x[3]); });

  // |z - lambda r|^2 - |z - lambda e|^2 = 2 lambda (e - r) . (z - lambda (e + r) / 2): no cancellation.
  Value product = builder.reduce(ranks, {a, sumP}, f64, 0, {{e, Prefix::None, "ap"}, {nearest, Prefix::Path, "pb"}, z},
                                 [&](ScalarBuilder &b, ValueRange x) {
                                   Value half = mul(b, constant(b, f64, 0.5), mul(b, lambda, add(b, x[0], x[1])));
                                   return fma(b, sub(b, x[0], x[1]), sub(b, toFloat(b, x[2], f64), half), x[3]);
                                 });
  ImplicitLocOpBuilder once = builder.scalars();
  Value variance = mul(once, sigma, sigma);
  Value gain = div(once, lambda, variance);
  GaussianField result;
  result.field = builder.map(ranks, {a}, f64, {{product, Prefix::Path, "ab"}},
                             [&](ScalarBuilder &b, ValueRange x) { return mul(b, gain, x[0]); });

  Value distance =
      builder.reduce(ranks, {sumP}, f64, 0, {{nearest, Prefix::Path, "pb"}, z}, [&](ScalarBuilder &b, ValueRange x) {
        Value d = sub(b, toFloat(b, x[1], f64), mul(b, lambda, x[0]));
        return fma(b, d, d, x[2]);
      });
  Value precision = div(once, constant(once, f64, -0.5), variance);
  Value scale = mul(once, constant(once, f64, -0.5 * static_cast<double>(size)),
                    log(once, mul(once, constant(once, f64, 2 * std::numbers::pi), variance)));
  result.logDensity = builder.map(ranks, {}, f64, {{distance, Prefix::Path, "b"}}, [&](ScalarBuilder &b, ValueRange x) {
    return select(b, isNaN(b, x[0]), constant(b, f64, 0), fma(b, precision, x[0], scale));
  });
  return result;
}

} // namespace espalier
