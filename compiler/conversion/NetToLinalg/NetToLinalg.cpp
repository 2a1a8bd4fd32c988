//===- NetToLinalg.cpp - Networks on the tree's index space ---------------===//
//
// A feature map's positions are the nodes of a level, so a map with C channels on level l becomes a tensor
// `ranks of level l x C x batch`, and one with a channel group per child rank becomes `ranks of level l+1 x C x batch`:
// strided and transposed convolutions only move between the two. Layers on logarithms are computed as drawn; layers on
// weights are products and sums, as in message passing.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/Passes.h"
#include "compiler/conversion/support/Arithmetic.h"
#include "compiler/conversion/support/Certificate.h"
#include "compiler/conversion/support/Contraction.h"
#include "compiler/conversion/support/GaussianField.h"
#include "compiler/conversion/support/LookUp.h"
#include "compiler/conversion/support/Piecewise.h"
#include "compiler/conversion/support/PowerOfTwo.h"
#include "compiler/conversion/support/Programs.h"
#include "dialects/net/NetOps.h"
#include "dialects/support/Tables.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

namespace espalier {
#define GEN_PASS_DEF_CONVERTNETTOLINALG
#include "compiler/conversion/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;
using namespace espalier::scalar;

namespace {

/// log 0 inside a network.
constexpr double kFloor = -1e30;

/// A feature map, or a shift, on the index space.
struct Map {
  Value tensor;
  int64_t level = 0;    ///< of its positions
  bool grouped = false; ///< a channel group per child rank: the tensor is on the index space of the level below
  Value low = {};       ///< the low part of features that are in two parts (SplitLog)
  bool copies = false;  ///< grouped, all groups alike: the tensor is on the index space of the positions themselves
  int64_t units = 0;    ///< where not 0, channels are states x units, and the tensor has an axis for each
  /// Rank axes of the tensor.
  int64_t depth() const { return level + grouped; }
};

/// Whether the last result is the log-likelihood. Networks of ReLUs have none, and their lowering says 0: possible.
bool hasEvidenceHead(func::FuncOp function) {
  ArrayRef<Type> results = function.getFunctionType().getResults();
  auto last = results.empty() ? RankedTensorType() : dyn_cast<RankedTensorType>(results.back());
  return last && last.getRank() == 1;
}

/// Lowers the net ops of one function, in order.
class Lowering {
public:
  Lowering(func::FuncOp function, ArrayRef<int64_t> branching)
      : function(function), branching(branching), builder(function.getContext()),
        index(builder, function.getLoc(), batchExtent()) {}

  LogicalResult run() {
    SmallVector<Operation *> lowered;
    // Soft evidence is a map already.
    maps[function.getArgument(0)] = {function.getArgument(0), depth(), false};
    Block &body = function.getBody().front();
    for (Operation &op : body.without_terminator()) {
      if (!isa<net::NetDialect>(op.getDialect()))
        continue;
      builder.setInsertionPoint(&op);
      bool readsUnits = llvm::any_of(op.getOperands(), [&](Value operand) { return maps.lookup(operand).units > 0; });
      if (readsUnits && !isa<net::ReluOp, net::PointwiseOp>(op))
        return op.emitOpError() << "expects hidden units to be summed by a net.pointwise before";
      LogicalResult result =
          TypeSwitch<Operation *, LogicalResult>(&op)
              .Case<net::SymbolStemOp, net::GaussianStemOp, net::ClipOp, net::ReluOp, net::PointwiseOp,
                    net::PiecewiseOp, net::GroupNormOp, net::SoftStemOp, net::ExpOp, net::LogOp, net::SoftmaxOp,
                    net::NormOp, net::ConvOp, net::LogSumExpConvOp, net::ConvTransposeOp, net::LogSumExpConvTransposeOp,
                    net::SumPoolOp, net::UpsampleOp, net::SiblingSumOp, net::AddOp, net::SubtractOp, net::BiasOp,
                    net::ConstantOp, net::ReadoutOp, net::CastOp, net::ShiftPoolOp, net::EvidenceOp, net::OneHotOp,
                    net::LookUpOp, net::GaussianLikelihoodOp, net::RescaleOp, net::ProductPoolOp, net::SiblingProductOp,
                    net::MultiplyOp, net::ScaleOp, net::WeightConstantOp, net::ProportionOp, net::ZeroShiftOp,
                    net::WeightEvidenceOp>([&](auto typed) { return lower(typed); })
              .Default([](Operation *op) { return op->emitOpError() << "has no lowering"; });
      if (failed(result))
        return failure();
      lowered.push_back(&op);
    }
    return finish(lowered);
  }

private:
  //===--------------------------------------------------------------------===//
  // The function's frame
  //===--------------------------------------------------------------------===//

