//===- Heads.cpp - Answers, and the log-likelihood ------------------------===//

#include "compiler/conversion/NetToLinalg/NetLowering.h"

using namespace mlir;

namespace espalier {
using namespace scalar;

LogicalResult NetLowering::lower(net::ReadoutOp op) {
  FeatureMap map = get(op.getInput());
  Value tensor = expectation(index, ranks(map), tableShape(op.getValues()), *readTable(op.getValues()), map.tensor);
  maps[op.getResult()] = {tensor, map.level, map.grouped};
  return success();
}

LogicalResult NetLowering::lower(net::CastOp op) {
  FeatureMap map = get(op.getInput());
  Type element = getElementTypeOrSelf(op.getResult().getType());
  Value tensor = index.map(ranks(map), {{'s', channels(map)}}, element, {{map.tensor, Prefix::Path, "sb"}},
                           [&](ScalarBuilder &b, ValueRange x) { return toFloat(b, x[0], element); });
  maps[op.getResult()] = {tensor, map.level, map.grouped};
  return success();
}

LogicalResult NetLowering::lower(net::ShiftPoolOp op) {
  FeatureMap map = get(op.getInput());
  auto plus = [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); };
  if (map.level < 1)
    return op.emitOpError() << "expects a shift below the root";
  Value tensor = index.reduceOverRanks(ranks(map), {}, 0, map.tensor, plus);
  if (op.getOwn()) {
    FeatureMap own = get(op.getOwn());
    if (map.level != own.level + 1)
      return op.emitOpError() << "expects the shift of the level below";
    tensor = index.map(ranks(own), {}, f64(), {{tensor, Prefix::Path, "b"}, {own.tensor, Prefix::Path, "b"}}, plus);
  }
  maps[op.getResult()] = {tensor, map.level - 1, false};
  return success();
}

LogicalResult NetLowering::lower(net::ZeroShiftOp op) {
  FeatureMap like = get(op.getLike());
  Value tensor = index.map(branching.take_front(like.level), {}, f64(), {},
                           [&](ScalarBuilder &b, ValueRange) { return constant(b, f64(), 0); });
  maps[op.getShift()] = {tensor, like.level, false};
  return success();
}

LogicalResult NetLowering::lower(net::EvidenceOp op) {
  FeatureMap belief = parts(op.getBelief()), shift = get(op.getShift());
  if (belief.depth() != 0 || shift.depth() != 0)
    return op.emitOpError() << "expects the root's belief and shift";
  Value maximum = maximumOf(belief);
  Value sum = sumOverStates(index, {}, channels(belief), weightsAbout(belief, maximum));
  double normalizer = -op.getLogPartition().convertToDouble();
  Value loglik = index.map({}, {}, f64(),
                           {{sum, Prefix::Path, "b"}, {maximum, Prefix::Path, "b"}, {shift.tensor, Prefix::Path, "b"}},
                           [&](ScalarBuilder &b, ValueRange x) {
                             Value root = add(b, log(b, toFloat(b, x[0], f64())), exactMaximum(b, x[1]));
                             return add(b, root, add(b, x[2], constant(b, f64(), normalizer)));
                           });
  maps[op.getLoglik()] = {loglik, 0, false};
  return success();
}

LogicalResult NetLowering::lower(net::WeightEvidenceOp op) {
  FeatureMap belief = get(op.getBelief());
  SmallVector<Operand> operands = {{sumOverStates(index, {}, channels(belief), belief.tensor), Prefix::Path, "b"}};
  if (op.getShift())
    operands.push_back({get(op.getShift()).tensor, Prefix::Path, "b"});
  double normalizer = -op.getLogPartition().convertToDouble();
  Value loglik = index.map({}, {}, f64(), operands, [&](ScalarBuilder &b, ValueRange x) {
    Value rest = constant(b, f64(), normalizer);
    return add(b, log(b, toFloat(b, x[0], f64())), x.size() > 2 ? add(b, x[1], rest) : rest);
  });
  maps[op.getLoglik()] = {loglik, 0, false};
  return success();
}

} // namespace espalier
