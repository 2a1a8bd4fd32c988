//===- Layers.cpp - Layers on one feature map -----------------------------===//

#include "compiler/conversion/NetToLinalg/NetLowering.h"

#include "compiler/conversion/support/LookUp.h"
#include "compiler/conversion/support/Piecewise.h"
#include "compiler/conversion/support/PowerOfTwo.h"

using namespace mlir;

namespace espalier {
using namespace scalar;

LogicalResult NetLowering::lower(net::ExpOp op) {
  return each(op.getResult(), get(op.getInput()), {}, [](ScalarBuilder &b, ValueRange x) { return exp(b, x[0]); });
}

LogicalResult NetLowering::lower(net::LogOp op) {
  return each(op.getResult(), get(op.getInput()), {},
              [](ScalarBuilder &b, ValueRange x) { return flooredLog(b, x[0]); });
}

LogicalResult NetLowering::lower(net::ReluOp op) {
  FeatureMap map = get(op.getInput());
  auto positive = [](ScalarBuilder &b, ValueRange x) { return max(b, x[0], constant(b, x[0].getType(), 0)); };
  if (map.units == 0)
    return each(op.getResult(), map, {}, positive);
  map.tensor = index.map(ranks(map), {{'s', channels(map)}, {'k', map.units}}, elementOf(map),
                         {{map.tensor, Prefix::Path, "skb"}}, positive);
  maps[op.getResult()] = map;
  return success();
}

LogicalResult NetLowering::lower(net::PointwiseOp op) {
  FeatureMap map = get(op.getInput());
  int64_t out = tableShape(op.getWeights())[0], in = tableShape(op.getWeights())[1];
  bool sums = map.units > 0;
  if (sums ? in != map.units || out != 1 : in != 1)
    return op.emitOpError() << "expects weights of shape [" << (sums ? "1 x " + std::to_string(map.units) : "out x 1")
                            << "] behind the layer before, got [" << out << " x " << in << "]";
  std::vector<double> bias = *readTable(op.getBias());
  Value weights = index.table({in * out}, *readTable(op.getWeights()), elementOf(map));
  auto multiply = [](ScalarBuilder &b, ValueRange x) { return fma(b, x[1], x[0], x[2]); };
  if (!sums)
    map.tensor = index.map(ranks(map), {{'s', channels(map)}, {'k', out}}, elementOf(map),
                           {{map.tensor, Prefix::Path, "sb"},
                            {weights, Prefix::None, "k"},
                            {index.table({out}, bias, elementOf(map)), Prefix::None, "k"}},
                           multiply);
  else
    map.tensor = index.reduce(ranks(map), {{'s', channels(map)}, {'k', in, /*reduction=*/true}}, elementOf(map),
                              bias[0], {{map.tensor, Prefix::Path, "skb"}, {weights, Prefix::None, "k"}}, multiply);
  map.units = sums ? 0 : out;
  maps[op.getResult()] = map;
  return success();
}

LogicalResult NetLowering::lower(net::PiecewiseOp op) {
  Units units = {op.getIn(), op.getBias(), op.getOut(), op.getOffset().convertToDouble()};
  if (auto table = op.getInput().getDefiningOp<net::LookUpOp>())
    return lookUp(table, op.getResult(), units);
  FeatureMap map = get(op.getInput());
  Piecewise function(units, elementOf(map));
  Value table = function.table(index);
  return each(op.getResult(), map, {}, [&](ScalarBuilder &b, ValueRange x) { return function.at(b, x[0], table); });
}

LogicalResult NetLowering::lower(net::SoftmaxOp op) {
  FeatureMap map = parts(op.getInput());
  Value weights = weightsAbout(map, maximumOf(map));
  Value sum = sumOverStates(index, ranks(map), channels(map), weights);
  return each(op.getResult(), {weights, map.level, map.grouped}, {{sum, Prefix::Path, "b"}},
              [](ScalarBuilder &b, ValueRange x) { return div(b, x[0], x[1]); });
}

LogicalResult NetLowering::lower(net::ProportionOp op) {
  FeatureMap map = get(op.getInput());
  Value tensor = normalizeOverStates(index, ranks(map), channels(map), map.tensor, elementOf(map));
  maps[op.getResult()] = {tensor, map.level, map.grouped};
  return success();
}

LogicalResult NetLowering::lower(net::GroupNormOp op) {
  FeatureMap map = get(op.getInput());
  if (!map.grouped || ranks(map).back() != static_cast<int64_t>(op.getGroups()))
    return op.emitOpError() << "expects a channel group per child rank";
  return each(op.getResult(), map, {{maximumOf(map), Prefix::Path, "b"}},
              [](ScalarBuilder &b, ValueRange x) { return floored(b, sub(b, x[0], x[1])); });
}

LogicalResult NetLowering::lower(net::NormOp op) {
  FeatureMap map = parts(op.getInput());
  if (map.grouped)
    return op.emitOpError() << "expects one feature vector per position, not a channel group per rank";
  Value maximum = maximumOf(map);
  if (op.getShift()) {
    Value shift = index.map(ranks(map), {}, f64(), {{maximum, Prefix::Path, "b"}},
                            [&](ScalarBuilder &b, ValueRange x) { return exactMaximum(b, x[0]); });
    maps[op.getShift()] = {shift, map.level, false};
  }
  LogicalResult result = each(op.getResult(), map, {{maximum, Prefix::Path, "b"}},
                              [](ScalarBuilder &b, ValueRange x) { return floored(b, sub(b, x[0], x[1])); });
  maps[op.getResult()].low = map.low;
  return result;
}

LogicalResult NetLowering::lower(net::RescaleOp op) {
  FeatureMap map = get(op.getInput());
  if (map.grouped)
    return op.emitOpError() << "expects one feature vector per position, not a channel group per rank";
  Value maximum = maximumOverStates(index, ranks(map), channels(map), map.tensor, 0);
  auto ofMaximum = [&](Type type, Value (*scalar)(ScalarBuilder &, Value)) {
    return index.map(ranks(map), {}, type, {{maximum, Prefix::Path, "b"}},
                     [&](ScalarBuilder &b, ValueRange x) { return scalar(b, x[0]); });
  };
  if (op.getShift())
    maps[op.getShift()] = {ofMaximum(f64(), logPowerOfTwo), map.level, false};
  return each(op.getResult(), map, {{ofMaximum(elementOf(map), reciprocalPowerOfTwo), Prefix::Path, "b"}},
              [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
}

template <typename ConvolutionOp> LogicalResult NetLowering::convolve(ConvolutionOp op, bool upward, bool logSumExp) {
  FeatureMap in = logSumExp ? parts(op.getInput()) : get(op.getInput());
  if (in.grouped == upward || in.depth() < 1)
    return op.emitOpError() << (upward ? "expects one feature vector per position of a level below the root"
                                       : "expects a channel group per rank");
  std::vector<double> weights = *readTable(op.getWeights());
  Contraction edge{index, ranks(in), tableShape(op.getWeights()), weights, upward, elementOf(in)};
  if (edge.from() != channels(in) || llvm::product_of(op.getPatch()) != ranks(in).back())
    return op.emitOpError() << "expects " << edge.from() << " channels and " << ranks(in).back() << " taps, got "
                            << channels(in) << " and " << llvm::product_of(op.getPatch());
  FeatureMap result = {Value(), upward ? in.level - 1 : in.level + 1, upward};
  if (auto symbols = op.getInput().template getDefiningOp<net::SymbolStemOp>(); symbols && logSumExp && upward) {
    // Of a symbol's features one is 0, or all are: the sum is an entry, or a row's sum, and both are known.
    SplitLog log = LookUp{index, ranks(in), edge.shape, weights, elementOf(in)}.logs(symbols.getSymbols(), kFloor);
    result.tensor = log.high;
    result.low = log.low;
  } else if (logSumExp) {
    SplitLog log = edge.logSumExp(logs(in));
    result.tensor = log.high;
    result.low = index.map(edge.ranks, {{'s', edge.to()}}, edge.elementType, {{log.low, Prefix::Path, "sb"}},
                           [](ScalarBuilder &b, ValueRange x) { return floored(b, x[0]); });
  } else {
    result.tensor = edge.product(in.tensor);
  }
  maps[op.getResult()] = result;
  return success();
}

LogicalResult NetLowering::lower(net::ConvOp op) { return convolve(op, /*upward=*/true, /*logSumExp=*/false); }

LogicalResult NetLowering::lower(net::LogSumExpConvOp op) { return convolve(op, /*upward=*/true, /*logSumExp=*/true); }

LogicalResult NetLowering::lower(net::ConvTransposeOp op) {
  return convolve(op, /*upward=*/false, /*logSumExp=*/false);
}

LogicalResult NetLowering::lower(net::LogSumExpConvTransposeOp op) {
  return convolve(op, /*upward=*/false, /*logSumExp=*/true);
}

} // namespace espalier
