//===- BPToLinalg.cpp - Message passing on the tree's index space ---------===//
//
// Every bp op becomes one or a few linalg ops on tensors `ranks x states x batch`. In the linear domain a kernel is a
// matrix-vector product of fused multiply-adds; in the log domain it is a log-sum-exp about the message's maximum, or
// about each row's own.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/Passes.h"
#include "compiler/conversion/support/Arithmetic.h"
#include "compiler/conversion/support/Contraction.h"
#include "compiler/conversion/support/GaussianField.h"
#include "compiler/conversion/support/IndexSpace.h"
#include "compiler/conversion/support/Programs.h"
#include "dialects/bp/BPOps.h"
#include "dialects/support/Tables.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace espalier {
#define GEN_PASS_DEF_CONVERTBPTOLINALG
#include "compiler/conversion/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;
using namespace espalier::scalar;

namespace {

constexpr double kNegativeInfinity = -std::numeric_limits<double>::infinity();

/// Lowers the bp ops of one function, in order.
class Lowering {
public:
  Lowering(func::FuncOp function)
      : function(function), builder(function.getContext()), index(builder, function.getLoc(), batchExtent()) {}

  void run() {
    SmallVector<Operation *> lowered;
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
      if (!isa<bp::BPDialect>(op.getDialect())) {
        for (OpOperand &operand : op.getOpOperands())
          if (Value value = tensors.lookup(operand.get()))
            operand.set(value);
        continue;
      }
      builder.setInsertionPoint(&op);
      TypeSwitch<Operation *>(&op)
          .Case<bp::ObserveSymbolOp, bp::ObserveGaussianOp, bp::ObserveSoftOp, bp::LookUpOp, bp::UpOp, bp::DownOp,
                bp::CombineOp, bp::CombineShiftOp, bp::NormalizeOp, bp::ZeroShiftOp, bp::WeighOp, bp::PriorOp,
                bp::OthersOp, bp::BeliefOp, bp::PosteriorOp, bp::ExpectOp, bp::LoglikOp>(
              [&](auto typed) { lower(typed); })
          .Default([](Operation *) { llvm_unreachable("every bp op has a lowering"); });
      lowered.push_back(&op);
    }
    for (Operation *op : llvm::reverse(lowered))
      op->erase();
  }

private:
  Value batchExtent() {
    builder.setInsertionPointToStart(&function.getBody().front());
    Value evidence = function.getArgument(0);
    int64_t last = cast<RankedTensorType>(evidence.getType()).getRank() - 1;
    return tensor::DimOp::create(builder, function.getLoc(), evidence, last);
  }

  /// A value in one part: anything but a log message.
  Value get(Value value) {
    Value tensor = tensors.lookup(value);
    return tensor ? tensor : value;
  }

  /// A log message in the parts that it is in.
  SplitLog parts(Value value) { return {get(value), lows.lookup(value)}; }

  void set(Value value, SplitLog message) {
    tensors[value] = message.high;
    if (message.low)
      lows[value] = message.low;
  }

  static bool isLog(bp::MessageType type) { return type.getDomain() == bp::Domain::Log; }
  Type f64() { return builder.getF64Type(); }

  /// The product of two messages' entries in their domain.
  static Value times(ScalarBuilder &b, bool log, Value x, Value y) { return log ? add(b, x, y) : mul(b, x, y); }

  /// The product of two messages in their domain; `x` may be the parents' message.
  SplitLog times(bp::MessageType type, SplitLog x, Prefix prefix, SplitLog y) {
    if (isLog(type))
      return addLogs(index, type.getRanks(), type.getStates(), x, prefix, y);
    return {index.map(type.getRanks(), {{'s', type.getStates()}}, type.getElementType(),
                      {{x.high, prefix, "sb"}, {y.high, Prefix::Path, "sb"}},
                      [](ScalarBuilder &b, ValueRange v) { return mul(b, v[0], v[1]); }),
            Value()};
  }

  //===--------------------------------------------------------------------===//
  // Leaf fields
  //===--------------------------------------------------------------------===//