  /// Turns the evidence into a tensor on the index space of the leaves, and returns the batch's extent.
  Value batchExtent() {
    Value evidence = function.getArgument(0);
    auto type = cast<RankedTensorType>(evidence.getType());
    SmallVector<int64_t> shape(branching);
    int64_t positions = 0;
    if (auto patches = function->getAttrOfType<ArrayAttr>("net.branching"))
      positions = cast<DenseI64ArrayAttr>(patches[0]).size();
    if (type.getRank() == positions + 2)
      shape.push_back(type.getDimSize(1));
    shape.push_back(ShapedType::kDynamic);
    evidence.setType(RankedTensorType::get(shape, type.getElementType()));
    builder.setInsertionPointToStart(&function.getBody().front());
    return tensor::DimOp::create(builder, function.getLoc(), evidence, shape.size() - 1);
  }

  LogicalResult finish(ArrayRef<Operation *> lowered) {
    auto terminator = cast<func::ReturnOp>(function.getBody().front().getTerminator());
    SmallVector<Type> results;
    for (OpOperand &operand : terminator->getOpOperands()) {
      Map map = maps.lookup(operand.get());
      if (!map.tensor || map.grouped)
        return terminator.emitOpError() << "expects results computed by net ops, one feature map per head";
      operand.set(map.tensor);
      results.push_back(map.tensor.getType());
    }
    if (!hasEvidenceHead(function)) {
      builder.setInsertionPoint(terminator);
      Value possible =
          index.map({}, {}, f64(), {}, [&](ScalarBuilder &b, ValueRange) { return constant(b, f64(), 0); });
      terminator->insertOperands(terminator->getNumOperands(), possible);
      results.push_back(possible.getType());
    }
    for (Operation *op : llvm::reverse(lowered))
      op->erase();
    function.setFunctionType(builder.getFunctionType(function.getBody().getArgumentTypes(), results));
    function->removeAttr("net.branching");
    function->removeAttr(kCertificateAttr);
    return success();
  }

  int64_t depth() const { return branching.size(); }
  ArrayRef<int64_t> ranks(const Map &map) const { return branching.take_front(map.depth()); }
  /// A map whose features may be in two parts.
  Map parts(Value value) {
    Map map = maps.lookup(value);
    if (!map.copies)
      return map;
    auto copied = [&](Value tensor) {
      return index.map(ranks(map), {{'s', channels(map)}}, elementOf(map), {{tensor, Prefix::Parent, "sb"}},
                       [](ScalarBuilder &, ValueRange x) { return x[0]; });
    };
    map.tensor = copied(map.tensor);
    if (map.low)
      map.low = copied(map.low);
    map.copies = false;
    return map;
  }

  /// A map in one part.
  Map get(Value value) {
    Map map = parts(value);
    if (map.low)
      map.tensor = sum(map, map.tensor, map.low);
    map.low = Value();
    return map;
  }

  /// A map in one part, whose groups may be copies of each other that operandOf reads where they are.
  Map view(Value value) {
    Map map = maps.lookup(value);
    return map.copies && !map.low ? map : get(value);
  }

  static Operand operandOf(const Map &map) { return {map.tensor, map.copies ? Prefix::Parent : Prefix::Path, "sb"}; }

  Value sum(const Map &like, Value x, Value y) {
    return index.map(ranks(like), {{'s', channels(like)}}, elementOf(like),
                     {{x, Prefix::Path, "sb"}, {y, Prefix::Path, "sb"}},
                     [](ScalarBuilder &b, ValueRange v) { return floored(b, add(b, v[0], v[1])); });
  }

