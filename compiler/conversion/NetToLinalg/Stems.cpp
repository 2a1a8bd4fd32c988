//===- Stems.cpp - What leaves say, as features ---------------------------===//

#include "compiler/conversion/NetToLinalg/NetLowering.h"

#include "compiler/conversion/support/GaussianField.h"
#include "compiler/conversion/support/LookUp.h"
#include "compiler/conversion/support/PowerOfTwo.h"

using namespace mlir;

namespace espalier {
using namespace scalar;

template <typename SymbolOp> LogicalResult NetLowering::embed(SymbolOp op, double seen, double other) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  Value tensor = oneHot(index, branching, op.getSymbols(), type.getDimSize(1), type.getElementType(), seen, other);
  maps[op.getResult()] = {tensor, depth(), false};
  return success();
}

LogicalResult NetLowering::lower(net::SymbolStemOp op) { return embed(op, 0, kFloor); }

LogicalResult NetLowering::lower(net::OneHotOp op) { return embed(op, 1, 0); }

LogicalResult NetLowering::lower(net::LookUpOp op) {
  // Functions of what a table holds are tables themselves.
  if (llvm::all_of(op->getUsers(), llvm::IsaPred<net::PiecewiseOp>))
    return success();
  return lookUp(op, op.getResult(), [](double x) { return x; });
}

LogicalResult NetLowering::lookUp(net::LookUpOp op, Value result, function_ref<double(double)> function) {
  ArrayRef<int64_t> shape = tableShape(op.getWeights());
  if (llvm::product_of(op.getPatch()) != branching.back())
    return op.emitOpError() << "expects " << branching.back() << " taps, got " << llvm::product_of(op.getPatch());
  std::vector<double> weights = *readTable(op.getWeights());
  Type element = getElementTypeOrSelf(op.getResult().getType());
  LookUp table{index, branching, shape, weights, element, function};
  maps[result] = {table.message(op.getSymbols()), depth() - 1, true};
  return success();
}

template <typename GaussianOp>
LogicalResult NetLowering::field(GaussianOp op, function_ref<Value(ScalarBuilder &, Value)> body) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  Type element = type.getElementType();
  GaussianField field =
      buildGaussianField(index, branching, maps.lookup(op.getObservation()).tensor, op.getLambda(), op.getSigma(),
                         *readTable(op.getValues()), type.getDimSize(1), tableShape(op.getValues())[1]);
  Value tensor = index.map(branching, {{'s', type.getDimSize(1)}}, element, {{field.field, Prefix::Path, "sb"}},
                           [&](ScalarBuilder &b, ValueRange x) {
                             Value seen = select(b, isNaN(b, x[0]), constant(b, f64(), 0), x[0]);
                             return body(b, toFloat(b, floored(b, seen), element));
                           });
  maps[op.getResult()] = {tensor, depth(), false};
  maps[op.getShift()] = {field.logDensity, depth(), false};
  return success();
}

LogicalResult NetLowering::splitField(net::GaussianStemOp op) {
  int64_t states = cast<RankedTensorType>(op.getResult().getType()).getDimSize(1);
  SplitGaussianField field =
      buildSplitGaussianField(index, branching, maps.lookup(op.getObservation()).tensor, op.getLambda(), op.getSigma(),
                              *readTable(op.getValues()), states, tableShape(op.getValues())[1]);
  SplitLog parts = seen(index, branching, states, field.field);
  maps[op.getResult()] = {parts.high, depth(), false, parts.low};
  maps[op.getShift()] = {field.logDensity, depth(), false};
  return success();
}

LogicalResult NetLowering::lower(net::GaussianStemOp op) {
  // Where zeros may leave a leaf nothing but its least likely state.
  if (llvm::any_of(op.getResult().getUsers(), llvm::IsaPred<net::LogSumExpConvOp>) &&
      getElementTypeOrSelf(op.getResult().getType()).isF64())
    return splitField(op);
  return field(op, [](ScalarBuilder &, Value logarithm) { return logarithm; });
}

LogicalResult NetLowering::lower(net::GaussianLikelihoodOp op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  if (type.getElementType().isF32()) {
    GaussianMessage leaf =
        buildGaussianMessage(index, branching, maps.lookup(op.getObservation()).tensor, op.getLambda(), op.getSigma(),
                             *readTable(op.getValues()), type.getDimSize(1), tableShape(op.getValues())[1]);
    maps[op.getResult()] = {leaf.message, depth(), false};
    maps[op.getShift()] = {leaf.logDensity, depth(), false};
    return success();
  }
  return field(op, [](ScalarBuilder &b, Value logarithm) { return exp(b, logarithm); });
}

LogicalResult NetLowering::lower(net::ClipOp op) {
  double low = op.getLow().convertToDouble(), high = op.getHigh().convertToDouble();
  return each(op.getResult(), get(op.getInput()), {}, [&](ScalarBuilder &b, ValueRange x) {
    Value least = constant(b, x[0].getType(), low), most = constant(b, x[0].getType(), high);
    // Comparisons with NaN are false.
    Value raised = select(b, less(b, x[0], least), least, x[0]);
    return select(b, less(b, most, raised), most, raised);
  });
}

LogicalResult NetLowering::lower(net::SoftStemOp op) {
  Type element = getElementTypeOrSelf(op.getResult().getType());
  FeatureMap weights = {op.getWeights(), depth(), false};
  Value largest = maximumOverStates(index, branching, channels(weights), weights.tensor, 0);
  Value shift = index.map(branching, {}, f64(), {{largest, Prefix::Path, "b"}},
                          [&](ScalarBuilder &b, ValueRange x) { return log(b, toFloat(b, x[0], f64())); });
  maps[op.getShift()] = {shift, depth(), false};
  // Where zeros may leave a leaf nothing but its least likely state.
  if (element.isF64() && llvm::any_of(op.getResult().getUsers(), llvm::IsaPred<net::LogSumExpConvOp>)) {
    maps[op.getResult()] = splitRatios(weights, largest);
    return success();
  }
  // In double precision a difference of logs, because a ratio may leave the range and still decide.
  bool logs = element.isF64();
  Value tensor = index.map(branching, {{'s', channels(weights)}}, element,
                           {{weights.tensor, Prefix::Path, "sb"}, {logs ? shift : largest, Prefix::Path, "b"}},
                           [&](ScalarBuilder &b, ValueRange x) {
                             Value weight = toFloat(b, x[0], element), zero = constant(b, element, 0);
                             Value ratio = logs ? floored(b, sub(b, log(b, weight), x[1]))
                                                : flooredLog(b, div(b, weight, toFloat(b, x[1], element)));
                             return select(b, less(b, zero, weight), ratio, constant(b, element, kFloor));
                           });
  maps[op.getResult()] = {tensor, depth(), false};
  return success();
}

FeatureMap NetLowering::splitRatios(const FeatureMap &weights, Value largest) {
  auto part = [&](Value LogParts::*which, double ofZero) {
    return index.map(branching, {{'s', channels(weights)}}, f64(),
                     {{weights.tensor, Prefix::Path, "sb"}, {largest, Prefix::Path, "b"}},
                     [&](ScalarBuilder &b, ValueRange x) {
                       Value weight = toFloat(b, x[0], f64()), most = toFloat(b, x[1], f64());
                       Value ratio = sub(b, splitLog(b, weight).*which, splitLog(b, most).*which);
                       return select(b, less(b, constant(b, f64(), 0), weight), ratio, constant(b, f64(), ofZero));
                     });
  };
  return {part(&LogParts::whole, kFloor), depth(), false, part(&LogParts::rest, 0)};
}

} // namespace espalier
