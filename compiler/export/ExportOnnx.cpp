//===- ExportOnnx.cpp - A model's network as an ONNX model ----------------===//

#include "compiler/export/ExportOnnx.h"

#include "compiler/analysis/TFGModel.h"
#include "compiler/export/OnnxLayers.h"
#include "compiler/export/OnnxModel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace espalier {
namespace {

constexpr int64_t kBatch = -1;

const char *nameOf(OnnxQuery query) {
  return query == OnnxQuery::Classify ? "classify" : query == OnnxQuery::Denoise ? "denoise" : "marginals";
}

LogicalResult fail(const llvm::Twine &message) {
  llvm::errs() << "espalier: error: " << message << "\n";
  return failure();
}

/// Writes the network of one query.
class Exporter {
public:
  Exporter(ModuleOp module, const Model &model, OnnxQuery query, int64_t level)
      : module(module), model(model), query(query), level(level), graph(model.name), layers(graph, model) {}

  FailureOr<std::string> write() {
    if (failed(find()))
      return failure();
    writeInputs();
    if (failed(writeLayers()))
      return failure();
    writeOutput();
    if (!graph.fits())
      return fail("--emit=onnx expects weights of at most " + llvm::Twine(kMostOnnxBytes) + " bytes, got " +
                  llvm::Twine(graph.constantBytes()));
    std::optional<int64_t> stated = query == OnnxQuery::Marginals ? std::optional(level) : std::nullopt;
    llvm::Expected<std::string> bytes =
        serializeOnnxModel(frameOnnxModel(graph.take(), model, network, nameOf(query), stated));
    if (!bytes)
      return fail(llvm::toString(bytes.takeError()));
    return std::move(*bytes);
  }

private:
  bool isGaussian() const { return model.channel == Channel::Gaussian; }
  int64_t depth() const { return model.depth(); }

  /// A feature map's type on level l.
  RankedTensorType mapType(int64_t l, int64_t channels, Type type) const {
    SmallVector<int64_t> shape = {ShapedType::kDynamic, channels};
    llvm::append_range(shape, model.shape(l));
    return RankedTensorType::get(shape, type);
  }

  Type evidenceType() const {
    if (isGaussian())
      return mapType(depth(), model.valueSize, real);
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    llvm::append_range(shape, model.shape(depth()));
    return RankedTensorType::get(shape, IntegerType::get(real.getContext(), 32));
  }

  /// Finds the network and the value that it returns for the query. Modules may have been edited by hand.
  LogicalResult find() {
    bool isUp = query == OnnxQuery::Classify;
    std::string name = std::string(isUp ? "net_up_" : "net_updown_") + (isGaussian() ? "gaussian" : "symbol");
    network = module.lookupSymbol<func::FuncOp>(name);
    if (!network || network.isExternal() || !network->hasAttr("net.branching"))
      return module.emitError() << "--emit=onnx expects a module that still holds the network '" << name << "'";
    // Networks of ReLUs have no head for the log-likelihood.
    size_t heads = (isUp ? 1 : depth() + 2) + (model.network.activation == Activation::Exact);
    return checkTypes(heads, query == OnnxQuery::Denoise ? depth() + 1 : level);
  }

  /// Result `index` of `results` is the answer.
  LogicalResult checkTypes(size_t results, size_t index) {
    if (network.getNumResults() != results || !network.getBody().hasOneBlock())
      return network.emitError() << "expects one block and " << results << " results, got "
                                 << network.getFunctionType();
    real = getElementTypeOrSelf(network.getResultTypes()[index]);
    Type expected = mapType(level, query == OnnxQuery::Denoise ? model.valueSize : model.states(level), real);
    if (!(real.isF32() || real.isF64()) || network.getResultTypes()[index] != expected)
      return network.emitError() << "expects result " << index << " of type " << expected << ", got "
                                 << network.getResultTypes()[index];
    auto f64 = Float64Type::get(module.getContext());
    SmallVector<Type> arguments = {evidenceType(), f64, f64};
    if (network.getArgumentTypes() != ArrayRef<Type>(arguments))
      return network.emitError() << "expects arguments of types " << arguments << ", got "
                                 << network.getArgumentTypes();
    answer = network.getBody().front().getTerminator()->getOperand(index);
    return success();
  }