  static SplitLog logs(const Map &map) { return {map.tensor, map.low}; }

  Type f64() { return builder.getF64Type(); }

  static int64_t channels(const Map &map) {
    auto type = cast<RankedTensorType>(map.tensor.getType());
    return type.getDimSize(type.getRank() - (map.units ? 3 : 2));
  }

  static Type elementOf(const Map &map) { return getElementTypeOrSelf(map.tensor.getType()); }

  /// One op per channel and sample of a map.
  LogicalResult each(Value result, const Map &map, ArrayRef<Operand> others, IndexSpaceBuilder::Body body) {
    SmallVector<Operand> operands = {{map.tensor, Prefix::Path, "sb"}};
    llvm::append_range(operands, others);
    Value tensor = index.map(ranks(map), {{'s', channels(map)}}, elementOf(map), operands, body);
    maps[result] = {tensor, map.level, map.grouped};
    return success();
  }

  static Value floored(ScalarBuilder &b, Value x) { return max(b, x, constant(b, x.getType(), kFloor)); }

  /// log x, the floor for x = 0.
  static Value flooredLog(ScalarBuilder &b, Value x) { return floored(b, log(b, x)); }

  static std::vector<double> logWeights(ElementsAttr attr) {
    std::vector<double> weights = *readTable(attr);
    for (double &weight : weights)
      weight = weight > 0 ? std::log(weight) : kFloor;
    return weights;
  }

  /// The maximum over the channels of every position; to the nearest whole number where features are in two parts.
  Value maximumOf(const Map &map) {
    if (map.low)
      return largestLog(index, ranks(map), channels(map), logs(map));
    return maximumOverStates(index, ranks(map), channels(map), map.tensor, lowest());
  }

  /// exp of what features lie above `maximum`.
  Value weightsAbout(const Map &map, Value maximum) {
    return espalier::weightsAbout(index, ranks(map), channels(map), logs(map), maximum);
  }

  static double lowest() { return -std::numeric_limits<double>::infinity(); }

  /// A maximum in double precision; -inf where every channel was at the floor.
  Value exactMaximum(ScalarBuilder &b, Value maximum) {
    Value wide = toFloat(b, maximum, f64());
    return select(b, less(b, wide, constant(b, f64(), kFloor / 2)), constant(b, f64(), lowest()), wide);
  }

  //===--------------------------------------------------------------------===//
  // Stems
  //===--------------------------------------------------------------------===//

  /// `seen` in the channel of the symbol, and everywhere where it is missing; `other` elsewhere.
  template <typename SymbolOp> LogicalResult embed(SymbolOp op, double seen, double other) {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value tensor = oneHot(index, branching, op.getSymbols(), type.getDimSize(1), type.getElementType(), seen, other);
    maps[op.getResult()] = {tensor, depth(), false};
    return success();
  }

  LogicalResult lower(net::SymbolStemOp op) { return embed(op, 0, kFloor); }

