//===- GaussianField.cpp - The leaf field of gaussian observations --------===//

#include "compiler/conversion/support/GaussianField.h"

#include "compiler/conversion/support/Arithmetic.h"
#include "compiler/conversion/support/EvenMessage.h"

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

namespace {

/// Builds the fields e(a) (gain z - half e(a)), gain = lambda / sigma^2 and half = gain lambda / 2, which differ from
/// -|z - lambda e|^2 / (2 sigma^2) by what all states of a leaf share. In units of log 2, so that exp2 ends it.
class MessageBuilder {
public:
  MessageBuilder(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, Value observation, Value lambda, Value sigma,
                 ArrayRef<double> values, int64_t states, int64_t size)
      : builder(builder), ranks(ranks), z{observation, Prefix::Path, "pb"}, lambda(lambda), values(values),
        states(states), size(size), f64(lambda.getType()) {
    ImplicitLocOpBuilder once = builder.scalars();
    variance = scalar::mul(once, sigma, sigma);
    gain = scalar::mul(once, scalar::div(once, lambda, variance), scalar::constant(once, f64, std::numbers::log2e));
    half = scalar::mul(once, scalar::mul(once, gain, lambda), scalar::constant(once, f64, 0.5));
    e = builder.table({states, size}, values, f64);
  }

  GaussianMessage build() {
    using namespace scalar;
    // NaN where any component is.
    Value seen = builder.reduce(ranks, {{'p', size, /*reduction=*/true}}, f64, 0, {z},
                                [&](ScalarBuilder &b, ValueRange x) { return add(b, toFloat(b, x[0], f64), x[1]); });
    Operand isSeen = {seen, Prefix::Path, "b"};
    // Where nothing is seen, no state is favoured: both coefficients are 0.
    linear = builder.map(ranks, {{'p', size}}, f64, {z, isSeen}, [&](ScalarBuilder &b, ValueRange x) {
      return select(b, isNaN(b, x[1]), constant(b, f64, 0), mul(b, gain, toFloat(b, x[0], f64)));
    });
    quadratic = builder.map(ranks, {}, f64, {isSeen}, [&](ScalarBuilder &b, ValueRange x) {
      return select(b, isNaN(b, x[0]), constant(b, f64, 0), half);
    });
    Value reference = largestField();
    GaussianMessage result;
    result.message = weights(reference);
    result.logDensity = logDensity(seen, reference);
    return result;
  }

private:
  /// The field's next component added to `sum`; `x` is {e, linear, quadratic}.
  static Value addComponent(scalar::ScalarBuilder &b, ValueRange x, Value sum) {
    using namespace scalar;
    return fma(b, x[0], sub(b, x[1], mul(b, x[2], x[0])), sum);
  }

  SmallVector<Operand> components() {
    return {{e, Prefix::None, "ap"}, {linear, Prefix::Path, "pb"}, {quadratic, Prefix::Path, "b"}};
  }

  Value largestField() {
    using namespace scalar;
    Value fields = builder.reduce(ranks, {{'a', states}, {'p', size, /*reduction=*/true}}, f64, 0, components(),
                                  [&](ScalarBuilder &b, ValueRange x) { return addComponent(b, x, x[3]); });
    return builder.reduce(ranks, {{'a', states, /*reduction=*/true}}, f64, -std::numeric_limits<double>::infinity(),
                          {{fields, Prefix::Path, "ab"}},
                          [&](ScalarBuilder &b, ValueRange x) { return max(b, x[0], x[1]); });
  }

  /// 2^(field - reference). The first component starts from -reference where it is the only one, so that nothing but
  /// the difference is rounded.
  Value weights(Value reference) {
    using namespace scalar;
    Type f32 = Float32Type::get(f64.getContext());
    SmallVector<Operand> operands = components();
    operands.push_back({reference, Prefix::Path, "b"});
    Value differences;
    if (size == 1) {
      operands.back().value =
          builder.map(ranks, {}, f64, {{reference, Prefix::Path, "b"}},
                      [&](ScalarBuilder &b, ValueRange x) { return sub(b, constant(b, f64, 0), x[0]); });
      differences =
          builder.reduce(ranks, {{'a', states}, {'p', 1, /*reduction=*/true}}, f32, 0, operands,
                         [&](ScalarBuilder &b, ValueRange x) { return toFloat(b, addComponent(b, x, x[3]), f32); });
    } else {
      Value fields = builder.reduce(ranks, {{'a', states}, {'p', size, /*reduction=*/true}}, f64, 0, components(),
                                    [&](ScalarBuilder &b, ValueRange x) { return addComponent(b, x, x[3]); });
      differences =
          builder.map(ranks, {{'a', states}}, f32, {{fields, Prefix::Path, "ab"}, {reference, Prefix::Path, "b"}},
                      [&](ScalarBuilder &b, ValueRange x) { return toFloat(b, sub(b, x[0], x[1]), f32); });
    }
    return builder.map(ranks, {{'a', states}}, f32, {{differences, Prefix::Path, "ab"}},
                       [&](ScalarBuilder &b, ValueRange x) -> Value { return mlir::math::Exp2Op::create(b, x[0]); });
  }

  Value logDensity(Value seen, Value reference) {
    using namespace scalar;
    ImplicitLocOpBuilder once = builder.scalars();
    Value square =
        builder.reduce(ranks, {{'p', size, /*reduction=*/true}}, f64, 0, {z}, [&](ScalarBuilder &b, ValueRange x) {
          Value wide = toFloat(b, x[0], f64);
          return fma(b, wide, wide, x[1]);
        });
    Value precision = div(once, constant(once, f64, -0.5), variance);
    Value scale = mul(once, constant(once, f64, -0.5 * static_cast<double>(size)),
                      log(once, mul(once, constant(once, f64, 2 * std::numbers::pi), variance)));
    return builder.map(
        ranks, {}, f64, {{seen, Prefix::Path, "b"}, {reference, Prefix::Path, "b"}, {square, Prefix::Path, "b"}},
        [&](ScalarBuilder &b, ValueRange x) {
          Value field = fma(b, x[1], constant(b, f64, std::numbers::ln2), fma(b, precision, x[2], scale));
          return select(b, isNaN(b, x[0]), constant(b, f64, 0), field);
        });
  }

  IndexSpaceBuilder &builder;
  ArrayRef<int64_t> ranks;
  Operand z;
  Value lambda;
  ArrayRef<double> values;
  int64_t states, size;
  Type f64;
  Value variance, gain, half; ///< scalars
  Value e;                    ///< [states x p]
  Value linear, quadratic;    ///< [ranks x p x batch], [ranks x batch]
};

} // namespace

GaussianMessage buildGaussianMessage(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, Value observation,
                                     Value lambda, Value sigma, ArrayRef<double> values, int64_t states, int64_t size) {
  if (size == 1 && isEvenlySpaced(values))
    return EvenMessageBuilder(builder, ranks, observation, lambda, sigma, values).build();
  return MessageBuilder(builder, ranks, observation, lambda, sigma, values, states, size).build();
}

} // namespace espalier
