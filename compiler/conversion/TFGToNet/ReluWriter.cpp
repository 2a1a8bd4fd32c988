//===- ReluWriter.cpp - Networks of ReLUs ---------------------------------===//
//
// Encoder block of level l: units of exp, strided convolution, units of log, sum-pooling, norm. Decoder block:
// up-sampling, skip, norm of every child's channels, units of exp, transposed convolution, units of log, norm, skip,
// norm. Units are hidden channels: a 1x1 convolution that makes one for every piece of a chord, a ReLU, and a 1x1
// convolution that sums them. So W2 stands as the product that it is: sum, convolve, spread. There is no head for the
// log-likelihood, which no certificate covers.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/TFGToNet/ReluWriter.h"

#include "compiler/analysis/relu/ReluNetwork.h"
#include "compiler/conversion/TFGToNet/Drawing.h"
#include "compiler/conversion/support/Certificate.h"
#include "dialects/support/Tables.h"

#include <cmath>

using namespace mlir;

namespace espalier {
namespace {

/// f(x) = offset + sum_j out[j] ReLU(in[j] x + bias[j]).
struct Units {
  std::vector<double> in, bias, out;
  double offset = 0;
};

std::vector<double> slopesOf(const PiecewiseLinear &chords) {
  std::vector<double> slopes;
  for (int64_t j = 0; j < chords.pieces(); ++j)
    slopes.push_back((chords.values[j + 1] - chords.values[j]) / (chords.knots[j + 1] - chords.knots[j]));
  return slopes;
}

/// v_0 + sum of the increments of slope times ReLU(u - t_j), over the knots but the last.
Units expUnits(const PiecewiseLinear &chords) {
  Units units;
  units.offset = chords.values.front();
  std::vector<double> slopes = slopesOf(chords);
  for (size_t j = 0; j < slopes.size(); ++j) {
    units.in.push_back(1);
    units.bias.push_back(-chords.knots[j]);
    units.out.push_back(slopes[j] - (j > 0 ? slopes[j - 1] : 0));
  }
  return units;
}

/// - sum of the increments of slope, from the right, times ReLU(g_j - x), over the knots but the first.
Units logUnits(const PiecewiseLinear &chords) {
  Units units;
  std::vector<double> slopes = slopesOf(chords);
  for (size_t j = slopes.size(); j-- > 0;) {
    units.in.push_back(-1);
    units.bias.push_back(chords.knots[j + 1]);
    units.out.push_back((j + 1 < slopes.size() ? slopes[j + 1] : 0) - slopes[j]);
  }
  return units;
}

class ReluWriter : Drawing {
public:
  ReluWriter(const ReluNetwork &network, const ProgramSpec &spec, FloatType arrays)
      : Drawing(network.prepared.model, spec, arrays, arrays), network(network), features(model.depth() + 1),
        messages(model.depth() + 1) {}

  func::FuncOp write(ModuleOp module, Location location) {
    func::FuncOp function = createFunction(module, location, {});
    features[model.depth()] = stem(function);
    for (int64_t l = model.depth(); l >= 1; --l)
      encoderBlock(l);
    Value belief = net::BiasOp::create(builder, loc, features[0].getType(), features[0], prior());
    SmallVector<Value> heads = {head(0, belief)};
    if (spec.downward)
      decoder(belief, heads);
    func::ReturnOp::create(builder, loc, heads);
    return function;
  }

private:
  Value stem(func::FuncOp function) {
    int64_t depth = model.depth();
    Type type = mapType(depth, model.leafStates());
    Value input = function.getArgument(0);
    if (spec.evidence == Evidence::Symbol)
      return net::SymbolStemOp::create(builder, loc, type, input);
    auto clipped = net::ClipOp::create(builder, loc, input.getType(), input, inside(model.network.z.low, INFINITY),
                                       inside(model.network.z.high, -INFINITY));
    auto field = net::GaussianStemOp::create(builder, loc, type, shiftType(depth), clipped, function.getArgument(1),
                                             function.getArgument(2), values());
    // The stem's own maximum is 0 up to rounding; a block's input must have it exactly.
    return norm(field.getResult());
  }

  /// A bound of z in the arrays' type, rounded in the direction given.
  FloatAttr inside(double bound, double direction) {
    float single = static_cast<float>(bound);
    bool beyond = direction > 0 ? single < bound : single > bound;
    if (real.isF32())
      bound = beyond ? std::nextafter(single, static_cast<float>(direction)) : single;
    return builder.getF64FloatAttr(bound);
  }