  OnnxGraph::Type arrays() const { return real.isF64() ? onnx::TensorProto::DOUBLE : onnx::TensorProto::FLOAT; }

  /// The shape of users' arrays over level l, `last` (unless 0) being the extent behind the positions.
  std::vector<int64_t> arrayShape(int64_t l, int64_t last, int64_t batch) const {
    std::vector<int64_t> shape = {batch};
    llvm::append_range(shape, model.shape(l));
    if (last)
      shape.push_back(last);
    return shape;
  }

  /// Extent of the axis behind the positions of observations; 0 where there is none.
  int64_t components() const { return model.valuesAreVectors ? model.valueSize : 0; }

  void writeInputs() {
    graph.enter("input");
    Block &body = network.getBody().front();
    graph.input("input", isGaussian() ? arrays() : onnx::TensorProto::INT64,
                arrayShape(depth(), isGaussian() ? components() : 0, kBatch));
    layers.bind(body.getArgument(0), "input");
    if (!isGaussian())
      return;
    layers.bind(body.getArgument(0), channelsFirst("input"));
    // The network's arguments are lambda, then sigma.
    for (auto [name, argument] : {std::pair("sigma", 2), std::pair("lambda", 1)}) {
      graph.input(name, arrays(), {});
      layers.bind(body.getArgument(argument), graph.cast(name, onnx::TensorProto::DOUBLE));
    }
  }

  /// Observations as a feature map.
  std::string channelsFirst(const std::string &x) {
    if (!model.valuesAreVectors)
      return graph.reshape(x, onnxShape(network.getArgument(0)));
    if (model.isImage())
      return graph.transpose(x, {0, 3, 1, 2});
    return graph.transpose(x, {0, 2, 1});
  }

  /// The layers on which the answer rests, in their order.
  LogicalResult writeLayers() {
    llvm::SetVector<Operation *> needed;
    if (Operation *op = answer.getDefiningOp())
      needed.insert(op);
    for (size_t i = 0; i < needed.size(); ++i)
      for (Value operand : needed[i]->getOperands())
        if (Operation *op = operand.getDefiningOp())
          needed.insert(op);
    for (Operation &op : network.getBody().front())
      if (needed.contains(&op) && failed(layers.write(&op)))
        return failure();
    return success();
  }

  void writeOutput() {
    graph.enter(nameOf(query));
    std::string map = layers.nameOf(answer);
    if (query == OnnxQuery::Classify) {
      graph.reshape(map, {0, model.rootStates});
      return graph.output("classify", arrays(), {kBatch, model.rootStates});
    }
    int64_t last = query == OnnxQuery::Denoise ? components() : model.states(level);
    if (!last)
      graph.reshape(map, arrayShape(level, 0, 0));
    else if (model.isImage())
      graph.transpose(map, {0, 2, 3, 1});
    else
      graph.transpose(map, {0, 2, 1});
    graph.output(nameOf(query), arrays(), arrayShape(level, last, kBatch));
  }

  ModuleOp module;
  const Model &model;
  OnnxQuery query;
  int64_t level; ///< of the answer's nodes
  OnnxGraph graph;
  OnnxLayers layers;
  func::FuncOp network;
  Type real; ///< of users' arrays
  Value answer;
};

} // namespace

FailureOr<std::string> exportOnnx(ModuleOp module, const OnnxOptions &options) {
  FailureOr<tfg::ModelOp> op = findModel(module);
  if (failed(op))
    return failure();
  Model model = readModel(*op);
  OnnxQuery query =
      options.query.value_or(model.channel == Channel::Gaussian ? OnnxQuery::Denoise : OnnxQuery::Classify);
  if (options.level && query != OnnxQuery::Marginals)
    return fail(llvm::Twine("--level expects --query=marginals, got ") + nameOf(query));
  if (options.level.value_or(0) < 0 || options.level.value_or(0) > model.depth())
    return fail("--level expects an integer in 0 .. " + llvm::Twine(model.depth()) + ", got " +
                llvm::Twine(*options.level));
  int64_t level = query == OnnxQuery::Classify ? 0 : options.level.value_or(model.depth());
  return Exporter(module, model, query, level).write();
}

} // namespace espalier
