//===- TFGToBP.cpp - From a model to exact message passing ----------------===//
//
// Writes belief propagation for a model: the upward pass from the leaf fields to the root, and the downward pass back
// to every level (docs/rationale-bp.md). Range analysis says what is exact in floating point; this file only follows
// it.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/FanOut.h"
#include "compiler/analysis/Normalize.h"
#include "compiler/conversion/Passes.h"
#include "compiler/conversion/support/Programs.h"
#include "dialects/bp/BPOps.h"
#include "dialects/support/Tables.h"

#include "mlir/IR/Builders.h"

namespace espalier {
#define GEN_PASS_DEF_CONVERTTFGTOBP
#include "compiler/conversion/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

/// What a program computes with: messages of a type and in a domain, for the model prepared for that type.
struct Arithmetic {
  FloatType real;
  bp::Domain domain;
  const PreparedModel &prepared;
  MessageRanges ranges;
};

/// The linear domain in the arrays' own type where that is exact, else in double precision where that is, else the
/// log domain, in double precision too: there single precision would lose the digits that decide between states.
Arithmetic chooseArithmetic(PreparedModels &models, LeafMessages leaves, FloatType arrays) {
  Arithmetic own{arrays, bp::Domain::Linear, models.of(precisionOf(arrays), leaves), {}};
  own.ranges = analyzeMessageRanges(own.prepared.model, leaves, precisionOf(arrays));
  if (own.ranges.linear && own.prepared.representable && !(arrays.isF32() && exceedsSinglePrecision(models.model)))
    return own;
  auto f64 = cast<FloatType>(Float64Type::get(arrays.getContext()));
  Arithmetic wide{f64, bp::Domain::Linear, models.of(Precision::F64, leaves), {}};
  wide.ranges = analyzeMessageRanges(wide.prepared.model, leaves, Precision::F64);
  if (!wide.ranges.linear)
    wide.domain = bp::Domain::Log;
  return wide;
}

/// Writes one function. Messages of all levels are kept at hand as SSA values; what nobody uses is never computed.
class ProgramWriter {
public:
  ProgramWriter(const Arithmetic &arithmetic, const ProgramSpec &spec, FloatType arrays)
      : model(arithmetic.prepared.model), ranges(arithmetic.ranges), domain(arithmetic.domain), real(arithmetic.real),
        logPartition(arithmetic.prepared.logPartition), spec(spec), arrays(arrays), context(arrays.getContext()),
        builder(context), below(model.depth() + 1), sent(model.depth() + 1) {
    prior = makeTable(context, {model.rootStates}, model.prior, "prior");
    values = makeTable(context, {model.leafStates(), model.valueSize}, model.values, "values");
    for (int64_t l = 1; l <= model.depth(); ++l)
      kernels.push_back(edgeKernels(model, l, context));
  }

  void write(ModuleOp module, Location location) {
    loc = location;
    SmallVector<Type> results;
    int64_t depth = model.depth();
    for (int64_t l = 0; l <= (spec.downward ? depth : 0); ++l)
      results.push_back(arrayType(l, {model.states(l)}));
    if (spec.downward)
      results.push_back(arrayType(depth, {model.valueSize}));
    results.push_back(RankedTensorType::get({ShapedType::kDynamic}, builder.getF64Type()));
    func::FuncOp function = createProgram(module, loc, "bp", spec, evidenceType(), results);
    builder.setInsertionPointToStart(&function.getBody().front());

    observe(function);
    for (int64_t l = depth; l >= 1; --l)
      passUp(l);
    Value belief = bp::WeighOp::create(builder, loc, below[0].getType(), below[0], prior);
    SmallVector<Value> answers = {posterior(0, belief)};
    if (spec.downward)
      passDown(answers);
    answers.push_back(
        bp::LoglikOp::create(builder, loc, results.back(), belief, shift, builder.getF64FloatAttr(logPartition)));
    func::ReturnOp::create(builder, loc, answers);
  }

private:
  SmallVector<int64_t> ranksTo(int64_t l) const {
    SmallVector<int64_t> ranks;
    for (int64_t k = 1; k <= l; ++k)
      ranks.push_back(model.ranks(k));
    return ranks;
  }

  bp::MessageType messageType(int64_t l, int64_t states) const {
    return bp::MessageType::get(context, ranksTo(l), states, domain, real);
  }

  bp::ShiftType shiftType(int64_t l) const { return bp::ShiftType::get(context, ranksTo(l)); }

  /// An array of level l: its index space, `inner`, the batch.
  RankedTensorType arrayType(int64_t l, ArrayRef<int64_t> inner, Type type = nullptr) const {
    SmallVector<int64_t> shape = ranksTo(l);
    llvm::append_range(shape, inner);
    shape.push_back(ShapedType::kDynamic);
    return RankedTensorType::get(shape, type ? type : Type(arrays));
  }

  RankedTensorType evidenceType() {
    switch (spec.evidence) {
    case Evidence::Symbol:
      return arrayType(model.depth(), {}, builder.getI32Type());
    case Evidence::Gaussian:
      return arrayType(model.depth(), {model.valueSize});
    case Evidence::Soft:
      // What is not 0 must not become 0 where it may be all that counts: doubles where messages are.
      return arrayType(model.depth(), {model.leafStates()}, real);
    }
    llvm_unreachable("all kinds are covered");
  }

