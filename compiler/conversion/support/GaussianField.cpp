//===- GaussianField.cpp - The leaf field of gaussian observations --------===//

#include "compiler/conversion/support/GaussianField.h"

#include "compiler/conversion/support/Arithmetic.h"
#include "compiler/conversion/support/Centre.h"
#include "compiler/conversion/support/EvenMessage.h"

#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;

namespace espalier {

namespace {

/// Fields relative to the state nearest to z.
class FieldBuilder {
public:
  FieldBuilder(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, Value observation, Value lambda, Value sigma,
               ArrayRef<double> values, int64_t states, int64_t size)
      : builder(builder), ranks(ranks), f64(lambda.getType()), z{observation, Prefix::Path, "pb"}, lambda(lambda),
        sigma(sigma), states(states), size(size), centres(centresOf(values, size)),
        w(centredObservation(builder, ranks, z, lambda, centres)) {
    e = builder.table({states, size}, values, f64);
    x = builder.table({states, size}, centred(values, centres), f64);
    rate();
  }

  GaussianField build() {
    Value field = size == 1 ? fieldOfNumbers() : fieldOfVectors();
    return {field, logDensity()};
  }

  SplitGaussianField buildSplit() {
    Value nearestValue = nearest(e);
    Value twice = doubledDistance(nearestValue), rest = roundedOff(nearestValue, twice);
    SplitGaussianField result;
    result.field.high = splitField(nearestValue, twice, rest, /*whole=*/true);
    result.field.low = splitField(nearestValue, twice, rest, /*whole=*/false);
    result.logDensity = logDensity();
    return result;
  }

private:
  using Scalars = scalar::ScalarBuilder;

  /// The nearest state maximizes lambda x (w - lambda x / 2), which unlike |w - lambda x|^2 keeps its digits where z is
  /// far from every state.
  void rate() {
    using namespace scalar;
    score = builder.reduce(ranks, {{'a', states}, {'p', size, /*reduction=*/true}}, f64, 0,
                           {{x, Prefix::None, "ap"}, w}, [&](Scalars &b, ValueRange v) {
                             Value scaled = mul(b, lambda, v[0]);
                             Value middle = sub(b, toFloat(b, v[1], f64), mul(b, constant(b, f64, 0.5), scaled));
                             return fma(b, scaled, middle, v[2]);
                           });
    double lowest = -std::numeric_limits<double>::infinity();
    best = builder.reduce(ranks, {{'a', states, /*reduction=*/true}}, f64, lowest, {{score, Prefix::Path, "ab"}},
                          [&](Scalars &b, ValueRange v) { return max(b, v[0], v[1]); });
  }

  /// What `table` [states x p] holds of the nearest state: [ranks x p x batch].
  Value nearest(Value table) {
    using namespace scalar;
    return builder.reduce(ranks, {{'p', size}, {'a', states, /*reduction=*/true}}, f64, 0,
                          {{score, Prefix::Path, "ab"}, {best, Prefix::Path, "b"}, {table, Prefix::None, "ap"}},
                          [&](Scalars &b, ValueRange v) { return select(b, equal(b, v[0], v[1]), v[2], v[3]); });
  }

  /// 2 z - lambda r, rounded, r being the value of the nearest state ...
  Value doubledDistance(Value r) {
    using namespace scalar;
    return builder.map(ranks, {{'p', size}}, f64, {z, {r, Prefix::Path, "pb"}}, [&](Scalars &b, ValueRange v) {
      Value wide = toFloat(b, v[0], f64);
      return sub(b, add(b, wide, wide), mul(b, lambda, v[1]));
    });
  }

  /// ... and what was rounded off: of the product and of the difference.
  Value roundedOff(Value r, Value twice) {
    using namespace scalar;
    return builder.map(ranks, {{'p', size}}, f64, {z, {r, Prefix::Path, "pb"}, {twice, Prefix::Path, "pb"}},
                       [&](Scalars &b, ValueRange v) {
                         Value wide = toFloat(b, v[0], f64), two = add(b, wide, wide), product = mul(b, lambda, v[1]);
                         return sub(b, differenceError(b, two, product, v[2]), productError(b, lambda, v[1], product));
                       });
  }

