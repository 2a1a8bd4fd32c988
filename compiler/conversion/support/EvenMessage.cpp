//===- EvenMessage.cpp - Gaussian leaves of evenly spaced values ----------===//

#include "compiler/conversion/support/EvenMessage.h"

#include "compiler/conversion/support/Arithmetic.h"
#include "compiler/conversion/support/Centre.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

using namespace mlir;

namespace espalier {
using namespace scalar;

bool isEvenlySpaced(ArrayRef<double> values) {
  std::vector<double> x = centred(values, centresOf(values, 1));
  double step = (x.back() - x.front()) / std::max<double>(1, static_cast<double>(x.size()) - 1);
  double rounding = 4 * std::numeric_limits<double>::epsilon() * std::max(std::abs(x.front()), std::abs(x.back()));
  for (auto [i, value] : llvm::enumerate(x))
    if (!(std::abs(value - (x.front() + step * static_cast<double>(i))) <= rounding))
      return false;
  return values.size() > 1 && step != 0;
}

EvenMessageBuilder::EvenMessageBuilder(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, Value observation,
                                       Value lambda, Value sigma, ArrayRef<double> values)
    : builder(builder), ranks(ranks), lambda(lambda), sigma(sigma), states(values.size()),
      f32(Float32Type::get(lambda.getContext())), f64(lambda.getType()) {
  std::vector<double> centres = centresOf(values, 1), x = centred(values, centres);
  z = centredObservation(builder, ranks, {observation, Prefix::Path, "pb"}, lambda, centres);
  first = x.front();
  step = (x.back() - x.front()) / static_cast<double>(x.size() - 1);
  ImplicitLocOpBuilder once = builder.scalars();
  Value width = mul(once, lambda, constant(once, f64, step)), ratio = div(once, width, sigma);
  // Larger ones tell no more states apart, and stay finite in single precision.
  Value all = mul(once, mul(once, ratio, ratio), constant(once, f64, 0.5 * std::numbers::log2e));
  Value most = constant(once, f64, 1e30);
  c = select(once, less(once, all, most), all, most);
  // Where the signal is nothing, every state is as near as any other.
  Value square = mul(once, width, width), none = less(once, square, constant(once, f64, 1e-290));
  perStep = select(once, none, constant(once, f64, 0), div(once, constant(once, f64, 1), width));
}

GaussianMessage EvenMessageBuilder::build() {
  place = builder.reduce(ranks, {{'p', 1, /*reduction=*/true}}, f64, -first / step, {z},
                         [&](ScalarBuilder &b, ValueRange x) { return fma(b, toFloat(b, x[0], f64), perStep, x[1]); });
  nearest = nearestPlace();
  std::vector<double> numbers(states);
  std::iota(numbers.begin(), numbers.end(), 0);
  auto single = [&](Value value) {
    return builder.map(ranks, {}, f32, {{value, Prefix::Path, "b"}},
                       [&](ScalarBuilder &b, ValueRange x) { return toFloat(b, x[0], f32); });
  };
  GaussianMessage result;
  result.message = builder.map(ranks, {{'a', states}}, f32,
                               {{builder.table({states}, numbers, f32), Prefix::None, "a"},
                                {single(nearest), Prefix::Path, "b"},
                                {single(side()), Prefix::Path, "b"},
                                {slope(), Prefix::Path, "b"},
                                {curvature(), Prefix::Path, "b"}},
                               [&](ScalarBuilder &b, ValueRange x) -> Value {
                                 Value k = sub(b, x[0], x[1]);
                                 Value field = mul(b, k, fma(b, x[4], sub(b, x[0], x[2]), x[3]));
                                 return mlir::math::Exp2Op::create(b, field);
                               });
  result.logDensity = logDensity();
  return result;
}

Value EvenMessageBuilder::nearestPlace() {
  return builder.map(ranks, {}, f64, {{place, Prefix::Path, "b"}}, [&](ScalarBuilder &b, ValueRange x) {
    // NaN becomes 0.
    Value last = constant(b, f64, static_cast<double>(states - 1)), magic = constant(b, f64, 0x1.8p52);
    Value within = max(b, x[0], constant(b, f64, 0));
    within = select(b, less(b, within, last), within, last);
    return sub(b, add(b, within, magic), magic);
  });
}

/// r + s: the state on the other side of z, or the one beyond the last.
Value EvenMessageBuilder::side() {
  return builder.map(ranks, {}, f64, {{place, Prefix::Path, "b"}, {nearest, Prefix::Path, "b"}},
                     [&](ScalarBuilder &b, ValueRange x) {
                       Value one = constant(b, f64, 1), below = less(b, x[0], x[1]);
                       return add(b, x[1], select(b, below, constant(b, f64, -1), one));
                     });
}

/// -c (s - 2 t), 0 where the leaf is missing; finite however far out z lies, so that 0 times it is 0.
Value EvenMessageBuilder::slope() {
  return builder.map(ranks, {}, f32, {{place, Prefix::Path, "b"}, {nearest, Prefix::Path, "b"}},
                     [&](ScalarBuilder &b, ValueRange x) {
                       Value zero = constant(b, f64, 0), least = constant(b, f64, -1e37), most = constant(b, f64, 1e37);
                       Value below = less(b, x[0], x[1]), t = sub(b, x[0], x[1]);
                       Value sign = select(b, below, constant(b, f64, -1), constant(b, f64, 1));
                       Value slope = mul(b, c, fma(b, constant(b, f64, 2), t, sub(b, zero, sign)));
                       slope = select(b, less(b, slope, least), least, slope);
                       slope = select(b, less(b, most, slope), most, slope);
                       return toFloat(b, select(b, isNaN(b, x[0]), zero, slope), f32);
                     });
}

/// -c, 0 where the leaf is missing.
Value EvenMessageBuilder::curvature() {
  return builder.map(ranks, {}, f32, {{place, Prefix::Path, "b"}}, [&](ScalarBuilder &b, ValueRange x) {
    Value zero = constant(b, f64, 0);
    return toFloat(b, select(b, isNaN(b, x[0]), zero, sub(b, zero, c)), f32);
  });
}

Value EvenMessageBuilder::logDensity() {
  ImplicitLocOpBuilder once = builder.scalars();
  Value variance = mul(once, sigma, sigma), precision = div(once, constant(once, f64, -0.5), variance);
  Value density =
      mul(once, constant(once, f64, -0.5), log(once, mul(once, constant(once, f64, 2 * std::numbers::pi), variance)));
  Value distance = builder.reduce(ranks, {{'p', 1, /*reduction=*/true}}, f64, 0, {z, {nearest, Prefix::Path, "b"}},
                                  [&](ScalarBuilder &b, ValueRange x) {
                                    Value value = fma(b, x[1], constant(b, f64, step), constant(b, f64, first));
                                    return sub(b, toFloat(b, x[0], f64), mul(b, lambda, value));
                                  });
  return builder.map(ranks, {}, f64, {{distance, Prefix::Path, "b"}}, [&](ScalarBuilder &b, ValueRange x) {
    Value field = fma(b, precision, mul(b, x[0], x[0]), density);
    return select(b, isNaN(b, x[0]), constant(b, f64, 0), field);
  });
}

} // namespace espalier
