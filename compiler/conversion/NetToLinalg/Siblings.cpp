//===- Siblings.cpp - Between children and parents, and skips -------------===//

#include "compiler/conversion/NetToLinalg/NetLowering.h"

using namespace mlir;

namespace espalier {
using namespace scalar;

LogicalResult NetLowering::lower(net::SumPoolOp op) {
  FeatureMap map = parts(op.getInput());
  if (!isGroupedByRank(map, op.getGroups()))
    return op.emitOpError() << "expects a channel group per child rank";
  auto pool = [&](Value tensor) {
    return index.reduceOverRanks(ranks(map), {{'s', channels(map)}}, 0, tensor,
                                 [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
  };
  maps[op.getResult()] = {pool(map.tensor), map.level, false, map.low ? pool(map.low) : Value()};
  return success();
}

LogicalResult NetLowering::lower(net::ProductPoolOp op) {
  FeatureMap map = get(op.getInput());
  if (!isGroupedByRank(map, op.getGroups()))
    return op.emitOpError() << "expects a channel group per child rank";
  Value tensor = index.reduceOverRanks(ranks(map), {{'s', channels(map)}}, 1, map.tensor,
                                       [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
  maps[op.getResult()] = {tensor, map.level, false};
  return success();
}

LogicalResult NetLowering::lower(net::UpsampleOp op) {
  FeatureMap map = parts(op.getInput());
  if (map.grouped || map.level >= depth() || branching[map.level] != static_cast<int64_t>(op.getGroups()))
    return op.emitOpError() << "expects one copy per child rank";
  maps[op.getResult()] = {map.tensor, map.level, true, map.low, /*copies=*/true};
  return success();
}

LogicalResult NetLowering::lower(net::SiblingSumOp op) {
  FeatureMap map = parts(op.getInput());
  if (!isGroupedByRank(map, op.getGroups()))
    return op.emitOpError() << "expects a channel group per child rank";
  auto siblings = [&](Value tensor) {
    return reduceOverSiblings(index, ranks(map), channels(map), 0, tensor,
                              [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
  };
  maps[op.getResult()] = {siblings(map.tensor), map.level, true, map.low ? siblings(map.low) : Value()};
  return success();
}

LogicalResult NetLowering::lower(net::SiblingProductOp op) {
  FeatureMap map = get(op.getInput());
  if (!isGroupedByRank(map, op.getGroups()))
    return op.emitOpError() << "expects a channel group per child rank";
  Value tensor = reduceOverSiblings(index, ranks(map), channels(map), 1, map.tensor,
                                    [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
  maps[op.getResult()] = {tensor, map.level, true};
  return success();
}

template <typename SkipOp> LogicalResult NetLowering::join(SkipOp op, IndexSpaceBuilder::Body body) {
  FeatureMap map = view(op.getInput()), skip = view(op.getSkip());
  if (map.level != skip.level || map.grouped != skip.grouped)
    return op.emitOpError() << "expects a skip from the same level";
  FeatureMap result = {Value(), map.level, map.grouped};
  result.tensor =
      index.map(ranks(result), {{'s', channels(map)}}, elementOf(map), {operandOf(map), operandOf(skip)}, body);
  maps[op.getResult()] = result;
  return success();
}

LogicalResult NetLowering::lower(net::AddOp op) {
  FeatureMap map = parts(op.getInput()), skip = parts(op.getSkip());
  if (map.level != skip.level || map.grouped != skip.grouped)
    return op.emitOpError() << "expects a skip from the same level";
  auto [high, low] = addLogs(index, ranks(map), channels(map), logs(map), Prefix::Path, logs(skip));
  maps[op.getResult()] = {high, map.level, map.grouped, low};
  return success();
}

LogicalResult NetLowering::lower(net::SubtractOp op) {
  return join(op, [](ScalarBuilder &b, ValueRange x) { return sub(b, x[0], x[1]); });
}

LogicalResult NetLowering::lower(net::MultiplyOp op) {
  return join(op, [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
}

LogicalResult NetLowering::lower(net::BiasOp op) {
  FeatureMap map = parts(op.getInput());
  Value bias = index.table({channels(map)}, logWeights(op.getWeights()), elementOf(map));
  Value biased = index.map(ranks(map), {{'s', channels(map)}}, elementOf(map),
                           {{map.low ? map.low : map.tensor, Prefix::Path, "sb"}, {bias, Prefix::None, "s"}},
                           [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
  maps[op.getResult()] = map.low ? FeatureMap{map.tensor, map.level, map.grouped, biased}
                                 : FeatureMap{biased, map.level, map.grouped, Value()};
  return success();
}

LogicalResult NetLowering::lower(net::ScaleOp op) {
  FeatureMap map = get(op.getInput());
  Value weights = index.table({channels(map)}, *readTable(op.getWeights()), elementOf(map));
  return each(op.getResult(), map, {{weights, Prefix::None, "s"}},
              [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
}

template <typename ConstantOp> LogicalResult NetLowering::repeat(ConstantOp op, ArrayRef<double> values) {
  FeatureMap like = get(op.getLike());
  if (like.depth() != 0)
    return op.emitOpError() << "expects the shape of the root's features";
  Value table = index.table({channels(like)}, values, elementOf(like));
  Value tensor = index.map({}, {{'s', channels(like)}}, elementOf(like), {{table, Prefix::None, "s"}},
                           [](ScalarBuilder &, ValueRange x) { return x[0]; });
  maps[op.getResult()] = {tensor, 0, false};
  return success();
}

LogicalResult NetLowering::lower(net::ConstantOp op) { return repeat(op, logWeights(op.getWeights())); }

LogicalResult NetLowering::lower(net::WeightConstantOp op) { return repeat(op, *readTable(op.getWeights())); }

} // namespace espalier