  /// |z - lambda r|^2 - |z - lambda e|^2 = lambda (e - r) (2 z - lambda r - lambda e) of numbers. The last factor is
  /// all that can cancel, and is formed of exact products and of what rounding took from its first two terms.
  Value fieldOfNumbers() {
    using namespace scalar;
    Value r = nearest(e), twice = doubledDistance(r), rest = roundedOff(r, twice);
    ImplicitLocOpBuilder once = builder.scalars();
    Value minus = sub(once, constant(once, f64, 0), lambda), gain = halfGain(once);
    // Both have one component only: without that axis there is no sum.
    return builder.reduce(
        ranks, {{'a', states}, {'p', 1, /*reduction=*/true}}, f64, 0,
        {{e, Prefix::None, "ap"}, {r, Prefix::Path, "pb"}, {twice, Prefix::Path, "pb"}, {rest, Prefix::Path, "pb"}},
        [&](Scalars &b, ValueRange v) {
          Value apart = add(b, fma(b, minus, v[0], v[2]), v[3]);
          return fma(b, mul(b, sub(b, v[0], v[1]), gain), apart, v[4]);
        });
  }

  /// The same of vectors, about the centre: lambda (x - r) . (w - lambda (x + r) / 2), over sigma^2.
  Value fieldOfVectors() {
    using namespace scalar;
    Value product =
        builder.reduce(ranks, {{'a', states}, {'p', size, /*reduction=*/true}}, f64, 0,
                       {{x, Prefix::None, "ap"}, {nearest(x), Prefix::Path, "pb"}, w}, [&](Scalars &b, ValueRange v) {
                         Value half = mul(b, constant(b, f64, 0.5), mul(b, lambda, add(b, v[0], v[1])));
                         return fma(b, sub(b, v[0], v[1]), sub(b, toFloat(b, v[2], f64), half), v[3]);
                       });
    ImplicitLocOpBuilder once = builder.scalars();
    Value gain = div(once, lambda, mul(once, sigma, sigma));
    return builder.map(ranks, {{'a', states}}, f64, {{product, Prefix::Path, "ab"}},
                       [&](Scalars &b, ValueRange v) { return mul(b, gain, v[0]); });
  }

  /// One part of every component's field, summed. All factors are pairs of a double and of what was rounded off, so
  /// that the whole part, of up to 2^51, leaves the rest right to about 2^-53.
  Value splitField(Value r, Value twice, Value rest, bool whole) {
    using namespace scalar;
    ImplicitLocOpBuilder once = builder.scalars();
    Value gain = halfGain(once), gainRest = halfGainRest(once, gain);
    return builder.reduce(
        ranks, {{'a', states}, {'p', size, /*reduction=*/true}}, f64, 0,
        {{e, Prefix::None, "ap"}, {r, Prefix::Path, "pb"}, {twice, Prefix::Path, "pb"}, {rest, Prefix::Path, "pb"}},
        [&](Scalars &b, ValueRange v) {
          Value step = sub(b, v[0], v[1]), stepRest = differenceError(b, v[0], v[1], step);
          Value product = mul(b, lambda, v[0]), rough = sub(b, v[2], product);
          Value fine =
              add(b, differenceError(b, v[2], product, rough), sub(b, v[3], productError(b, lambda, v[0], product)));
          Value apart = add(b, rough, fine), apartRest = sub(b, fine, sub(b, apart, rough));
          Value area = mul(b, step, apart);
          Value areaRest = add(b, productError(b, step, apart, area), fma(b, step, apartRest, mul(b, stepRest, apart)));
          Value field = mul(b, gain, area);
          Value fieldRest = add(b, productError(b, gain, area, field), fma(b, gain, areaRest, mul(b, gainRest, area)));
          Value rounded = wholeNumber(b, field);
          return add(b, v[4], whole ? rounded : add(b, sub(b, field, rounded), fieldRest));
        });
  }

  /// lambda / (2 sigma^2) ...
  Value halfGain(Scalars &b) {
    using namespace scalar;
    return div(b, lambda, mul(b, constant(b, f64, 2), mul(b, sigma, sigma)));
  }

  /// ... and what was rounded off.
  Value halfGainRest(Scalars &b, Value gain) {
    using namespace scalar;
    Value two = constant(b, f64, 2), variance = mul(b, sigma, sigma), divisor = mul(b, two, variance);
    Value divisorRest = mul(b, two, productError(b, sigma, sigma, variance));
    Value product = mul(b, gain, divisor);
    Value rest = sub(b, sub(b, lambda, product), productError(b, gain, divisor, product));
    return div(b, sub(b, rest, mul(b, gain, divisorRest)), divisor);
  }