  void lower(bp::ObserveSymbolOp op) {
    bp::MessageType type = op.getMessage().getType();
    Type element = type.getElementType();
    tensors[op.getMessage()] =
        index.map(type.getRanks(), {{'a', type.getStates()}}, element, {{op.getSymbols(), Prefix::Path, "b"}},
                  [&](ScalarBuilder &b, ValueRange x) -> Value {
                    Value state =
                        arith::IndexCastOp::create(b, b.getI32Type(), linalg::IndexOp::create(b, type.getLevel()));
                    Value missing = arith::ConstantOp::create(b, b.getI32IntegerAttr(type.getStates()));
                    Value seen = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x[0], state);
                    Value any = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x[0], missing);
                    return select(b, arith::OrIOp::create(b, seen, any), constant(b, element, isLog(type) ? 0 : 1),
                                  constant(b, element, isLog(type) ? kNegativeInfinity : 0));
                  });
  }

  void lower(bp::ObserveGaussianOp op) {
    bp::MessageType type = op.getMessage().getType();
    Type element = type.getElementType();
    std::vector<double> values = *readTable(op.getValues());
    GaussianField field = buildGaussianField(index, type.getRanks(), op.getObservation(), op.getLambda(), op.getSigma(),
                                             values, type.getStates(), tableShape(op.getValues())[1]);
    tensors[op.getMessage()] = index.map(type.getRanks(), {{'a', type.getStates()}}, element,
                                         {{field.field, Prefix::Path, "ab"}}, [&](ScalarBuilder &b, ValueRange x) {
                                           Value h = select(b, isNaN(b, x[0]), constant(b, f64(), 0), x[0]);
                                           // Far beyond any field that could still decide; keeps the narrower type
                                           // finite.
                                           h = toFloat(b, max(b, h, constant(b, f64(), -1e30)), element);
                                           return isLog(type) ? h : exp(b, h);
                                         });
    tensors[op.getShift()] = field.logDensity;
  }

  void lower(bp::ObserveSoftOp op) {
    bp::MessageType type = op.getMessage().getType();
    Type element = type.getElementType();
    if (!isLog(type) && getElementTypeOrSelf(op.getWeights().getType()) == element) {
      tensors[op.getMessage()] = op.getWeights();
      return;
    }
    tensors[op.getMessage()] = index.map(type.getRanks(), {{'a', type.getStates()}}, element,
                                         {{op.getWeights(), Prefix::Path, "ab"}}, [&](ScalarBuilder &b, ValueRange x) {
                                           Value weight = toFloat(b, x[0], element);
                                           return isLog(type) ? log(b, weight) : weight;
                                         });
  }

  //===--------------------------------------------------------------------===//
  // Across an edge
  //===--------------------------------------------------------------------===//

  static int64_t paddedRow(int64_t states) { return llvm::alignTo(states, kTablePadding); }

  /// Columns of the kernel by symbol, and its row sums in the place of the missing symbol:
  /// [count x (child states + 1) x parent states, padded], in the message's domain. Sums are formed as a product would.
  static std::vector<double> columnTable(ArrayRef<int64_t> shape, ArrayRef<double> kernel, bp::MessageType type) {
    bool log = isLog(type), single = type.getElementType().isF32();
    auto [count, parents, children] = std::tuple(shape[0], shape[1], shape[2]);
    int64_t row = paddedRow(parents);
    std::vector<double> table(count * (children + 1) * row);
    for (int64_t k = 0; k < count; ++k)
      for (int64_t s = 0; s < parents; ++s) {
        double sum = 0;
        for (int64_t a = 0; a < children; ++a) {
          double weight = kernel[(k * parents + s) * children + a];
          sum = single ? static_cast<float>(sum + weight) : sum + weight;
          table[(k * (children + 1) + a) * row + s] = log ? std::log(weight) : weight;
        }
        table[(k * (children + 1) + children) * row + s] = log ? std::log(sum) : sum;
      }
    return table;
  }

  void lower(bp::LookUpOp op) {
    bp::MessageType type = op.getMessage().getType();
    ArrayRef<int64_t> shape = tableShape(op.getKernel());
    std::vector<double> columns = columnTable(shape, *readTable(op.getKernel()), type);
    // Rank or path axes, then symbol and parent state, are indexed in the body: which column is data.
    Operand table = index.kernel(type.getRanks(), {shape[0], shape[2] + 1, paddedRow(shape[1])}, columns,
                                 type.getElementType(), "");
    int64_t depth = type.getLevel(), first = table.prefix == Prefix::Rank ? depth - 1 : 0;
    tensors[op.getMessage()] =
        index.map(type.getRanks(), {{'s', type.getStates()}}, type.getElementType(),
                  {{op.getSymbols(), Prefix::Path, "b"}}, [&](ScalarBuilder &b, ValueRange x) -> Value {
                    SmallVector<Value> indices;
                    for (int64_t axis = first; axis < depth; ++axis)
                      indices.push_back(linalg::IndexOp::create(b, axis));
                    indices.push_back(arith::IndexCastOp::create(b, b.getIndexType(), x[0]));
                    indices.push_back(linalg::IndexOp::create(b, depth));
                    return tensor::ExtractOp::create(b, table.value, indices);
                  });
  }

  void lower(bp::UpOp op) { lowerEdge(op, /*upward=*/true); }
  void lower(bp::DownOp op) { lowerEdge(op, /*upward=*/false); }

  /// The kernel times a message, or its transpose.
  template <typename EdgeOp> void lowerEdge(EdgeOp op, bool upward) {
    bp::MessageType type = op.getMessage().getType();
    std::vector<double> weights = *readTable(op.getKernel());
    Contraction edge{index, type.getRanks(), tableShape(op.getKernel()), weights, upward, type.getElementType()};
    if (!isLog(type)) {
      tensors[op.getMessage()] = edge.product(get(op.getInput()));
      return;
    }
    SplitLog input = parts(op.getInput());
    set(op.getMessage(), op.getRowwise() ? edge.logSumExp(input) : logAboutMaximum(edge, input));
  }

  /// log(K exp(h - m)) and m, the maximum of h to the nearest whole number: one exp per entry of the message instead of
  /// one per entry of the kernel.
  SplitLog logAboutMaximum(Contraction &edge, SplitLog message) {
    Value maximum = largestLog(index, edge.ranks, edge.from(), message);
    Value linear = weightsAbout(index, edge.ranks, edge.from(), message, maximum);
    Value high = index.map(edge.ranks, {{'t', edge.to()}}, edge.elementType, {{maximum, Prefix::Path, "b"}},
                           [](ScalarBuilder &, ValueRange x) { return x[0]; });
    Value low =
        index.map(edge.ranks, {{'t', edge.to()}}, edge.elementType, {{edge.product(linear), Prefix::Path, "tb"}},
                  [](ScalarBuilder &b, ValueRange x) { return log(b, x[0]); });
    return {high, low};
  }

  //===--------------------------------------------------------------------===//
  // At a node
  //===--------------------------------------------------------------------===//

  void lower(bp::CombineOp op) {
    bp::MessageType type = op.getInput().getType();
    bool log = isLog(type);
    auto combine = [&](Value tensor) {
      return index.reduceOverRanks(type.getRanks(), {{'s', type.getStates()}}, log ? 0 : 1, tensor,
                                   [&](ScalarBuilder &b, ValueRange x) { return times(b, log, x[0], x[1]); });
    };
    auto [high, low] = parts(op.getInput());
    set(op.getMessage(), {combine(high), low ? combine(low) : Value()});
  }

  void lower(bp::CombineShiftOp op) {
    tensors[op.getShift()] = index.reduceOverRanks(op.getInput().getType().getRanks(), {}, 0, get(op.getInput()),
                                                   [](ScalarBuilder &b, ValueRange x) { return add(b, x[0], x[1]); });
  }

  void lower(bp::ZeroShiftOp op) {
    tensors[op.getShift()] = index.map(op.getShift().getType().getRanks(), {}, f64(), {},
                                       [&](ScalarBuilder &b, ValueRange) { return constant(b, f64(), 0); });
  }

  /// The exponent field of x as an integer, at most the largest whose reciprocal is a normal number.
  static Value exponentField(ScalarBuilder &b, Value x) {
    bool isDouble = x.getType().isF64();
    Type integer = b.getIntegerType(isDouble ? 64 : 32);
    int64_t mask = isDouble ? 0x7ff0000000000000 : 0x7f800000, most = isDouble ? 0x7fd0000000000000 : 0x7e800000;
    Value bits = arith::BitcastOp::create(b, integer, x);
    Value field = arith::AndIOp::create(b, bits, arith::ConstantOp::create(b, b.getIntegerAttr(integer, mask)));
    return arith::MinSIOp::create(b, field, arith::ConstantOp::create(b, b.getIntegerAttr(integer, most)));
  }

  /// 2^-k for x in [2^k, 2^(k+1)).
  static Value reciprocalPowerOfTwo(ScalarBuilder &b, Value x) {
    Value field = exponentField(b, x);
    bool isDouble = x.getType().isF64();
    Value twice =
        arith::ConstantOp::create(b, b.getIntegerAttr(field.getType(), isDouble ? 0x7fe0000000000000 : 0x7f000000));
    return arith::BitcastOp::create(b, x.getType(), arith::SubIOp::create(b, twice, field));
  }

  /// k ln 2 for x in [2^k, 2^(k+1)), in double precision.
  Value logPowerOfTwo(ScalarBuilder &b, Value x) {
    Value field = exponentField(b, x);
    bool isDouble = x.getType().isF64();
    Value width = arith::ConstantOp::create(b, b.getIntegerAttr(field.getType(), isDouble ? 52 : 23));
    Value bias = arith::ConstantOp::create(b, b.getIntegerAttr(field.getType(), isDouble ? 1023 : 127));
    Value exponent = arith::SubIOp::create(b, arith::ShRUIOp::create(b, field, width), bias);
    if (isDouble)
      exponent = arith::TruncIOp::create(b, b.getI32Type(), exponent);
    return mul(b, arith::SIToFPOp::create(b, f64(), exponent), constant(b, f64(), std::numbers::ln2));
  }

  void lower(bp::NormalizeOp op) {
    bp::MessageType type = op.getInput().getType();
    Value maximum = isLog(type) ? normalizeLog(op) : normalizeLinear(op);
    if (!op.getShift())
      return;
    tensors[op.getNewShift()] =
        index.map(type.getRanks(), {}, f64(), {{get(op.getShift()), Prefix::Path, "b"}, {maximum, Prefix::Path, "b"}},
                  [&](ScalarBuilder &b, ValueRange x) {
                    return add(b, x[0], isLog(type) ? toFloat(b, x[1], f64()) : logPowerOfTwo(b, x[1]));
                  });
  }

  /// Divides by the power of two at or below the maximum, which is returned.
  Value normalizeLinear(bp::NormalizeOp op) {
    bp::MessageType type = op.getInput().getType();
    Type element = type.getElementType();
    Value message = get(op.getInput());
    Value maximum = maximumOverStates(index, type.getRanks(), type.getStates(), message, 0);
    Value factor = index.map(type.getRanks(), {}, element, {{maximum, Prefix::Path, "b"}},
                             [](ScalarBuilder &b, ValueRange x) { return reciprocalPowerOfTwo(b, x[0]); });
    tensors[op.getMessage()] = index.map(type.getRanks(), {{'s', type.getStates()}}, element,
                                         {{message, Prefix::Path, "sb"}, {factor, Prefix::Path, "b"}},
                                         [](ScalarBuilder &b, ValueRange x) { return mul(b, x[0], x[1]); });
    return maximum;
  }

  /// Subtracts the maximum to the nearest whole number, which is returned.
  Value normalizeLog(bp::NormalizeOp op) {
    bp::MessageType type = op.getInput().getType();
    SplitLog message = parts(op.getInput());
    Value maximum = largestLog(index, type.getRanks(), type.getStates(), message);
    Value high = index.map(type.getRanks(), {{'s', type.getStates()}}, type.getElementType(),
                           {{message.high, Prefix::Path, "sb"}, {maximum, Prefix::Path, "b"}},
                           [](ScalarBuilder &b, ValueRange x) { return sub(b, x[0], x[1]); });
    set(op.getMessage(), {high, message.low});
    return maximum;
  }

  /// The prior in a message's domain, as a table of its states.
  Operand prior(ElementsAttr attr, bp::MessageType type) {
    std::vector<double> weights = *readTable(attr);
    if (isLog(type))
      for (double &weight : weights)
        weight = std::log(weight);
    return {index.table({type.getStates()}, weights, type.getElementType()), Prefix::None, "s"};
  }

  void lower(bp::WeighOp op) {
    bp::MessageType type = op.getMessage().getType();
    SplitLog input = parts(op.getInput());
    Value weighed = index.map({}, {{'s', type.getStates()}}, type.getElementType(),
                              {{input.low ? input.low : input.high, Prefix::Path, "sb"}, prior(op.getPrior(), type)},
                              [&](ScalarBuilder &b, ValueRange x) { return times(b, isLog(type), x[0], x[1]); });
    set(op.getMessage(), input.low ? SplitLog{input.high, weighed} : SplitLog{weighed, Value()});
  }

  void lower(bp::PriorOp op) {
    bp::MessageType type = op.getMessage().getType();
    tensors[op.getMessage()] = index.map({}, {{'s', type.getStates()}}, type.getElementType(),
                                         {prior(op.getPrior(), type)}, [](Builder &, ValueRange x) { return x[0]; });
  }

  void lower(bp::OthersOp op) {
    bp::MessageType type = op.getMessage().getType();
    bool log = isLog(type);
    int64_t depth = type.getLevel();
    Loop s = {'s', type.getStates()}, j = {'j', type.getRanks().back(), /*reduction=*/true};
    auto siblings = [&](Value tensor) {
      return index.reduce(type.getRanks(), {s, j}, type.getElementType(), log ? 0 : 1,
                          {{tensor, Prefix::Parent, "jsb"}}, [&](ScalarBuilder &b, ValueRange x) -> Value {
                            Value own = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                                              linalg::IndexOp::create(b, depth - 1),
                                                              linalg::IndexOp::create(b, depth + 1));
                            return select(b, own, x[1], times(b, log, x[0], x[1]));
                          });
    };
    auto [high, low] = parts(op.getSiblings());
    SplitLog all = {siblings(high), low ? siblings(low) : Value()};
    set(op.getMessage(), times(type, parts(op.getAbove()), Prefix::Parent, all));
  }

  void lower(bp::BeliefOp op) {
    set(op.getMessage(), times(op.getMessage().getType(), parts(op.getAbove()), Prefix::Path, parts(op.getBelow())));
  }

  //===--------------------------------------------------------------------===//
  // Answers
  //===--------------------------------------------------------------------===//

  /// A belief as weights; in the log domain, about its maximum.
  Value weightsOf(Value belief, bp::MessageType type, Value &maximum) {
    if (!isLog(type))
      return get(belief);
    SplitLog logs = parts(belief);
    maximum = largestLog(index, type.getRanks(), type.getStates(), logs);
    return weightsAbout(index, type.getRanks(), type.getStates(), logs, maximum);
  }

  Value sumOver(Value weights, bp::MessageType type) {
    return sumOverStates(index, type.getRanks(), type.getStates(), weights);
  }

  void lower(bp::PosteriorOp op) {
    bp::MessageType type = op.getBelief().getType();
    Type element = type.getElementType();
    Value maximum;
    Value weights = weightsOf(op.getBelief(), type, maximum);
    Value factor = index.map(type.getRanks(), {}, element, {{sumOver(weights, type), Prefix::Path, "b"}},
                             [&](ScalarBuilder &b, ValueRange x) {
                               Value one = constant(b, element, 1), zero = constant(b, element, 0);
                               return select(b, equal(b, x[0], zero), zero, div(b, one, x[0]));
                             });
    Type answer = getElementTypeOrSelf(op.getPosterior().getType());
    tensors[op.getPosterior()] =
        index.map(type.getRanks(), {{'s', type.getStates()}}, answer,
                  {{weights, Prefix::Path, "sb"}, {factor, Prefix::Path, "b"}},
                  [&](ScalarBuilder &b, ValueRange x) { return toFloat(b, mul(b, x[0], x[1]), answer); });
  }

  void lower(bp::ExpectOp op) {
    auto type = cast<RankedTensorType>(op.getPosterior().getType());
    tensors[op.getMean()] = expectation(index, type.getShape().drop_back(2), tableShape(op.getValues()),
                                        *readTable(op.getValues()), get(op.getPosterior()));
  }

  void lower(bp::LoglikOp op) {
    bp::MessageType type = op.getBelief().getType();
    double normalizer = -op.getLogPartition().convertToDouble();
    Value maximum;
    Value sum = sumOver(weightsOf(op.getBelief(), type, maximum), type);
    SmallVector<Operand> operands = {{sum, Prefix::Path, "b"}, {get(op.getShift()), Prefix::Path, "b"}};
    if (maximum)
      operands.push_back({maximum, Prefix::Path, "b"});
    tensors[op.getLoglik()] = index.map({}, {}, f64(), operands, [&](ScalarBuilder &b, ValueRange x) {
      Value total = add(b, log(b, toFloat(b, x[0], f64())), add(b, x[1], constant(b, f64(), normalizer)));
      return maximum ? add(b, total, toFloat(b, x[2], f64())) : total;
    });
  }

  func::FuncOp function;
  OpBuilder builder;
  IndexSpaceBuilder index;
  DenseMap<Value, Value> tensors; ///< messages and shifts, lowered
  DenseMap<Value, Value> lows;    ///< of log messages that are in two parts (SplitLog)
};

struct ConvertBPToLinalg : espalier::impl::ConvertBPToLinalgBase<ConvertBPToLinalg> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.getOps<bp::PosteriorOp>().empty())
        continue;
      if (failed(checkProgram(function)))
        return signalPassFailure();
      Lowering(function).run();
    }
  }
};

} // namespace