  /// Leaf messages. Those of gaussian evidence come normalized; soft evidence may be of any size.
  void observe(func::FuncOp function) {
    int64_t depth = model.depth();
    auto type = messageType(depth, model.leafStates());
    evidence = function.getArgument(0);
    if (spec.evidence == Evidence::Gaussian) {
      auto leaf = bp::ObserveGaussianOp::create(builder, loc, type, shiftType(depth), evidence, function.getArgument(1),
                                                function.getArgument(2), values);
      below[depth] = leaf.getMessage();
      shift = leaf.getShift();
    } else if (spec.evidence == Evidence::Soft) {
      below[depth] = bp::ObserveSoftOp::create(builder, loc, type, evidence);
      below[depth] = normalize(depth, below[depth]);
    } else if (spec.downward) {
      below[depth] = bp::ObserveSymbolOp::create(builder, loc, type, evidence);
    }
  }

  /// Normalizes a message from below and adds what was taken away to the running shift.
  Value normalize(int64_t l, Value message) {
    if (!shift)
      shift = bp::ZeroShiftOp::create(builder, loc, shiftType(l));
    auto op = bp::NormalizeOp::create(builder, loc, TypeRange{message.getType(), shift.getType()}, message, shift);
    shift = op.getNewShift();
    return op.getMessage();
  }

  /// Across the edges of level l, and together at the parents on level l-1.
  void passUp(int64_t l) {
    const LevelRange &range = ranges.levels[l - 1];
    bool rowwise = domain == bp::Domain::Log && !range.upShared;
    auto type = messageType(l, model.states(l - 1));
    if (l == model.depth() && spec.evidence == Evidence::Symbol)
      sent[l] = bp::LookUpOp::create(builder, loc, type, evidence, kernels[l - 1]);
    else
      sent[l] = bp::UpOp::create(builder, loc, type, below[l], kernels[l - 1], rowwise);
    below[l - 1] = bp::CombineOp::create(builder, loc, messageType(l - 1, model.states(l - 1)), sent[l]);
    if (shift)
      shift = bp::CombineShiftOp::create(builder, loc, shiftType(l - 1), shift);
    if (domain == bp::Domain::Log || range.rescaleUp)
      below[l - 1] = normalize(l - 1, below[l - 1]);
    if (l == 1 && !shift)
      shift = bp::ZeroShiftOp::create(builder, loc, shiftType(0));
  }

  /// From the prior down to the leaves; appends the posteriors of level 1..L and the mean of e.
  void passDown(SmallVectorImpl<Value> &answers) {
    Value above = bp::PriorOp::create(builder, loc, messageType(0, model.rootStates), prior);
    for (int64_t l = 1; l <= model.depth(); ++l) {
      const LevelRange &range = ranges.levels[l - 1];
      bool rowwise = domain == bp::Domain::Log && !range.downShared;
      Value others = bp::OthersOp::create(builder, loc, sent[l].getType(), sent[l], above);
      above = bp::DownOp::create(builder, loc, messageType(l, model.states(l)), others, kernels[l - 1], rowwise);
      if (domain == bp::Domain::Log || range.rescaleDown)
        above = bp::NormalizeOp::create(builder, loc, TypeRange{above.getType()}, above, Value()).getMessage();
      answers.push_back(posterior(l, bp::BeliefOp::create(builder, loc, above.getType(), above, below[l])));
    }
    answers.push_back(
        bp::ExpectOp::create(builder, loc, arrayType(model.depth(), {model.valueSize}), answers.back(), values));
  }

  Value posterior(int64_t l, Value belief) {
    return bp::PosteriorOp::create(builder, loc, arrayType(l, {model.states(l)}), belief);
  }

  const Model &model;
  const MessageRanges &ranges;
  bp::Domain domain;
  FloatType real; ///< of messages
  double logPartition;
  const ProgramSpec &spec;
  FloatType arrays; ///< type of evidence and answers
  MLIRContext *context;
  OpBuilder builder;
  Location loc = UnknownLoc::get(context);
  ElementsAttr prior, values;
  SmallVector<ElementsAttr> kernels; ///< kernels[l - 1]: [ranks or nodes x S_(l-1) x S_l]
  Value evidence;
  SmallVector<Value> below; ///< below[l]: messages of level l's nodes from their subtrees
  SmallVector<Value> sent;  ///< sent[l]: what level l sends to its parents
  Value shift;              ///< of the level that `passUp` has reached; null while nothing was taken away
};

struct ConvertTFGToBP : espalier::impl::ConvertTFGToBPBase<ConvertTFGToBP> {
  using ConvertTFGToBPBase::ConvertTFGToBPBase;

  void runOnOperation() override {
    std::optional<PreparedModels> models;
    auto write = [&](const Model &model, const ProgramSpec &spec, FloatType arrays, Location loc) {
      if (!models)
        models.emplace(model);
      Arithmetic arithmetic = chooseArithmetic(*models, spec.leafMessages(), arrays);
      ProgramWriter(arithmetic, spec, arrays).write(getOperation(), loc);
      return success();
    };
    if (failed(writePrograms(getOperation(), dtype, write)))
      signalPassFailure();
  }
};

} // namespace
