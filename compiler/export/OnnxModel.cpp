//===- OnnxModel.cpp - The frame of an ONNX model -------------------------===//

#include "compiler/export/OnnxModel.h"

#include "compiler/conversion/support/Certificate.h"
#include "compiler/export/ExportOnnx.h"
#include "dialects/net/NetOps.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <charconv>
#include <climits>
#include <fstream>

using namespace mlir;

namespace espalier {

/// What every current runtime loads.
static constexpr int64_t kOpset = 17, kIRVersion = 8;

static constexpr const char *kProducer = "espalier";

/// Beyond this many numbers e is left out of the metadata; the graph has it anyway.
static constexpr size_t kMostListedValues = 4096;

static std::string textOf(llvm::json::Value value) {
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text;
}

static std::string statesOf(const Model &model) {
  llvm::json::Array states;
  for (int64_t l = 0; l <= model.depth(); ++l)
    states.push_back(model.states(l));
  return textOf(std::move(states));
}

/// Patches of images as pairs, children of sequences as numbers: as model files have them.
static std::string branchingOf(const Model &model) {
  llvm::json::Array branching;
  for (const Level &level : model.levels) {
    if (model.isImage())
      branching.push_back(llvm::json::Array(level.patch));
    else
      branching.push_back(level.patch.front());
  }
  return textOf(std::move(branching));
}

static std::string sharingOf(const Model &model) {
  static constexpr const char *kNames[] = {"rank", "level", "none"};
  llvm::json::Array sharing;
  for (const Level &level : model.levels)
    sharing.push_back(kNames[static_cast<int>(level.sharing)]);
  return textOf(std::move(sharing));
}

static std::string valuesOf(const Model &model) {
  llvm::json::Array values;
  for (int64_t state = 0; state < model.leafStates(); ++state) {
    ArrayRef<double> row(model.values.data() + state * model.valueSize, model.valueSize);
    if (model.valuesAreVectors)
      values.push_back(llvm::json::Array(row));
    else
      values.push_back(row.front());
  }
  return textOf(std::move(values));
}

/// Layers on weights end in net.proportion, layers on logarithms in net.softmax.
static bool isOnWeights(func::FuncOp network) { return !network.getOps<net::ProportionOp>().empty(); }

/// The shortest decimal number that reads back as this one.
static std::string textOf(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

static std::string textOf(Interval interval) { return "[" + textOf(interval.low) + "," + textOf(interval.high) + "]"; }

/// The largest error of this answer of a network of ReLUs; nothing where none was certified.
static std::optional<double> certifiedError(func::FuncOp network, const std::string &query) {
  std::optional<ReluCertificate> certificate = readCertificate(network);
  if (!certificate)
    return std::nullopt;
  return query == "classify"  ? certificate->classify
         : query == "denoise" ? certificate->denoise
                              : certificate->marginals;
}

static std::string documentation(const Model &model, const std::string &query, std::optional<double> error) {
  std::string text = model.description.empty() ? "" : model.description + "\n\n";
  bool isGaussian = model.channel == Channel::Gaussian, isRelu = model.network.activation == Activation::Relu;
  text += isRelu ? "The network of ReLUs that approximates" : "The network that computes";
  text += " belief propagation on the model '" + model.name + "'";
  if (error)
    text += ", with an error of at most " + textOf(*error);
  text += std::string(". input: ") +
          (isGaussian ? "noisy observations, NaN where a leaf is missing; sigma, lambda: noise and signal level. "
                      : "the leaves' symbols, -1 where a leaf is missing. ");
  text += query + ": " +
          (query == "classify"  ? "the posterior of the root"
           : query == "denoise" ? "the posterior mean of e at every leaf"
                                : "the posteriors of a level's nodes");
  return text + ".";
}

using Metadata = std::vector<std::pair<std::string, std::string>>;

/// What a network of ReLUs promises of its answers, and the evidence that it promises it for.
static Metadata promisesOf(const Model &model, std::optional<double> error) {
  const NetworkSpec &network = model.network;
  Metadata promises = {{"tolerance", textOf(network.tolerance)}};
  if (!error)
    return promises;
  promises.emplace_back("certified_error", textOf(*error));
  if (model.channel == Channel::Gaussian) {
    promises.emplace_back("certified_z", textOf(network.z));
    promises.emplace_back("certified_sigma", textOf(network.sigma));
    promises.emplace_back("certified_lambda", textOf(network.lambda));
  }
  return promises;
}

onnx::ModelProto frameOnnxModel(onnx::GraphProto graph, const Model &model, func::FuncOp network,
                                const std::string &query, std::optional<int64_t> level) {
  onnx::ModelProto frame;
  frame.set_ir_version(kIRVersion);
  frame.add_opset_import()->set_version(kOpset);
  frame.set_producer_name(kProducer);
  frame.set_producer_version(ESPALIER_VERSION);
  bool isRelu = model.network.activation == Activation::Relu;
  std::optional<double> error = isRelu ? certifiedError(network, query) : std::nullopt;
  frame.set_doc_string(documentation(model, query, error));
  auto add = [&](const std::string &key, const std::string &value) {
    onnx::StringStringEntryProto *entry = frame.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  };
  add("model", model.name);
  add("description", model.description);
  add("query", query);
  if (level)
    add("level", std::to_string(*level));
  add("network", query == "classify" ? "convnet" : "unet");
  add("activation", isRelu ? "relu" : "exact");
  if (isRelu)
    for (const auto &[key, value] : promisesOf(model, error))
      add(key, value);
  add("features", isOnWeights(network) ? "weights" : "logarithms");
  add("dtype", getElementTypeOrSelf(network.getResultTypes().front()).isF64() ? "f64" : "f32");
  add("branching", branchingOf(model));
  add("states", statesOf(model));
  add("sharing", sharingOf(model));
  add("channel", model.channel == Channel::Gaussian ? "gaussian" : "symbol");
  if (model.values.size() <= kMostListedValues)
    add("values", valuesOf(model));
  *frame.mutable_graph() = std::move(graph);
  return frame;
}

bool isExportedOnnx(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  onnx::ModelProto model;
  return file && model.ParseFromIstream(&file) && model.producer_name() == kProducer;
}

llvm::Expected<std::string> serializeOnnxModel(onnx::ModelProto model) {
  if (model.ByteSizeLong() > INT_MAX)
    return llvm::createStringError("an ONNX file expects at most 2147483647 bytes, got " +
                                   std::to_string(model.ByteSizeLong()));
  std::string bytes;
  if (!model.SerializeToString(&bytes))
    return llvm::createStringError("the ONNX model cannot be serialized");
  try {
    onnx::checker::check_model(model);
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                       onnx::ShapeInferenceOptions(/*check_type=*/true, /*strict_mode=*/1));
  } catch (const std::exception &problem) {
    return llvm::createStringError(std::string("ONNX's checker refuses the model: ") + problem.what());
  }
  return bytes;
}

} // namespace espalier