  Value logDensity() {
    using namespace scalar;
    ImplicitLocOpBuilder once = builder.scalars();
    Value minus = sub(once, constant(once, f64, 0), lambda), variance = mul(once, sigma, sigma);
    // Numbers are exact products away from their own value, vectors from what lies about the centre.
    Value r = size == 1 ? nearest(e) : nearest(x);
    Value distance = builder.reduce(ranks, {{'p', size, /*reduction=*/true}}, f64, 0,
                                    {{r, Prefix::Path, "pb"}, size == 1 ? z : w}, [&](Scalars &b, ValueRange v) {
                                      Value d = fma(b, minus, v[0], toFloat(b, v[1], f64));
                                      return fma(b, d, d, v[2]);
                                    });
    Value precision = div(once, constant(once, f64, -0.5), variance);
    Value scale = mul(once, constant(once, f64, -0.5 * static_cast<double>(size)),
                      log(once, mul(once, constant(once, f64, 2 * std::numbers::pi), variance)));
    return builder.map(ranks, {}, f64, {{distance, Prefix::Path, "b"}}, [&](Scalars &b, ValueRange v) {
      return select(b, isNaN(b, v[0]), constant(b, f64, 0), fma(b, precision, v[0], scale));
    });
  }

  IndexSpaceBuilder &builder;
  ArrayRef<int64_t> ranks;
  Type f64;
  Operand z;
  Value lambda, sigma;
  int64_t states, size;
  std::vector<double> centres;
  Operand w;         ///< z less lambda times the centres
  Value e, x;        ///< [states x p]: values, and the same less their centres
  Value score, best; ///< [ranks x states x batch], [ranks x batch]
};

} // namespace

Operand centredObservation(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, Operand z, Value lambda,
                           ArrayRef<double> centres) {
  using namespace scalar;
  if (llvm::all_of(centres, [](double c) { return c == 0; }))
    return z;
  Type f64 = lambda.getType();
  int64_t size = static_cast<int64_t>(centres.size());
  ImplicitLocOpBuilder once = builder.scalars();
  Value minus = sub(once, constant(once, f64, 0), lambda);
  Value c = builder.table({size}, centres, f64);
  return {builder.map(ranks, {{'p', size}}, f64, {z, {c, Prefix::None, "p"}},
                      [&](ScalarBuilder &b, ValueRange x) { return fma(b, minus, x[1], toFloat(b, x[0], f64)); }),
          Prefix::Path, "pb"};
}

SplitLog seen(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, int64_t states, SplitLog field) {
  using namespace scalar;
  auto part = [&](Value x) {
    Type type = getElementTypeOrSelf(x.getType());
    return builder.map(ranks, {{'s', states}}, type, {{x, Prefix::Path, "sb"}}, [&](ScalarBuilder &b, ValueRange v) {
      return select(b, isNaN(b, v[0]), constant(b, type, 0), v[0]);
    });
  };
  return {part(field.high), part(field.low)};
}

GaussianField buildGaussianField(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, Value observation, Value lambda,
                                 Value sigma, ArrayRef<double> values, int64_t states, int64_t size) {
  return FieldBuilder(builder, ranks, observation, lambda, sigma, values, states, size).build();
}

SplitGaussianField buildSplitGaussianField(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, Value observation,
                                           Value lambda, Value sigma, ArrayRef<double> values, int64_t states,
                                           int64_t size) {
  return FieldBuilder(builder, ranks, observation, lambda, sigma, values, states, size).buildSplit();
}

namespace {

/// Builds the fields e(a) (gain z - half e(a)), gain = lambda / sigma^2 and half = gain lambda / 2, which differ from
/// -|z - lambda e|^2 / (2 sigma^2) by what all states of a leaf share; z and e are taken about their centre. In units
/// of log 2, so that exp2 ends it.
class MessageBuilder {
public:
  MessageBuilder(IndexSpaceBuilder &builder, ArrayRef<int64_t> ranks, Value observation, Value lambda, Value sigma,
                 ArrayRef<double> values, int64_t states, int64_t size)
      : builder(builder), ranks(ranks), lambda(lambda), states(states), size(size), f64(lambda.getType()) {
    std::vector<double> centres = centresOf(values, size);
    z = centredObservation(builder, ranks, {observation, Prefix::Path, "pb"}, lambda, centres);
    ImplicitLocOpBuilder once = builder.scalars();
    variance = scalar::mul(once, sigma, sigma);
    gain = scalar::mul(once, scalar::div(once, lambda, variance), scalar::constant(once, f64, std::numbers::log2e));
    half = scalar::mul(once, scalar::mul(once, gain, lambda), scalar::constant(once, f64, 0.5));
    e = builder.table({states, size}, centred(values, centres), f64);
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
  Operand z = {{}, Prefix::Path, "pb"}; ///< about the centre
  Value lambda;
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
