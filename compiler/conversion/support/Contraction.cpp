//===- Contraction.cpp - Kernels times messages ---------------------------===//

#include "compiler/conversion/support/Contraction.h"

#include "compiler/conversion/support/Arithmetic.h"

#include <limits>

using namespace mlir;

namespace espalier {
using namespace scalar;

Value Contraction::product(Value message) {
  // Loop 't' runs over the result's states, 'f' over the message's.
  Operand kernel = index.kernel(ranks, shape, weights, elementType, upward ? "tf" : "ft");
  return index.reduce(ranks, {{'t', to()}, {'f', from(), /*reduction=*/true}}, elementType, 0,
                      {kernel, {message, Prefix::Path, "fb"}},
                      [](ScalarBuilder &b, ValueRange x) { return fma(b, x[0], x[1], x[2]); });
}

SplitLog Contraction::logSumExp(Value message) {
  Operand kernel = index.kernel(ranks, shape, weights, elementType, upward ? "tf" : "ft");
  Operand x = {message, Prefix::Path, "fb"};
  Loop outer = {'t', to()}, inner = {'f', from(), /*reduction=*/true};
  double least = -std::numeric_limits<double>::infinity();
  Value maximum =
      index.reduce(ranks, {outer, inner}, elementType, least, {kernel, x}, [&](ScalarBuilder &b, ValueRange v) {
        Value counts = less(b, constant(b, elementType, 0), v[0]);
        return select(b, counts, max(b, v[1], v[2]), v[2]);
      });
  Operand m = {maximum, Prefix::Path, "tb"};
  Value sum = index.reduce(ranks, {outer, inner}, elementType, 0, {kernel, x, m}, [&](ScalarBuilder &b, ValueRange v) {
    // Beyond the maximum lie only entries whose weight is 0; they must not become 0 * inf.
    Value about = sub(b, v[1], finiteOrZero(b, v[2], least));
    Value zero = constant(b, elementType, 0);
    return fma(b, v[0], exp(b, select(b, less(b, zero, about), zero, about)), v[3]);
  });
  Value low = index.map(ranks, {outer}, elementType, {{sum, Prefix::Path, "tb"}},
                        [](ScalarBuilder &b, ValueRange v) { return log(b, v[0]); });
  return {maximum, low};
}

std::pair<Value, Value> joinAboutMaximum(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, int64_t states,
                                         SplitLog parts) {
  Type elementType = getElementTypeOrSelf(parts.high.getType());
  double least = -std::numeric_limits<double>::infinity();
  Value maximum = maximumOverStates(index, ranks, states, parts.high, least);
  Value about = index.map(ranks, {}, elementType, {{maximum, Prefix::Path, "b"}},
                          [&](ScalarBuilder &b, ValueRange v) { return finiteOrZero(b, v[0], least); });
  Value joined =
      index.map(ranks, {{'s', states}}, elementType,
                {{parts.high, Prefix::Path, "sb"}, {about, Prefix::Path, "b"}, {parts.low, Prefix::Path, "sb"}},
                [](ScalarBuilder &b, ValueRange v) { return add(b, sub(b, v[0], v[1]), v[2]); });
  return {joined, about};
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
  return index.reduce(ranks, {{'s', states}, {'j', ranks.back(), /*reduction=*/true}},
                      getElementTypeOrSelf(messages.getType()), init, {{messages, Prefix::Parent, "jsb"}},
                      [&](ScalarBuilder &b, ValueRange x) -> Value {
                        Value same = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, linalg::IndexOp::create(b, own),
                                                           linalg::IndexOp::create(b, sibling));
                        return select(b, same, x[1], body(b, x));
                      });
}

Value expectation(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, ArrayRef<int64_t> shape, ArrayRef<double> values,
                  Value posterior) {
  Type elementType = getElementTypeOrSelf(posterior.getType());
  return index.reduce(ranks, {{'p', shape[1]}, {'a', shape[0], /*reduction=*/true}}, elementType, 0,
                      {{index.table(shape, values, elementType), Prefix::None, "ap"}, {posterior, Prefix::Path, "ab"}},
                      [](ScalarBuilder &b, ValueRange x) { return fma(b, x[0], x[1], x[2]); });
}

} // namespace espalier
