//===- Describe.cpp - The command `espalier describe` ---------------------===//

#include "compiler/driver/Describe.h"

#include "compiler/analysis/MessageRange.h"
#include "compiler/analysis/TFGModel.h"
#include "compiler/conversion/support/Programs.h"
#include "compiler/driver/CertificateReport.h"
#include "compiler/driver/Input.h"
#include "compiler/driver/Pipeline.h"
#include "dialects/net/NetOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_os_ostream.h"

#include <iostream>

using namespace mlir;
using llvm::formatv;
using llvm::json::Array;
using llvm::json::Object;

namespace espalier {
namespace {

std::string times(ArrayRef<int64_t> extents) {
  std::string text;
  for (int64_t extent : extents)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text.empty() ? "1" : text;
}

/// One layer of the network, per sample.
struct Layer {
  std::string name, block, kernel, note;
  int64_t channels = 0;
  SmallVector<int64_t> positions, patch;
  int64_t parameters = 0, flops = 0;
};

int64_t elements(Value value) {
  int64_t count = 1;
  for (int64_t extent : cast<ShapedType>(value.getType()).getShape())
    count *= ShapedType::isDynamic(extent) ? 1 : extent;
  return count;
}

int64_t channelsOf(Type map) {
  auto type = cast<RankedTensorType>(map);
  return type.getRank() >= 3 ? type.getDimSize(1) : 1;
}

/// Weights of a convolution as it is drawn: a matrix that all taps share counts once for each.
int64_t weightsAtTaps(ElementsAttr weights, ArrayRef<int64_t> patch) {
  ArrayRef<int64_t> shape = cast<ShapedType>(weights.getType()).getShape();
  return std::max(shape[0], llvm::product_of(patch)) * shape[1] * shape[2];
}

/// Weights and arithmetic of a convolution: every weight of a tap (or position) once per position that it serves.
template <typename ConvolutionOp> void fillConvolution(Layer &layer, ConvolutionOp op, Value taps) {
  auto shape = cast<ShapedType>(op.getWeights().getType()).getShape();
  int64_t positions = elements(taps) / cast<ShapedType>(taps.getType()).getDimSize(1);
  layer.patch.assign(op.getPatch().begin(), op.getPatch().end());
  layer.parameters = weightsAtTaps(op.getWeights(), op.getPatch());
  layer.flops = 2 * shape[1] * shape[2] * positions;
}

/// The weights of the convolution that a look-up stands for; it adds nothing up.
void fillLookUp(Layer &layer, net::LookUpOp op) {
  layer.patch.assign(op.getPatch().begin(), op.getPatch().end());
  layer.parameters = weightsAtTaps(op.getWeights(), op.getPatch());
  layer.flops = 0;
}

/// A filter that all groups of channels share, and its bias.
void fillPointwise(Layer &layer, net::PointwiseOp op) {
  layer.parameters = op.getWeights().getNumElements() + op.getBias().getNumElements();
  layer.flops = 2 * std::max(elements(op.getInput()), elements(op.getResult()));
}

/// As the three layers that it stands for.
void fillPiecewise(Layer &layer, net::PiecewiseOp op) {
  int64_t units = op.getIn().size();
  layer.parameters = 3 * units + 1;
  layer.flops = 5 * units * elements(op.getResult());
  layer.note = std::to_string(units) + (units == 1 ? " unit" : " units");
}

Layer layerOf(Operation &op) {
  Layer layer;
  layer.name = op.getName().stripDialect().str();
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  layer.channels = channelsOf(type);
  layer.positions.assign(type.getShape().begin() + std::min<int64_t>(2, type.getRank()), type.getShape().end());
  layer.flops = elements(op.getResult(0));
  if (auto conv = dyn_cast<net::ConvOp>(op))
    fillConvolution(layer, conv, conv.getInput());
  else if (auto conv = dyn_cast<net::LogSumExpConvOp>(op))
    fillConvolution(layer, conv, conv.getInput());
  else if (auto conv = dyn_cast<net::ConvTransposeOp>(op))
    fillConvolution(layer, conv, conv.getResult());
  else if (auto conv = dyn_cast<net::LogSumExpConvTransposeOp>(op))
    fillConvolution(layer, conv, conv.getResult());
  else if (auto lookUp = dyn_cast<net::LookUpOp>(op))
    fillLookUp(layer, lookUp);
  else if (auto pointwise = dyn_cast<net::PointwiseOp>(op))
    fillPointwise(layer, pointwise);
  else if (auto piecewise = dyn_cast<net::PiecewiseOp>(op))
    fillPiecewise(layer, piecewise);
  else if (auto readout = dyn_cast<net::ReadoutOp>(op))
    layer.flops = 2 * elements(readout.getResult()) * channelsOf(readout.getInput().getType());
  if (isa<net::SubtractOp, net::SiblingSumOp, net::SiblingProductOp>(op))
    layer.note = isa<net::SubtractOp>(op) ? "skip = subtract" : "skip = siblings";
  else if (isa<net::AddOp, net::MultiplyOp>(op))
    layer.note = isa<net::AddOp>(op) ? "skip = add" : "skip = multiply";
  return layer;
}

/// Whether a function is there as layers, and as nothing else.
bool isNetwork(func::FuncOp function) {
  return function && !function.isExternal() && llvm::hasSingleElement(function.getBody()) &&
         llvm::all_of(function.getBody().front().without_terminator(),
                      [](Operation &op) { return isa_and_present<net::NetDialect>(op.getDialect()); });
}

/// The layers of one network in order; bookkeeping for the log-likelihood is left out.
std::vector<Layer> layersOf(func::FuncOp function) {
  std::vector<Layer> layers;
  for (Operation &op : function.getBody().front().without_terminator())
    if (!isa<net::ShiftPoolOp, net::ZeroShiftOp, net::EvidenceOp, net::WeightEvidenceOp>(op))
      layers.push_back(layerOf(op));
  return layers;
}

Object jsonOf(const Layer &layer) {
  Object object{{"layer", layer.name},
                {"channels", layer.channels},
                {"positions", Array(layer.positions)},
                {"parameters", layer.parameters},
                {"flops", layer.flops}};
  if (!layer.patch.empty()) {
    object["kernel"] = Array(layer.patch);
    object["stride"] = Array(layer.patch);
  }
  if (!layer.note.empty())
    object["note"] = layer.note;
  return object;
}

Object jsonOf(const Model &model, int64_t l) {
  Object level{{"level", l},
               {"shape", Array(l ? model.shape(l) : std::vector<int64_t>{})},
               {"nodes", model.nodes(l)},
               {"states", model.states(l)}};
  if (l == 0)
    return level;
  static constexpr const char *kSharing[] = {"rank", "level", "none"};
  level["patch"] = Array(model.levels[l - 1].patch);
  level["sharing"] = kSharing[static_cast<int>(model.levels[l - 1].sharing)];
  level["kernels"] = model.kernelCount(l);
  level["parameters"] = static_cast<int64_t>(model.levels[l - 1].kernel.size());
  level["flops_per_pass"] = 2 * model.nodes(l) * model.states(l - 1) * model.states(l);
  return level;
}

void printTree(llvm::raw_ostream &out, const Model &model) {
  out << "model  " << model.name << (model.description.empty() ? "" : ": " + model.description) << "\n";
  out << formatv("\n{0,5}  {1,12}  {2,10}  {3,6}  {4,8}  {5,7}  {6,12}  {7,14}\n", "level", "shape", "nodes", "states",
                 "patch", "sharing", "parameters", "flops per pass");
  for (int64_t l = 0; l <= model.depth(); ++l) {
    Object level = jsonOf(model, l);
    out << formatv("{0,5}  {1,12}  {2,10}  {3,6}  {4,8}  {5,7}  {6,12}  {7,14}\n", l, l ? times(model.shape(l)) : "1",
                   model.nodes(l), model.states(l), l ? times(model.levels[l - 1].patch) : "-",
                   l ? level.getString("sharing")->str() : "-",
                   l ? *level.getInteger("parameters") : static_cast<int64_t>(model.prior.size()),
                   l ? std::to_string(*level.getInteger("flops_per_pass")) : "-");
  }
  out << formatv("\nchannel  {0}, {1} component{2} per leaf\n",
                 model.channel == Channel::Gaussian ? "gaussian" : "symbol", model.valueSize,
                 model.valueSize == 1 ? "" : "s");
}

void printNetwork(llvm::raw_ostream &out, StringRef title, const std::vector<Layer> &layers) {
  out << "\n" << title << "\n";
  out << formatv("{0,-24}  {1,8}  {2,10}  {3,8}  {4,8}  {5,10}  {6,12}\n", "layer", "channels", "positions", "kernel",
                 "stride", "parameters", "flops");
  int64_t parameters = 0, flops = 0;
  for (const Layer &layer : layers) {
    std::string kernel = layer.patch.empty() ? "-" : times(layer.patch);
    out << formatv("{0,-24}  {1,8}  {2,10}  {3,8}  {4,8}  {5,10}  {6,12}  {7}\n", layer.name, layer.channels,
                   times(layer.positions), kernel, kernel, layer.parameters, layer.flops, layer.note);
    parameters += layer.parameters;
    flops += layer.flops;
  }
  out << formatv("{0,-24}  {1,8}  {2,10}  {3,8}  {4,8}  {5,10}  {6,12}\n", "total", "", "", "", "", parameters, flops);
}

} // namespace

LogicalResult describe(const DescribeOptions &options) {
  std::unique_ptr<MLIRContext> context = createContext();
  std::vector<std::string> files;
  OwningOpRef<ModuleOp> module = loadModule(options.model, context.get(), files);
  if (!module || failed(applyNetworkOptions(*module, options.network)))
    return failure();
  FailureOr<Pipeline> pipeline = Pipeline::create({.dtype = options.dtype, .netOpt = options.netOpt}, *module);
  if (failed(pipeline) || failed(pipeline->writeProgram(Pipeline::Program::Net)))
    return failure();
  Model model = readModel(*findModel(*module));
  std::string channel = model.channel == Channel::Gaussian ? "gaussian" : "symbol";
  auto unet = module->lookupSymbol<func::FuncOp>("net_updown_" + channel);
  auto convnet = module->lookupSymbol<func::FuncOp>("net_up_" + channel);
  if (!isNetwork(unet) || !isNetwork(convnet)) {
    module->emitError() << "expects a module that still holds its networks as layers, got a later stage";
    return failure();
  }
  llvm::raw_os_ostream out(std::cout);
  if (!options.json) {
    printTree(out, model);
    printNetwork(out, "ConvNet (classify)", layersOf(convnet));
    printNetwork(out, "U-Net (denoise, marginals)", layersOf(unet));
    printCertificate(out, "Certificate of the ConvNet", convnet);
    printCertificate(out, "Certificate of the U-Net", unet);
    return success();
  }
  Array levels, networks;
  for (int64_t l = 0; l <= model.depth(); ++l)
    levels.push_back(jsonOf(model, l));
  for (auto [name, function] : {std::pair<const char *, func::FuncOp>{"convnet", convnet}, {"unet", unet}}) {
    Array layers;
    for (const Layer &layer : layersOf(function))
      layers.push_back(jsonOf(layer));
    Object network{{"network", name}, {"layers", std::move(layers)}};
    if (std::optional<ReluCertificate> certificate = readCertificate(function))
      network["certificate"] = jsonOf(*certificate, model.network);
    networks.push_back(std::move(network));
  }
  Object root{{"model", model.name},           {"description", model.description}, {"channel", channel},
              {"value_size", model.valueSize}, {"levels", std::move(levels)},      {"networks", std::move(networks)}};
  out << formatv("{0:2}\n", llvm::json::Value(std::move(root)));
  return success();
}

} // namespace espalier
