//===- TFGToNet.cpp - From a model to its ConvNet and U-Net ---------------===//
//
// Draws the network of arXiv 2404.18444 for a model (docs/rationale-net.md). Encoder block of level l: exp, strided
// convolution, log, sum-pooling, norm. Decoder block: up-sampling, skip, exp, transposed convolution, log, skip, norm.
// Where a kernel's zeros make exp underflow what still counts, exp, convolution and log are one log-sum-exp layer, and
// the decoder adds the siblings' messages instead of subtracting the skip.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Normalize.h"
#include "compiler/conversion/Passes.h"
#include "compiler/conversion/support/Programs.h"
#include "dialects/net/NetOps.h"
#include "dialects/support/Tables.h"

namespace espalier {
#define GEN_PASS_DEF_CONVERTTFGTONET
#include "compiler/conversion/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

/// What a network computes with: feature maps of a type, for the model prepared for that type.
struct Arithmetic {
  FloatType real;
  PreparedModel prepared;
  MessageRanges ranges;
};

/// The arrays' own type where every layer is exact as the paper draws it; else double precision, because features then
/// grow far apart before they meet again.
Arithmetic chooseArithmetic(const Model &model, LeafMessages leaves, FloatType arrays) {
  auto analyze = [&](FloatType real) {
    Arithmetic result{real, prepareModel(model, precisionOf(real)), {}};
    result.ranges = analyzeMessageRanges(result.prepared.model, leaves, precisionOf(real));
    return result;
  };
  Arithmetic own = analyze(arrays);
  bool asDrawn = llvm::all_of(
      own.ranges.levels, [](const LevelRange &range) { return range.upShared && range.downShared && range.positive; });
  return asDrawn ? own : analyze(cast<FloatType>(Float64Type::get(arrays.getContext())));
}

/// Draws one network. What the encoder leaves for the decoder (its skips) is kept by level.
class NetworkWriter {
public:
  NetworkWriter(const Arithmetic &arithmetic, const ProgramSpec &spec, FloatType arrays)
      : model(arithmetic.prepared.model), ranges(arithmetic.ranges), real(arithmetic.real),
        logPartition(arithmetic.prepared.logPartition), spec(spec), arrays(arrays), context(arrays.getContext()),
        builder(context), features(model.depth() + 1), messages(model.depth() + 1) {}

  void write(ModuleOp module, Location location) {
    loc = location;
    int64_t depth = model.depth();
    SmallVector<Type> results;
    for (int64_t l = 0; l <= (spec.downward ? depth : 0); ++l)
      results.push_back(mapType(l, model.states(l), arrays));
    if (spec.downward)
      results.push_back(mapType(depth, model.valueSize, arrays));
    results.push_back(RankedTensorType::get({ShapedType::kDynamic}, builder.getF64Type()));
    func::FuncOp function = createProgram(module, loc, "net", spec, evidenceType(), results);
    function->setAttr("net.branching", branching());
    builder.setInsertionPointToStart(&function.getBody().front());

    stem(function);
    for (int64_t l = depth; l >= 1; --l)
      encoderBlock(l);
    Value belief = net::BiasOp::create(builder, loc, features[0].getType(), features[0], prior());
    SmallVector<Value> heads = {head(0, belief)};
    if (spec.downward)
      decoder(belief, heads);
    heads.push_back(
        net::EvidenceOp::create(builder, loc, results.back(), belief, shift, builder.getF64FloatAttr(logPartition)));
    func::ReturnOp::create(builder, loc, heads);
  }

private:
  /// Positions of level l; one position for the root.
  std::vector<int64_t> positions(int64_t l) const { return model.shape(l); }

  RankedTensorType mapType(int64_t l, int64_t channels, Type type = nullptr) const {
    SmallVector<int64_t> shape = {ShapedType::kDynamic, channels};
    llvm::append_range(shape, positions(l));
    return RankedTensorType::get(shape, type ? type : Type(real));
  }

  /// Batch and positions, without channels.
  RankedTensorType flatType(int64_t l, Type type) const {
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    llvm::append_range(shape, positions(l));
    return RankedTensorType::get(shape, type);
  }

  RankedTensorType shiftType(int64_t l) { return flatType(l, builder.getF64Type()); }

  Type evidenceType() {
    if (spec.evidence == Evidence::Symbol)
      return flatType(model.depth(), builder.getI32Type());
    return mapType(model.depth(), spec.evidence == Evidence::Gaussian ? model.valueSize : model.leafStates(), arrays);
  }

  ArrayAttr branching() {
    SmallVector<Attribute> levels;
    for (const Level &level : model.levels)
      levels.push_back(builder.getDenseI64ArrayAttr(level.patch));
    return builder.getArrayAttr(levels);
  }

  ElementsAttr prior() { return makeTable(context, {model.rootStates}, model.prior, "prior"); }
  ElementsAttr values() { return makeTable(context, {model.leafStates(), model.valueSize}, model.values, "values"); }

  void stem(func::FuncOp function) {
    int64_t depth = model.depth();
    Value input = function.getArgument(0);
    Type type = mapType(depth, model.leafStates());
    switch (spec.evidence) {
    case Evidence::Symbol:
      features[depth] = net::SymbolStemOp::create(builder, loc, type, input);
      return;
    case Evidence::Gaussian: {
      auto stem = net::GaussianStemOp::create(builder, loc, type, shiftType(depth), input, function.getArgument(1),
                                              function.getArgument(2), values());
      features[depth] = stem.getResult();
      shift = stem.getShift();
      return;
    }
    case Evidence::Soft: {
      auto stem = net::SoftStemOp::create(builder, loc, type, shiftType(depth), input);
      features[depth] = stem.getResult();
      shift = stem.getShift();
      return;
    }
    }
  }

