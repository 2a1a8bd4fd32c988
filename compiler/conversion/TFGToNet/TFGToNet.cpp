//===- TFGToNet.cpp - From a model to its ConvNet and U-Net ---------------===//
//
// Draws the network of arXiv 2404.18444 for a model (docs/rationale-net.md). Encoder block of level l: exp, strided
// convolution, log, sum-pooling, norm. Decoder block: up-sampling, skip, exp, transposed convolution, log, skip, norm.
// Where a kernel's zeros make exp underflow what still counts, and where nodes have many children, exp, convolution and
// log are one log-sum-exp layer, and the decoder adds the siblings' messages instead of subtracting the skip. Networks
// of ReLUs have a writer of their own.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/FanOut.h"
#include "compiler/analysis/Normalize.h"
#include "compiler/conversion/Passes.h"
#include "compiler/conversion/TFGToNet/Drawing.h"
#include "compiler/conversion/TFGToNet/ReluWriter.h"

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
  const PreparedModel &prepared;
  MessageRanges ranges;
};

/// The arrays' own type where every layer is exact as the paper draws it; else double precision, because features then
/// grow far apart before they meet again, or because there are too many of them.
Arithmetic chooseArithmetic(PreparedModels &models, LeafMessages leaves, FloatType arrays) {
  auto analyze = [&](FloatType real) {
    Arithmetic result{real, models.of(precisionOf(real), leaves), {}};
    result.ranges = analyzeMessageRanges(result.prepared.model, leaves, precisionOf(real));
    return result;
  };
  Arithmetic own = analyze(arrays);
  bool asDrawn = llvm::all_of(
      own.ranges.levels, [](const LevelRange &range) { return range.upShared && range.downShared && range.positive; });
  bool keepsDigits = own.prepared.representable && !(arrays.isF32() && exceedsSinglePrecision(models.model));
  return asDrawn && keepsDigits ? own : analyze(cast<FloatType>(Float64Type::get(arrays.getContext())));
}

/// Draws one network. What the encoder leaves for the decoder (its skips) is kept by level.
class NetworkWriter : Drawing {
public:
  NetworkWriter(const Arithmetic &arithmetic, const ProgramSpec &spec, FloatType arrays)
      : Drawing(arithmetic.prepared.model, spec, arithmetic.real, arrays), ranges(arithmetic.ranges),
        logPartition(arithmetic.prepared.logPartition), features(model.depth() + 1), messages(model.depth() + 1) {}

  void write(ModuleOp module, Location location) {
    Type loglik = RankedTensorType::get({ShapedType::kDynamic}, builder.getF64Type());
    func::FuncOp function = createFunction(module, location, loglik);
    stem(function);
    for (int64_t l = model.depth(); l >= 1; --l)
      encoderBlock(l);
    Value belief = net::BiasOp::create(builder, loc, features[0].getType(), features[0], prior());
    SmallVector<Value> heads = {head(0, belief)};
    if (spec.downward)
      decoder(belief, heads);
    heads.push_back(
        net::EvidenceOp::create(builder, loc, loglik, belief, shift, builder.getF64FloatAttr(logPartition)));
    func::ReturnOp::create(builder, loc, heads);
  }

private:
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
    shift = shift
                ? net::ShiftPoolOp::create(builder, loc, shiftType(l), shift, norm.getShift(), patch(l + 1)).getResult()
                : norm.getShift();
    return norm.getResult();
  }

  void encoderBlock(int64_t l) {
    ElementsAttr weights = edgeKernels(model, l, context);
    Type grouped = mapType(l - 1, model.ranks(l) * model.states(l - 1));
    if (ranges.levels[l - 1].upShared && !isWide(model.ranks(l))) {
      Value linear = net::ExpOp::create(builder, loc, features[l].getType(), features[l]);
      Value product = net::ConvOp::create(builder, loc, grouped, linear, patch(l), weights);
      messages[l] = net::LogOp::create(builder, loc, grouped, product);
    } else {
      messages[l] = net::LogSumExpConvOp::create(builder, loc, grouped, features[l], patch(l), weights);
    }
    Value pooled =
        net::SumPoolOp::create(builder, loc, mapType(l - 1, model.states(l - 1)), messages[l], model.ranks(l));
    features[l - 1] = normalize(l - 1, pooled);
  }

  /// All decoder blocks, with a head after each.
  void decoder(Value belief, SmallVectorImpl<Value> &heads) {
    // What the root hears from above matters only to blocks that sum siblings.
    Value incoming;
    if (!subtractsSkip(1))
      incoming = net::ConstantOp::create(builder, loc, belief.getType(), prior(), belief);
    belief = norm(belief);
    for (int64_t l = 1; l <= model.depth(); ++l) {
      incoming = decoderBlock(l, belief, incoming);
      belief = norm(net::AddOp::create(builder, loc, incoming.getType(), incoming, features[l]));
      heads.push_back(head(l, belief));
    }
    heads.push_back(readout(heads.back()));
  }

  /// Whether the decoder takes a child's own message back out of the sum of all, as the paper draws it. Where there are
  /// many, their sum has lost its digits.
  bool subtractsSkip(int64_t l) const { return ranges.levels[l - 1].positive && !isWide(model.ranks(l)); }

  /// What level l hears from above, normalized.
  Value decoderBlock(int64_t l, Value belief, Value incoming) {
    ElementsAttr weights = edgeKernels(model, l, context);
    Type grouped = messages[l].getType(), result = mapType(l, model.states(l));
    Value above;
    if (subtractsSkip(l)) {
      Value copies = net::UpsampleOp::create(builder, loc, grouped, belief, model.ranks(l));
      above = net::SubtractOp::create(builder, loc, grouped, copies, messages[l]);
      Value linear = net::ExpOp::create(builder, loc, grouped, above);
      Value product = net::ConvTransposeOp::create(builder, loc, result, linear, patch(l), weights);
      return norm(net::LogOp::create(builder, loc, result, product));
    }
    Value copies = net::UpsampleOp::create(builder, loc, grouped, incoming, model.ranks(l));
    Value siblings = net::SiblingSumOp::create(builder, loc, grouped, messages[l], model.ranks(l));
    above = net::AddOp::create(builder, loc, grouped, copies, siblings);
    return norm(net::LogSumExpConvTransposeOp::create(builder, loc, result, above, patch(l), weights));
  }

  const MessageRanges &ranges;
  double logPartition;
  SmallVector<Value> features; ///< features[l]: h of level l, normalized; the skip into the decoder's sum
  SmallVector<Value> messages; ///< messages[l]: q of level l, a channel group per rank; the skip into its first layer
  Value shift;
};

struct ConvertTFGToNet : espalier::impl::ConvertTFGToNetBase<ConvertTFGToNet> {
  using ConvertTFGToNetBase::ConvertTFGToNetBase;

  void runOnOperation() override {
    std::optional<PreparedModels> models;
    auto write = [&](const Model &model, const ProgramSpec &spec, FloatType arrays, Location loc) {
      if (!models)
        models.emplace(model);
      if (isRelu(model, spec))
        return drawReluNetwork(model, spec, arrays, getOperation(), loc);
      Arithmetic arithmetic = chooseArithmetic(*models, spec.leafMessages(), arrays);
      NetworkWriter(arithmetic, spec, arrays).write(getOperation(), loc);
      return success();
    };
    if (failed(writePrograms(getOperation(), dtype, write)))
      signalPassFailure();
  }
};

} // namespace