  /// The leaf field as `body` states it, from its floored logarithm.
  template <typename GaussianOp> LogicalResult field(GaussianOp op, function_ref<Value(ScalarBuilder &, Value)> body) {
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

  LogicalResult lower(net::GaussianStemOp op) {
    return field(op, [](ScalarBuilder &, Value logarithm) { return logarithm; });
  }

  LogicalResult lower(net::ClipOp op) {
    double low = op.getLow().convertToDouble(), high = op.getHigh().convertToDouble();
    return each(op.getResult(), get(op.getInput()), {}, [&](ScalarBuilder &b, ValueRange x) {
      Value least = constant(b, x[0].getType(), low), most = constant(b, x[0].getType(), high);
      // Comparisons with NaN are false.
      Value raised = select(b, less(b, x[0], least), least, x[0]);
      return select(b, less(b, most, raised), most, raised);
    });
  }

  LogicalResult lower(net::SoftStemOp op) {
    Type element = getElementTypeOrSelf(op.getResult().getType());
    Map weights = {op.getWeights(), depth(), false};
    Value largest = maximumOverStates(index, branching, channels(weights), weights.tensor, 0);
    Value shift = index.map(branching, {}, f64(), {{largest, Prefix::Path, "b"}},
                            [&](ScalarBuilder &b, ValueRange x) { return log(b, toFloat(b, x[0], f64())); });
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
    maps[op.getShift()] = {shift, depth(), false};
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Activations
  //===--------------------------------------------------------------------===//

  LogicalResult lower(net::ExpOp op) {
    return each(op.getResult(), get(op.getInput()), {}, [](ScalarBuilder &b, ValueRange x) { return exp(b, x[0]); });
  }

  LogicalResult lower(net::LogOp op) {
    return each(op.getResult(), get(op.getInput()), {},
                [](ScalarBuilder &b, ValueRange x) { return flooredLog(b, x[0]); });
  }

  /// Hidden units, where there are any, on an axis of their own.
  LogicalResult lower(net::ReluOp op) {
    Map map = get(op.getInput());
    auto positive = [](ScalarBuilder &b, ValueRange x) { return max(b, x[0], constant(b, x[0].getType(), 0)); };
    if (map.units == 0)
      return each(op.getResult(), map, {}, positive);
    map.tensor = index.map(ranks(map), {{'s', channels(map)}, {'k', map.units}}, elementOf(map),
                           {{map.tensor, Prefix::Path, "skb"}}, positive);
    maps[op.getResult()] = map;
    return success();
  }

  LogicalResult lower(net::PointwiseOp op) {
    Map map = get(op.getInput());
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

  LogicalResult lower(net::PiecewiseOp op) {
    Units units = {op.getIn(), op.getBias(), op.getOut(), op.getOffset().convertToDouble()};
    if (auto table = op.getInput().getDefiningOp<net::LookUpOp>())
      return lookUp(table, op.getResult(), units);
    Map map = get(op.getInput());
    Piecewise function(units, elementOf(map));
    Value table = function.table(index);
    return each(op.getResult(), map, {}, [&](ScalarBuilder &b, ValueRange x) { return function.at(b, x[0], table); });
  }

  LogicalResult lower(net::SoftmaxOp op) {
    Map map = parts(op.getInput());
    Value weights = weightsAbout(map, maximumOf(map));
    Value sum = sumOverStates(index, ranks(map), channels(map), weights);
    return each(op.getResult(), {weights, map.level, map.grouped}, {{sum, Prefix::Path, "b"}},
                [](ScalarBuilder &b, ValueRange x) { return div(b, x[0], x[1]); });
  }

  LogicalResult lower(net::GroupNormOp op) {
    Map map = get(op.getInput());
    if (!map.grouped || ranks(map).back() != static_cast<int64_t>(op.getGroups()))
      return op.emitOpError() << "expects a channel group per child rank";
    return each(op.getResult(), map, {{maximumOf(map), Prefix::Path, "b"}},
                [](ScalarBuilder &b, ValueRange x) { return floored(b, sub(b, x[0], x[1])); });
  }

  LogicalResult lower(net::NormOp op) {
    Map map = parts(op.getInput());
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

  //===--------------------------------------------------------------------===//
  // Convolutions
  //===--------------------------------------------------------------------===//

  /// Along the taps upward: positions of level l become channel groups of level l-1, or back.
  template <typename ConvolutionOp> LogicalResult convolve(ConvolutionOp op, bool upward, bool logSumExp) {
    Map in = logSumExp ? parts(op.getInput()) : get(op.getInput());
    if (in.grouped == upward || in.depth() < 1)
      return op.emitOpError() << (upward ? "expects one feature vector per position of a level below the root"
                                         : "expects a channel group per rank");
    std::vector<double> weights = *readTable(op.getWeights());
    Contraction edge{index, ranks(in), tableShape(op.getWeights()), weights, upward, elementOf(in)};
    if (edge.from() != channels(in) || llvm::product_of(op.getPatch()) != ranks(in).back())
      return op.emitOpError() << "expects " << edge.from() << " channels and " << ranks(in).back() << " taps, got "
                              << channels(in) << " and " << llvm::product_of(op.getPatch());
    Map result = {Value(), upward ? in.level - 1 : in.level + 1, upward};
    if (logSumExp) {
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

  LogicalResult lower(net::ConvOp op) { return convolve(op, /*upward=*/true, /*logSumExp=*/false); }
  LogicalResult lower(net::LogSumExpConvOp op) { return convolve(op, /*upward=*/true, /*logSumExp=*/true); }
  LogicalResult lower(net::ConvTransposeOp op) { return convolve(op, /*upward=*/false, /*logSumExp=*/false); }
  LogicalResult lower(net::LogSumExpConvTransposeOp op) { return convolve(op, /*upward=*/false, /*logSumExp=*/true); }

  //===--------------------------------------------------------------------===//
  // Pooling, up-sampling, skips
  //===--------------------------------------------------------------------===//

  LogicalResult lower(net::SumPoolOp op) {
    Map map = parts(op.getInput());
    if (!map.grouped || ranks(map).back() != static_cast<int64_t>(op.getGroups()))
      return op.emitOpError() << "expects a channel group per child rank";
    auto pool = [&](Value tensor) {
      return index.reduceOverRanks(ranks(map), {{'s', channels(map)}}, 0, tensor,
                                   [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
    };
    maps[op.getResult()] = {pool(map.tensor), map.level, false, map.low ? pool(map.low) : Value()};
    return success();
  }

  LogicalResult lower(net::UpsampleOp op) {
    Map map = parts(op.getInput());
    if (map.grouped || map.level >= depth() || branching[map.level] != static_cast<int64_t>(op.getGroups()))
      return op.emitOpError() << "expects one copy per child rank";
    maps[op.getResult()] = {map.tensor, map.level, true, map.low, /*copies=*/true};
    return success();
  }

  LogicalResult lower(net::SiblingSumOp op) {
    Map map = parts(op.getInput());
    if (!map.grouped || ranks(map).back() != static_cast<int64_t>(op.getGroups()))
      return op.emitOpError() << "expects a channel group per child rank";
    auto siblings = [&](Value tensor) {
      return reduceOverSiblings(index, ranks(map), channels(map), 0, tensor,
                                [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
    };
    maps[op.getResult()] = {siblings(map.tensor), map.level, true, map.low ? siblings(map.low) : Value()};
    return success();
  }

  template <typename SkipOp> LogicalResult join(SkipOp op, IndexSpaceBuilder::Body body) {
    Map map = view(op.getInput()), skip = view(op.getSkip());
    if (map.level != skip.level || map.grouped != skip.grouped)
      return op.emitOpError() << "expects a skip from the same level";
    Map result = {Value(), map.level, map.grouped};
    result.tensor =
        index.map(ranks(result), {{'s', channels(map)}}, elementOf(map), {operandOf(map), operandOf(skip)}, body);
    maps[op.getResult()] = result;
    return success();
  }

  LogicalResult lower(net::AddOp op) {
    Map map = parts(op.getInput()), skip = parts(op.getSkip());
    if (map.level != skip.level || map.grouped != skip.grouped)
      return op.emitOpError() << "expects a skip from the same level";
    auto [high, low] = addLogs(index, ranks(map), channels(map), logs(map), Prefix::Path, logs(skip));
    maps[op.getResult()] = {high, map.level, map.grouped, low};
    return success();
  }

  LogicalResult lower(net::SubtractOp op) {
    return join(op, [](ScalarBuilder &b, ValueRange x) { return sub(b, x[0], x[1]); });
  }

  LogicalResult lower(net::BiasOp op) {
    Map map = parts(op.getInput());
    Value bias = index.table({channels(map)}, logWeights(op.getWeights()), elementOf(map));
    Value biased = index.map(ranks(map), {{'s', channels(map)}}, elementOf(map),
                             {{map.low ? map.low : map.tensor, Prefix::Path, "sb"}, {bias, Prefix::None, "s"}},
                             [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
    maps[op.getResult()] =
        map.low ? Map{map.tensor, map.level, map.grouped, biased} : Map{biased, map.level, map.grouped, Value()};
    return success();
  }

  /// `values` for every sample, as a feature map of the root.
  template <typename ConstantOp> LogicalResult repeat(ConstantOp op, ArrayRef<double> values) {
    Map like = get(op.getLike());
    if (like.depth() != 0)
      return op.emitOpError() << "expects the shape of the root's features";
    Value table = index.table({channels(like)}, values, elementOf(like));
    Value tensor = index.map({}, {{'s', channels(like)}}, elementOf(like), {{table, Prefix::None, "s"}},
                             [](ScalarBuilder &, ValueRange x) { return x[0]; });
    maps[op.getResult()] = {tensor, 0, false};
    return success();
  }

  LogicalResult lower(net::ConstantOp op) { return repeat(op, logWeights(op.getWeights())); }

  //===--------------------------------------------------------------------===//
  // Heads
  //===--------------------------------------------------------------------===//

  LogicalResult lower(net::ReadoutOp op) {
    Map map = get(op.getInput());
    Value tensor = expectation(index, ranks(map), tableShape(op.getValues()), *readTable(op.getValues()), map.tensor);
    maps[op.getResult()] = {tensor, map.level, map.grouped};
    return success();
  }

  LogicalResult lower(net::CastOp op) {
    Map map = get(op.getInput());
    Type element = getElementTypeOrSelf(op.getResult().getType());
    Value tensor = index.map(ranks(map), {{'s', channels(map)}}, element, {{map.tensor, Prefix::Path, "sb"}},
                             [&](ScalarBuilder &b, ValueRange x) { return toFloat(b, x[0], element); });
    maps[op.getResult()] = {tensor, map.level, map.grouped};
    return success();
  }

  LogicalResult lower(net::ShiftPoolOp op) {
    Map map = get(op.getInput());
    auto plus = [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); };
    if (map.level < 1)
      return op.emitOpError() << "expects a shift below the root";
    Value tensor = index.reduceOverRanks(ranks(map), {}, 0, map.tensor, plus);
    if (op.getOwn()) {
      Map own = get(op.getOwn());
      if (map.level != own.level + 1)
        return op.emitOpError() << "expects the shift of the level below";
      tensor = index.map(ranks(own), {}, f64(), {{tensor, Prefix::Path, "b"}, {own.tensor, Prefix::Path, "b"}}, plus);
    }
    maps[op.getResult()] = {tensor, map.level - 1, false};
    return success();
  }

  LogicalResult lower(net::EvidenceOp op) {
    Map belief = parts(op.getBelief()), shift = get(op.getShift());
    if (belief.depth() != 0 || shift.depth() != 0)
      return op.emitOpError() << "expects the root's belief and shift";
    Value maximum = maximumOf(belief);
    Value sum = sumOverStates(index, {}, channels(belief), weightsAbout(belief, maximum));
    double normalizer = -op.getLogPartition().convertToDouble();
    Value loglik = index.map(
        {}, {}, f64(), {{sum, Prefix::Path, "b"}, {maximum, Prefix::Path, "b"}, {shift.tensor, Prefix::Path, "b"}},
        [&](ScalarBuilder &b, ValueRange x) {
          Value root = add(b, log(b, toFloat(b, x[0], f64())), exactMaximum(b, x[1]));
          return add(b, root, add(b, x[2], constant(b, f64(), normalizer)));
        });
    maps[op.getLoglik()] = {loglik, 0, false};
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Layers on weights
  //===--------------------------------------------------------------------===//

  LogicalResult lower(net::OneHotOp op) { return embed(op, 1, 0); }

  LogicalResult lower(net::LookUpOp op) {
    // Functions of what a table holds are tables themselves.
    if (llvm::all_of(op->getUsers(), llvm::IsaPred<net::PiecewiseOp>))
      return success();
    return lookUp(op, op.getResult(), [](double x) { return x; });
  }

  /// `function` of what the symbols choose, as the map of `result`.
  LogicalResult lookUp(net::LookUpOp op, Value result, function_ref<double(double)> function) {
    ArrayRef<int64_t> shape = tableShape(op.getWeights());
    if (llvm::product_of(op.getPatch()) != branching.back())
      return op.emitOpError() << "expects " << branching.back() << " taps, got " << llvm::product_of(op.getPatch());
    std::vector<double> weights = *readTable(op.getWeights());
    Type element = getElementTypeOrSelf(op.getResult().getType());
    LookUp table{index, branching, shape, weights, /*log=*/false, element, function};
    maps[result] = {table.message(op.getSymbols()), depth() - 1, true};
    return success();
  }

  LogicalResult lower(net::GaussianLikelihoodOp op) {
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

  LogicalResult lower(net::RescaleOp op) {
    Map map = get(op.getInput());
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

  LogicalResult lower(net::ProductPoolOp op) {
    Map map = get(op.getInput());
    if (!map.grouped || ranks(map).back() != static_cast<int64_t>(op.getGroups()))
      return op.emitOpError() << "expects a channel group per child rank";
    Value tensor = index.reduceOverRanks(ranks(map), {{'s', channels(map)}}, 1, map.tensor,
                                         [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
    maps[op.getResult()] = {tensor, map.level, false};
    return success();
  }

  LogicalResult lower(net::SiblingProductOp op) {
    Map map = get(op.getInput());
    if (!map.grouped || ranks(map).back() != static_cast<int64_t>(op.getGroups()))
      return op.emitOpError() << "expects a channel group per child rank";
    Value tensor = reduceOverSiblings(index, ranks(map), channels(map), 1, map.tensor,
                                      [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
    maps[op.getResult()] = {tensor, map.level, true};
    return success();
  }

  LogicalResult lower(net::MultiplyOp op) {
    return join(op, [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
  }

  LogicalResult lower(net::ScaleOp op) {
    Map map = get(op.getInput());
    Value weights = index.table({channels(map)}, *readTable(op.getWeights()), elementOf(map));
    return each(op.getResult(), map, {{weights, Prefix::None, "s"}},
                [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
  }

  LogicalResult lower(net::WeightConstantOp op) { return repeat(op, *readTable(op.getWeights())); }

  LogicalResult lower(net::ProportionOp op) {
    Map map = get(op.getInput());
    Value tensor = normalizeOverStates(index, ranks(map), channels(map), map.tensor, elementOf(map));
    maps[op.getResult()] = {tensor, map.level, map.grouped};
    return success();
  }

  LogicalResult lower(net::ZeroShiftOp op) {
    Map like = get(op.getLike());
    Value tensor = index.map(branching.take_front(like.level), {}, f64(), {},
                             [&](ScalarBuilder &b, ValueRange) { return constant(b, f64(), 0); });
    maps[op.getShift()] = {tensor, like.level, false};
    return success();
  }

  LogicalResult lower(net::WeightEvidenceOp op) {
    Map belief = get(op.getBelief());
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

  func::FuncOp function;
  ArrayRef<int64_t> branching; ///< children per node, by level
  OpBuilder builder;
  IndexSpaceBuilder index;
  DenseMap<Value, Map> maps;
};

/// The ranks of every level that `net.branching` states.
FailureOr<SmallVector<int64_t>> branchingOf(func::FuncOp function) {
  SmallVector<int64_t> ranks;
  auto patches = function->getAttrOfType<ArrayAttr>("net.branching");
  if (!patches || patches.empty() || !llvm::all_of(patches, llvm::IsaPred<DenseI64ArrayAttr>))
    return function.emitError() << "expects the attribute 'net.branching', the patch of every level";
  for (Attribute patch : patches)
    ranks.push_back(llvm::product_of(cast<DenseI64ArrayAttr>(patch).asArrayRef()));
  return ranks;
}

struct ConvertNetToLinalg : espalier::impl::ConvertNetToLinalgBase<ConvertNetToLinalg> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.getOps<net::SoftmaxOp>().empty() && function.getOps<net::ProportionOp>().empty())
        continue;
      FailureOr<SmallVector<int64_t>> branching = branchingOf(function);
      if (failed(branching) || failed(checkProgram(function, /*leastResults=*/1)) ||
          failed(Lowering(function, *branching).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