  /// A norm layer whose maximum goes into the running shift.
  Value normalize(int64_t l, Value map) {
    auto norm = net::NormOp::create(builder, loc, TypeRange{map.getType(), shiftType(l)}, map);
    shift = shift ? net::ShiftPoolOp::create(builder, loc, shiftType(l), shift, norm.getShift(),
                                             builder.getDenseI64ArrayAttr(model.levels[l].patch))
                        .getResult()
                  : norm.getShift();
    return norm.getResult();
  }

  void encoderBlock(int64_t l) {
    auto patch = builder.getDenseI64ArrayAttr(model.levels[l - 1].patch);
    ElementsAttr weights = edgeKernels(model, l, context);
    Type grouped = mapType(l - 1, model.ranks(l) * model.states(l - 1));
    if (ranges.levels[l - 1].upShared) {
      Value linear = net::ExpOp::create(builder, loc, features[l].getType(), features[l]);
      Value product = net::ConvOp::create(builder, loc, grouped, linear, patch, weights);
      messages[l] = net::LogOp::create(builder, loc, grouped, product);
    } else {
      messages[l] = net::LogSumExpConvOp::create(builder, loc, grouped, features[l], patch, weights);
    }
    Value pooled =
        net::SumPoolOp::create(builder, loc, mapType(l - 1, model.states(l - 1)), messages[l], model.ranks(l));
    features[l - 1] = normalize(l - 1, pooled);
  }

  /// All decoder blocks, with a head after each.
  void decoder(Value belief, SmallVectorImpl<Value> &heads) {
    // What the root hears from above matters only to blocks that sum siblings.
    Value incoming;
    if (!ranges.levels.front().positive)
      incoming = net::ConstantOp::create(builder, loc, belief.getType(), prior(), belief);
    belief = norm(belief);
    for (int64_t l = 1; l <= model.depth(); ++l) {
      incoming = decoderBlock(l, belief, incoming);
      belief = norm(net::AddOp::create(builder, loc, incoming.getType(), incoming, features[l]));
      heads.push_back(head(l, belief));
    }
    heads.push_back(
        net::ReadoutOp::create(builder, loc, mapType(model.depth(), model.valueSize, arrays), heads.back(), values()));
  }

  /// The posterior of a level, in the arrays' type.
  Value head(int64_t l, Value belief) {
    Value posterior = net::SoftmaxOp::create(builder, loc, belief.getType(), belief);
    if (real == arrays)
      return posterior;
    return net::CastOp::create(builder, loc, mapType(l, model.states(l), arrays), posterior);
  }

  Value norm(Value map) { return net::NormOp::create(builder, loc, TypeRange{map.getType()}, map).getResult(); }

  /// What level l hears from above, normalized.
  Value decoderBlock(int64_t l, Value belief, Value incoming) {
    auto patch = builder.getDenseI64ArrayAttr(model.levels[l - 1].patch);
    ElementsAttr weights = edgeKernels(model, l, context);
    Type grouped = messages[l].getType(), result = mapType(l, model.states(l));
    Value above;
    if (ranges.levels[l - 1].positive) {
      Value copies = net::UpsampleOp::create(builder, loc, grouped, belief, model.ranks(l));
      above = net::SubtractOp::create(builder, loc, grouped, copies, messages[l]);
      Value linear = net::ExpOp::create(builder, loc, grouped, above);
      Value product = net::ConvTransposeOp::create(builder, loc, result, linear, patch, weights);
      return norm(net::LogOp::create(builder, loc, result, product));
    }
    Value copies = net::UpsampleOp::create(builder, loc, grouped, incoming, model.ranks(l));
    Value siblings = net::SiblingSumOp::create(builder, loc, grouped, messages[l], model.ranks(l));
    above = net::AddOp::create(builder, loc, grouped, copies, siblings);
    return norm(net::LogSumExpConvTransposeOp::create(builder, loc, result, above, patch, weights));
  }

  const Model &model;
  const MessageRanges &ranges;
  FloatType real; ///< of feature maps
  double logPartition;
  const ProgramSpec &spec;
  FloatType arrays; ///< of evidence and heads
  MLIRContext *context;
  OpBuilder builder;
  Location loc = UnknownLoc::get(context);
  SmallVector<Value> features; ///< features[l]: h of level l, normalized; the skip into the decoder's sum
  SmallVector<Value> messages; ///< messages[l]: q of level l, a channel group per rank; the skip into its first layer
  Value shift;
};

struct ConvertTFGToNet : espalier::impl::ConvertTFGToNetBase<ConvertTFGToNet> {
  using ConvertTFGToNetBase::ConvertTFGToNetBase;

  void runOnOperation() override {
    auto write = [&](const Model &model, const ProgramSpec &spec, FloatType arrays, Location loc) {
      Arithmetic arithmetic = chooseArithmetic(model, spec.leafMessages(), arrays);
      NetworkWriter(arithmetic, spec, arrays).write(getOperation(), loc);
    };
    if (failed(writePrograms(getOperation(), dtype, write)))
      signalPassFailure();
  }
};

} // namespace