  Value pointwise(Value map, ArrayRef<int64_t> shape, ArrayRef<double> weights, ArrayRef<double> bias) {
    auto type = cast<RankedTensorType>(map.getType());
    SmallVector<int64_t> extents(type.getShape());
    extents[1] = extents[1] / shape[1] * shape[0];
    return net::PointwiseOp::create(builder, loc, RankedTensorType::get(extents, real), map,
                                    makeTable(context, shape, weights, "units"),
                                    makeTable(context, {shape[0]}, bias, "units"));
  }

  Value apply(const Units &units, Value map) {
    int64_t count = units.in.size();
    Value hidden = pointwise(map, {count, 1}, units.in, units.bias);
    Value active = net::ReluOp::create(builder, loc, hidden.getType(), hidden);
    return pointwise(active, {1, count}, units.out, units.offset);
  }

  void encoderBlock(int64_t l) {
    const ReluBlock &block = network.up[l - 1];
    Type grouped = mapType(l - 1, model.ranks(l) * model.states(l - 1));
    Value linear = apply(expUnits(block.exp), features[l]);
    Value product = net::ConvOp::create(builder, loc, grouped, linear, patch(l), edgeKernels(model, l, context));
    messages[l] = apply(logUnits(block.log), product);
    Value pooled =
        net::SumPoolOp::create(builder, loc, mapType(l - 1, model.states(l - 1)), messages[l], model.ranks(l));
    features[l - 1] = norm(pooled);
  }

  void decoder(Value belief, SmallVectorImpl<Value> &heads) {
    belief = norm(belief);
    for (int64_t l = 1; l <= model.depth(); ++l) {
      Value incoming = decoderBlock(l, belief);
      belief = norm(net::AddOp::create(builder, loc, incoming.getType(), incoming, features[l]));
      heads.push_back(head(l, belief));
    }
    heads.push_back(readout(heads.back()));
  }

  /// What level l hears from above, normalized.
  Value decoderBlock(int64_t l, Value belief) {
    const ReluBlock &block = network.down[l - 1];
    Type grouped = messages[l].getType();
    Value copies = net::UpsampleOp::create(builder, loc, grouped, belief, model.ranks(l));
    Value above = net::SubtractOp::create(builder, loc, grouped, copies, messages[l]);
    Value centred = net::GroupNormOp::create(builder, loc, grouped, above, model.ranks(l));
    Value linear = apply(expUnits(block.exp), centred);
    Value product = net::ConvTransposeOp::create(builder, loc, mapType(l, model.states(l)), linear, patch(l),
                                                 edgeKernels(model, l, context));
    return norm(apply(logUnits(block.log), product));
  }

  const ReluNetwork &network;
  SmallVector<Value> features; ///< features[l]: h of level l, normalized
  SmallVector<Value> messages; ///< messages[l]: q of level l, a channel group per rank
};

ReluOptions optionsOf(const Model &model, const ProgramSpec &spec, FloatType arrays) {
  const NetworkSpec &network = model.network;
  ReluOptions options;
  options.denoise = options.marginals = spec.downward;
  options.leaves = spec.evidence == Evidence::Symbol ? ReluLeaves::Symbol : ReluLeaves::Gaussian;
  options.box = {network.z.low,      network.z.high,     network.sigma.low,
                 network.sigma.high, network.lambda.low, network.lambda.high};
  options.tolerance = network.tolerance;
  options.precision = precisionOf(arrays);
  return options;
}

} // namespace

bool isRelu(const Model &model, const ProgramSpec &spec) {
  return model.network.activation == Activation::Relu && spec.evidence != Evidence::Soft;
}

LogicalResult drawReluNetwork(const Model &model, const ProgramSpec &spec, FloatType arrays, ModuleOp module,
                              Location loc) {
  ReluResult result = chooseReluNetwork(model, optionsOf(model, spec, arrays));
  if (!result.network)
    return emitError(loc) << result.error;
  func::FuncOp function = ReluWriter(*result.network, spec, arrays).write(module, loc);
  function->setAttr(kCertificateAttr, toAttribute(result.network->certificate, module.getContext()));
  return success();
}

} // namespace espalier
