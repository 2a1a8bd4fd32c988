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
#include "compiler/conversion/support/LookUp.h"
#include "compiler/conversion/support/PowerOfTwo.h"
#include "compiler/conversion/support/Programs.h"
#include "dialects/bp/BPOps.h"
#include "dialects/support/Tables.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

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
    tensors[op.getMessage()] = oneHot(index, type.getRanks(), op.getSymbols(), type.getStates(), type.getElementType(),
                                      isLog(type) ? 0 : 1, isLog(type) ? kNegativeInfinity : 0);
  }

  void lower(bp::ObserveGaussianOp op) {
    bp::MessageType type = op.getMessage().getType();
    Type element = type.getElementType();
    std::vector<double> values = *readTable(op.getValues());
    if (!isLog(type) && element.isF32()) {
      GaussianMessage leaf =
          buildGaussianMessage(index, type.getRanks(), op.getObservation(), op.getLambda(), op.getSigma(), values,
                               type.getStates(), tableShape(op.getValues())[1]);
      tensors[op.getMessage()] = leaf.message;
      tensors[op.getShift()] = leaf.logDensity;
      return;
    }
    if (isLog(type)) {
      SplitGaussianField field =
          buildSplitGaussianField(index, type.getRanks(), op.getObservation(), op.getLambda(), op.getSigma(), values,
                                  type.getStates(), tableShape(op.getValues())[1]);
      set(op.getMessage(), seen(index, type.getRanks(), type.getStates(), field.field));
      tensors[op.getShift()] = field.logDensity;
      return;
    }
    GaussianField field = buildGaussianField(index, type.getRanks(), op.getObservation(), op.getLambda(), op.getSigma(),
                                             values, type.getStates(), tableShape(op.getValues())[1]);
    tensors[op.getMessage()] =
        index.map(type.getRanks(), {{'a', type.getStates()}}, element, {{field.field, Prefix::Path, "ab"}},
                  [&](ScalarBuilder &b, ValueRange x) {
                    return exp(b, toFloat(b, select(b, isNaN(b, x[0]), constant(b, f64(), 0), x[0]), element));
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
    auto each = [&](IndexSpaceBuilder::Body body) {
      return index.map(type.getRanks(), {{'a', type.getStates()}}, element, {{op.getWeights(), Prefix::Path, "ab"}},
                       body);
    };
    if (isLog(type))
      set(op.getMessage(),
          {each([&](ScalarBuilder &b, ValueRange x) { return splitLog(b, toFloat(b, x[0], element)).whole; }),
           each([&](ScalarBuilder &b, ValueRange x) { return splitLog(b, toFloat(b, x[0], element)).rest; })});
    else
      tensors[op.getMessage()] = each([&](ScalarBuilder &b, ValueRange x) { return toFloat(b, x[0], element); });
  }

  //===--------------------------------------------------------------------===//
  // Across an edge
  //===--------------------------------------------------------------------===//

  void lower(bp::LookUpOp op) {
    bp::MessageType type = op.getMessage().getType();
    std::vector<double> weights = *readTable(op.getKernel());
    LookUp table{index, type.getRanks(), tableShape(op.getKernel()), weights, type.getElementType()};
    set(op.getMessage(), isLog(type) ? table.logs(op.getSymbols(), kNegativeInfinity)
                                     : SplitLog{table.message(op.getSymbols()), Value()});
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
    set(op.getMessage(), op.getRowwise() ? edge.logSumExp(input) : edge.logSumExpAboutMaximum(input));
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
    auto siblings = [&](Value tensor) {
      return reduceOverSiblings(index, type.getRanks(), type.getStates(), log ? 0 : 1, tensor,
                                [&](ScalarBuilder &b, ValueRange x) { return times(b, log, x[0], x[1]); });
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
    Value maximum;
    Value weights = weightsOf(op.getBelief(), type, maximum);
    tensors[op.getPosterior()] = normalizeOverStates(index, type.getRanks(), type.getStates(), weights,
                                                     getElementTypeOrSelf(op.getPosterior().getType()));
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
