//===- Contraction.cpp - Kernels times messages ---------------------------===//

#include "compiler/conversion/support/Contraction.h"

#include "compiler/conversion/support/Arithmetic.h"
#include "compiler/conversion/support/Centre.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;

namespace espalier {
using namespace scalar;

/// log 0, where maxima start.
constexpr double kLeast = -std::numeric_limits<double>::infinity();

Value Contraction::product(Value message) {
  // Loop 't' runs over the result's states, 'f' over the message's.
  Operand kernel = index.kernel(ranks, shape, weights, elementType, upward ? "tf" : "ft");
  return index.reduce(ranks, {{'t', to()}, {'f', from(), /*reduction=*/true}}, elementType, 0,
                      {kernel, {message, Prefix::Path, "fb"}},
                      [](ScalarBuilder &b, ValueRange x) { return fma(b, x[0], x[1], x[2]); });
}

int64_t fractionBits(int64_t siblings) {
  // Up to 2^5.5 siblings need none; beyond 2^20 the model has more leaves than any machine has time for.
  int64_t bits = static_cast<int64_t>(std::ceil(2 * std::log2(static_cast<double>(siblings)))) - 11;
  return std::clamp<int64_t>(bits, 0, 29);
}

double wholePart(double x, int64_t bits) {
  return std::isinf(x) ? 0 : std::ldexp(std::nearbyint(std::ldexp(x, static_cast<int>(bits))), -static_cast<int>(bits));
}

/// The same in an op's body.
static Value wholePart(ScalarBuilder &b, Value x, int64_t bits = 0) {
  // Numbers of this size have no more digits behind the point: the sum is rounded.
  int digits = cast<FloatType>(x.getType()).getFPMantissaWidth();
  Value large = constant(b, x.getType(), 1.5 * std::ldexp(1.0, digits - 1 - static_cast<int>(bits)));
  return finiteOrZero(b, sub(b, add(b, x, large), large), kLeast);
}

/// The logarithm as one number, from the elements of a message's parts (`low` may be null).
static Value joined(ScalarBuilder &b, Value high, Value low) { return low ? add(b, high, low) : high; }

/// Appends a message's parts to the operands of an op.
static void append(SmallVectorImpl<Operand> &operands, SplitLog message, Prefix prefix, StringRef loops) {
  operands.push_back({message.high, prefix, loops});
  if (message.low)
    operands.push_back({message.low, prefix, loops});
}

Value Contraction::rowMaximum(SplitLog message) {
  // A weight below e^-100 makes its input count for less, by what it lies below that: so no term that decides leaves
  // the range of doubles. Other sums stay about an input itself: where all are 0, a row of probabilities sums to 1.
  constexpr double lowest = -100;
  bool tiny = elementType.isF64() && llvm::any_of(weights, [](double w) { return w > 0 && std::log(w) < lowest; });
  std::vector<double> table(weights);
  if (tiny)
    llvm::transform(table, table.begin(), [](double w) { return std::min(0.0, std::log(w) - lowest); });
  SmallVector<Operand> operands = {index.kernel(ranks, shape, table, elementType, upward ? "tf" : "ft")};
  append(operands, message, Prefix::Path, "fb");
  Loop outer = {'t', to()}, inner = {'f', from(), /*reduction=*/true};
  Value maximum =
      index.reduce(ranks, {outer, inner}, elementType, kLeast, operands, [&](ScalarBuilder &b, ValueRange v) {
        Value x = joined(b, v[1], message.low ? v[2] : Value());
        if (tiny)
          return max(b, add(b, v[0], x), v.back());
        return select(b, less(b, constant(b, elementType, 0), v[0]), max(b, x, v.back()), v.back());
      });
  return index.map(ranks, {outer}, elementType, {{maximum, Prefix::Path, "tb"}},
                   [](ScalarBuilder &b, ValueRange v) { return wholePart(b, v[0]); });
}

SplitLog Contraction::logSumExp(SplitLog message) {
  Value maximum = rowMaximum(message);
  SmallVector<Operand> operands = {index.kernel(ranks, shape, weights, elementType, upward ? "tf" : "ft"),
                                   {maximum, Prefix::Path, "tb"}};
  append(operands, message, Prefix::Path, "fb");
  Loop outer = {'t', to()}, inner = {'f', from(), /*reduction=*/true};
  // Beyond the maximum of what counts lie only inputs whose weight is 0, which must not become 0 * inf.
  Type type = elementType;
  double most = type.isF64() ? 700 : 80;
  Value sum = index.reduce(ranks, {outer, inner}, type, 0, operands, [&](ScalarBuilder &b, ValueRange v) {
    Value about = joined(b, sub(b, v[2], v[1]), message.low ? v[3] : Value());
    Value bound = constant(b, type, most);
    return fma(b, v[0], exp(b, select(b, less(b, bound, about), bound, about)), v.back());
  });
  return logOf(sum, maximum, "tb");
}

SplitLog Contraction::logSumExpAboutMaximum(SplitLog message) {
  Value maximum = largestLog(index, ranks, from(), message);
  return logOf(product(weightsAbout(index, ranks, from(), message, maximum)), maximum, "b");
}

SplitLog Contraction::logOf(Value sums, Value common, StringRef loops) {
  int64_t bits = upward && elementType.isF64() ? fractionBits(ranks.back()) : 0;
  Loop outer = {'t', to()};
  Value logs = index.map(ranks, {outer}, elementType, {{sums, Prefix::Path, "tb"}},
                         [](ScalarBuilder &b, ValueRange v) { return log(b, v[0]); });
  if (bits == 0 && loops == "tb")
    return {common, logs};
  Value high = index.map(ranks, {outer}, elementType, {{common, Prefix::Path, loops}, {logs, Prefix::Path, "tb"}},
                         [&](ScalarBuilder &b, ValueRange v) -> Value {
                           return bits == 0 ? v[0] : add(b, v[0], wholePart(b, v[1], bits));
                         });
  if (bits == 0)
    return {high, logs};
  Value low = index.map(ranks, {outer}, elementType, {{logs, Prefix::Path, "tb"}},
                        [&](ScalarBuilder &b, ValueRange v) { return sub(b, v[0], wholePart(b, v[0], bits)); });
  return {high, low};
}

Value largestLog(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, int64_t states, SplitLog message) {
  Type type = getElementTypeOrSelf(message.high.getType());
  SmallVector<Operand> operands;
  append(operands, message, Prefix::Path, "sb");
  Value maximum = index.reduce(
      ranks, {{'s', states, /*reduction=*/true}}, type, kLeast, operands,
      [&](ScalarBuilder &b, ValueRange v) { return max(b, joined(b, v[0], message.low ? v[1] : Value()), v.back()); });
  return index.map(ranks, {}, type, {{maximum, Prefix::Path, "b"}},
                   [](ScalarBuilder &b, ValueRange v) { return wholePart(b, v[0]); });
}

Value weightsAbout(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, int64_t states, SplitLog message, Value common) {
  SmallVector<Operand> operands = {{common, Prefix::Path, "b"}};
  append(operands, message, Prefix::Path, "sb");
  return index.map(ranks, {{'s', states}}, getElementTypeOrSelf(message.high.getType()), operands,
                   [&](ScalarBuilder &b, ValueRange v) {
                     return exp(b, joined(b, sub(b, v[1], v[0]), message.low ? v[2] : Value()));
                   });
}

/// A message in one part as one in two.
static SplitLog split(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, int64_t states, Value message) {
  Type type = getElementTypeOrSelf(message.getType());
  Operand x = {message, Prefix::Path, "sb"};
  return {
      index.map(ranks, {{'s', states}}, type, {x}, [](ScalarBuilder &b, ValueRange v) { return wholePart(b, v[0]); }),
      index.map(ranks, {{'s', states}}, type, {x},
                [](ScalarBuilder &b, ValueRange v) { return sub(b, v[0], wholePart(b, v[0])); })};
}

SplitLog addLogs(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, int64_t states, SplitLog x, Prefix prefix,
                 SplitLog y) {
  auto sum = [&](Value xs, Value ys) {
    return index.map(ranks, {{'s', states}}, getElementTypeOrSelf(ys.getType()),
                     {{xs, prefix, "sb"}, {ys, Prefix::Path, "sb"}},
                     [](ScalarBuilder &b, ValueRange v) { return add(b, v[0], v[1]); });
  };
  if (!x.low && !y.low)
    return {sum(x.high, y.high), Value()};
  if (!x.low)
    x = split(index, prefix == Prefix::Parent ? ranks.drop_back() : ranks, states, x.high);
  if (!y.low)
    y = split(index, ranks, states, y.high);
  return {sum(x.high, y.high), sum(x.low, y.low)};
}

Value maximumOverStates(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, int64_t states, Value message,
                        double least) {
  return index.reduce(ranks, {{'s', states, /*reduction=*/true}}, getElementTypeOrSelf(message.getType()), least,
                      {{message, Prefix::Path, "sb"}},
                      [](ScalarBuilder &b, ValueRange x) { return max(b, x[0], x[1]); });
}

Value sumOverStates(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, int64_t states, Value message) {
  return index.reduce(ranks, {{'s', states, /*reduction=*/true}}, getElementTypeOrSelf(message.getType()), 0,
                      {{message, Prefix::Path, "sb"}},
                      [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
}

Value normalizeOverStates(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, int64_t states, Value weights,
                          Type answer) {
  Type elementType = getElementTypeOrSelf(weights.getType());
  Value sum = sumOverStates(index, ranks, states, weights);
  Value factor = index.map(ranks, {}, elementType, {{sum, Prefix::Path, "b"}}, [&](ScalarBuilder &b, ValueRange x) {
    Value one = constant(b, elementType, 1), zero = constant(b, elementType, 0);
    return select(b, equal(b, x[0], zero), zero, div(b, one, x[0]));
  });
  return index.map(ranks, {{'s', states}}, answer, {{weights, Prefix::Path, "sb"}, {factor, Prefix::Path, "b"}},
                   [&](ScalarBuilder &b, ValueRange x) { return toFloat(b, mul(b, x[0], x[1]), answer); });
}

Value reduceOverSiblings(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, int64_t states, double init, Value messages,
                         IndexSpaceBuilder::Body body) {
  int64_t own = ranks.size() - 1, sibling = ranks.size() + 1;
  Value others = index.reduce(
      ranks, {{'s', states}, {'j', ranks.back(), /*reduction=*/true}}, getElementTypeOrSelf(messages.getType()), init,
      {{messages, Prefix::Parent, "jsb"}}, [&](ScalarBuilder &b, ValueRange x) -> Value {
        Value same = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, linalg::IndexOp::create(b, own),
                                           linalg::IndexOp::create(b, sibling));
        return select(b, same, x[1], body(b, x));
      });
  others.getDefiningOp()->setAttr(kLeaveOneOutAttr, UnitAttr::get(others.getContext()));
  return others;
}

Value expectation(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, ArrayRef<int64_t> shape, ArrayRef<double> values,
                  Value posterior) {
  Type elementType = getElementTypeOrSelf(posterior.getType());
  std::vector<double> centres = centresOf(values, shape[1]);
  Value table = index.table(shape, centred(values, centres), elementType);
  Value mean = index.reduce(ranks, {{'p', shape[1]}, {'a', shape[0], /*reduction=*/true}}, elementType, 0,
                            {{table, Prefix::None, "ap"}, {posterior, Prefix::Path, "ab"}},
                            [](ScalarBuilder &b, ValueRange x) { return fma(b, x[0], x[1], x[2]); });
  if (llvm::all_of(centres, [](double c) { return c == 0; }))
    return mean;
  return index.map(ranks, {{'p', shape[1]}}, elementType,
                   {{mean, Prefix::Path, "pb"}, {index.table({shape[1]}, centres, elementType), Prefix::None, "p"}},
                   [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
}

} // namespace espalier
