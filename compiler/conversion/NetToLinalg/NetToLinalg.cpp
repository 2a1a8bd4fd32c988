//===- NetToLinalg.cpp - Networks on the tree's index space ---------------===//
//
// A feature map's positions are the nodes of a level, so a map with C channels on level l becomes a tensor
// `ranks of level l x C x batch`, and one with a channel group per child rank becomes `ranks of level l+1 x C x batch`:
// strided and transposed convolutions only move between the two. Everything is computed as drawn.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/Passes.h"
#include "compiler/conversion/support/Arithmetic.h"
#include "compiler/conversion/support/Contraction.h"
#include "compiler/conversion/support/GaussianField.h"
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
  /// Rank axes of the tensor.
  int64_t depth() const { return level + grouped; }
};

/// Lowers the net ops of one function, in order.
class Lowering {
public:
  Lowering(func::FuncOp function, ArrayRef<int64_t> branching)
      : function(function), branching(branching), builder(function.getContext()),
        index(builder, function.getLoc(), batchExtent()) {}

  LogicalResult run() {
    SmallVector<Operation *> lowered;
    Block &body = function.getBody().front();
    for (Operation &op : body.without_terminator()) {
      if (!isa<net::NetDialect>(op.getDialect()))
        continue;
      builder.setInsertionPoint(&op);
      LogicalResult result =
          TypeSwitch<Operation *, LogicalResult>(&op)
              .Case<net::SymbolStemOp, net::GaussianStemOp, net::SoftStemOp, net::ExpOp, net::LogOp, net::SoftmaxOp,
                    net::NormOp, net::ConvOp, net::LogSumExpConvOp, net::ConvTransposeOp, net::LogSumExpConvTransposeOp,
                    net::SumPoolOp, net::UpsampleOp, net::SiblingSumOp, net::AddOp, net::SubtractOp, net::BiasOp,
                    net::ConstantOp, net::ReadoutOp, net::CastOp, net::ShiftPoolOp, net::EvidenceOp>(
                  [&](auto typed) { return lower(typed); })
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
    for (Operation *op : llvm::reverse(lowered))
      op->erase();
    function.setFunctionType(builder.getFunctionType(function.getBody().getArgumentTypes(), results));
    function->removeAttr("net.branching");
    return success();
  }

  int64_t depth() const { return branching.size(); }
  ArrayRef<int64_t> ranks(const Map &map) const { return branching.take_front(map.depth()); }
  /// A map whose features may be in two parts.
  Map parts(Value value) { return maps.lookup(value); }

  /// A map in one part.
  Map get(Value value) {
    Map map = parts(value);
    if (map.low)
      map.tensor = sum(map, map.tensor, map.low);
    map.low = Value();
    return map;
  }

  Value sum(const Map &like, Value x, Value y) {
    return index.map(ranks(like), {{'s', channels(like)}}, elementOf(like),
                     {{x, Prefix::Path, "sb"}, {y, Prefix::Path, "sb"}},
                     [](ScalarBuilder &b, ValueRange v) { return floored(b, add(b, v[0], v[1])); });
  }

  static SplitLog logs(const Map &map) { return {map.tensor, map.low}; }

  Type f64() { return builder.getF64Type(); }

  static int64_t channels(const Map &map) {
    auto type = cast<RankedTensorType>(map.tensor.getType());
    return type.getDimSize(type.getRank() - 2);
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

  LogicalResult lower(net::SymbolStemOp op) {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    int64_t states = type.getDimSize(1);
    Type element = type.getElementType();
    Value tensor = index.map(branching, {{'s', states}}, element, {{op.getSymbols(), Prefix::Path, "b"}},
                             [&](ScalarBuilder &b, ValueRange x) -> Value {
                               Value channel =
                                   arith::IndexCastOp::create(b, b.getI32Type(), linalg::IndexOp::create(b, depth()));
                               Value other = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, x[0], channel);
                               Value missing = arith::ConstantOp::create(b, b.getI32IntegerAttr(states));
                               Value observed = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, x[0], missing);
                               return select(b, arith::AndIOp::create(b, other, observed), constant(b, element, kFloor),
                                             constant(b, element, 0));
                             });
    maps[op.getResult()] = {tensor, depth(), false};
    return success();
  }

  LogicalResult lower(net::GaussianStemOp op) {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Type element = type.getElementType();
    GaussianField field =
        buildGaussianField(index, branching, op.getObservation(), op.getLambda(), op.getSigma(),
                           *readTable(op.getValues()), type.getDimSize(1), tableShape(op.getValues())[1]);
    Value tensor = index.map(branching, {{'s', type.getDimSize(1)}}, element, {{field.field, Prefix::Path, "sb"}},
                             [&](ScalarBuilder &b, ValueRange x) {
                               Value seen = select(b, isNaN(b, x[0]), constant(b, f64(), 0), x[0]);
                               return toFloat(b, floored(b, seen), element);
                             });
    maps[op.getResult()] = {tensor, depth(), false};
    maps[op.getShift()] = {field.logDensity, depth(), false};
    return success();
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

  LogicalResult lower(net::SoftmaxOp op) {
    Map map = parts(op.getInput());
    Value weights = weightsAbout(map, maximumOf(map));
    Value sum = sumOverStates(index, ranks(map), channels(map), weights);
    return each(op.getResult(), {weights, map.level, map.grouped}, {{sum, Prefix::Path, "b"}},
                [](ScalarBuilder &b, ValueRange x) { return div(b, x[0], x[1]); });
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
    Map result = {Value(), map.level, true};
    auto copies = [&](Value tensor) {
      return index.map(ranks(result), {{'s', channels(map)}}, elementOf(map), {{tensor, Prefix::Parent, "sb"}},
                       [](ScalarBuilder &, ValueRange x) { return x[0]; });
    };
    result.tensor = copies(map.tensor);
    if (map.low)
      result.low = copies(map.low);
    maps[op.getResult()] = result;
    return success();
  }

  LogicalResult lower(net::SiblingSumOp op) {
    Map map = parts(op.getInput());
    if (!map.grouped || ranks(map).back() != static_cast<int64_t>(op.getGroups()))
      return op.emitOpError() << "expects a channel group per child rank";
    int64_t own = map.depth() - 1, sibling = map.depth() + 1;
    auto siblings = [&](Value tensor) {
      return index.reduce(
          ranks(map), {{'s', channels(map)}, {'j', ranks(map).back(), /*reduction=*/true}}, elementOf(map), 0,
          {{tensor, Prefix::Parent, "jsb"}}, [&](ScalarBuilder &b, ValueRange x) -> Value {
            Value same = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, linalg::IndexOp::create(b, own),
                                               linalg::IndexOp::create(b, sibling));
            return select(b, same, x[1], add(b, x[0], x[1]));
          });
    };
    maps[op.getResult()] = {siblings(map.tensor), map.level, true, map.low ? siblings(map.low) : Value()};
    return success();
  }

  template <typename SkipOp> LogicalResult join(SkipOp op, IndexSpaceBuilder::Body body) {
    Map map = get(op.getInput()), skip = get(op.getSkip());
    if (map.level != skip.level || map.grouped != skip.grouped)
      return op.emitOpError() << "expects a skip from the same level";
    return each(op.getResult(), map, {{skip.tensor, Prefix::Path, "sb"}}, body);
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

  LogicalResult lower(net::ConstantOp op) {
    Map like = get(op.getLike());
    if (like.depth() != 0)
      return op.emitOpError() << "expects the shape of the root's features";
    Value values = index.table({channels(like)}, logWeights(op.getWeights()), elementOf(like));
    Value tensor = index.map({}, {{'s', channels(like)}}, elementOf(like), {{values, Prefix::None, "s"}},
                             [](ScalarBuilder &, ValueRange x) { return x[0]; });
    maps[op.getResult()] = {tensor, 0, false};
    return success();
  }

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
    Map map = get(op.getInput()), own = get(op.getOwn());
    if (map.level != own.level + 1)
      return op.emitOpError() << "expects the shift of the level below";
    Value below = index.reduceOverRanks(ranks(map), {}, 0, map.tensor,
                                        [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
    Value tensor = index.map(ranks(own), {}, f64(), {{below, Prefix::Path, "b"}, {own.tensor, Prefix::Path, "b"}},
                             [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
    maps[op.getResult()] = {tensor, own.level, false};
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
      if (function.getOps<net::SoftmaxOp>().empty())
        continue;
      FailureOr<SmallVector<int64_t>> branching = branchingOf(function);
      if (failed(branching) || failed(checkProgram(function)) || failed(Lowering(function, *branching).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
