//===- DrawnNetwork.cpp - Networks on logarithms, read back ---------------===//

#include "compiler/optimization/DrawnNetwork.h"

#include "dialects/support/Tables.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace espalier {

static Value withoutNorms(Value map) {
  while (auto norm = map.getDefiningOp<net::NormOp>())
    map = norm.getInput();
  return map;
}

std::optional<DrawnBelief> readBelief(Value belief) {
  DrawnBelief result;
  Value sum = withoutNorms(belief), below;
  if (auto bias = sum.getDefiningOp<net::BiasOp>()) {
    result.prior = bias;
    below = bias.getInput();
  } else if (auto add = sum.getDefiningOp<net::AddOp>()) {
    result.fromAbove = add.getInput();
    below = add.getSkip();
  } else {
    return std::nullopt;
  }
  auto pool = withoutNorms(below).getDefiningOp<net::SumPoolOp>();
  if (!pool)
    return std::nullopt;
  result.children = pool.getInput();
  return result;
}

namespace {

/// What range analysis takes: finite, not negative, and no row without any weight.
bool areWeights(ArrayRef<double> weights, size_t row) {
  for (double weight : weights)
    if (!std::isfinite(weight) || weight < 0)
      return false;
  for (; !weights.empty(); weights = weights.drop_front(row))
    if (llvm::all_of(weights.take_front(row), [](double weight) { return weight == 0; }))
      return false;
  return true;
}

/// The only user of that kind; null where there are several.
template <typename OpType> OpType onlyUser(Value value) {
  OpType found;
  for (Operation *user : value.getUsers())
    if (auto op = dyn_cast<OpType>(user)) {
      if (found)
        return nullptr;
      found = op;
    }
  return found;
}

/// Reads one network from the stem to the last level.
class Reader {
public:
  explicit Reader(func::FuncOp function) : function(function) {}

  std::optional<DrawnNetwork> read() {
    auto branching = function->getAttrOfType<ArrayAttr>("net.branching");
    if (!branching || branching.empty() || !llvm::all_of(branching, llvm::IsaPred<DenseI64ArrayAttr>) || !readStem())
      return std::nullopt;
    Model &model = network.model;
    for (Attribute patch : branching) {
      Level level;
      level.patch = cast<DenseI64ArrayAttr>(patch).asArrayRef();
      model.levels.push_back(level);
    }
    int64_t depth = model.depth();
    network.levels.resize(depth);
    weights.resize(depth);
    messages.resize(depth);
    for (int64_t l = depth; l >= 1; --l)
      if (!readEncoder(l))
        return std::nullopt;
    if (!readRoot() || !readDecoder())
      return std::nullopt;
    return std::move(network);
  }

private:
  bool readStem() {
    for (Operation &op : function.getBody().front()) {
      if (!isa<net::SymbolStemOp, net::GaussianStemOp, net::SoftStemOp>(op))
        continue;
      if (features)
        return false;
      features = op.getResult(0);
      network.leaves = isa<net::SymbolStemOp>(op) ? LeafMessages::Exact : LeafMessages::Any;
    }
    if (!features)
      return false;
    network.precision = getElementTypeOrSelf(features.getType()).isF64() ? Precision::F64 : Precision::F32;
    return true;
  }

  /// exp, convolution, log or the three in one, then sum-pooling and norm.
  bool readEncoder(int64_t l) {
    Value &told = messages[l - 1];
    DenseI64ArrayAttr patch;
    if (auto conv = onlyUser<net::LogSumExpConvOp>(features)) {
      told = conv.getResult();
      weights[l - 1] = conv.getWeights();
      patch = conv.getPatchAttr();
    } else if (auto exp = onlyUser<net::ExpOp>(features)) {
      auto linear = onlyUser<net::ConvOp>(exp.getResult());
      auto log = linear ? onlyUser<net::LogOp>(linear.getResult()) : net::LogOp();
      if (!log)
        return false;
      told = log.getResult();
      weights[l - 1] = linear.getWeights();
      patch = linear.getPatchAttr();
    }
    if (!told || patch.asArrayRef() != ArrayRef(network.model.levels[l - 1].patch))
      return false;
    auto pool = onlyUser<net::SumPoolOp>(told);
    auto norm = pool ? onlyUser<net::NormOp>(pool.getResult()) : net::NormOp();
    if (!norm)
      return false;
    network.levels[l - 1].pooled = norm;
    features = norm.getResult();
    return readKernel(l);
  }

  bool readKernel(int64_t l) {
    ArrayRef<int64_t> shape = tableShape(weights[l - 1]);
    FailureOr<std::vector<double>> kernel = readTable(weights[l - 1]);
    if (failed(kernel) || !areWeights(*kernel, shape[2]))
      return false;
    Level &level = network.model.levels[l - 1];
    level.states = shape[2];
    level.sharing = shape[0] == level.ranks() ? Sharing::Rank : shape[0] == 1 ? Sharing::Level : Sharing::None;
    level.kernel = std::move(*kernel);
    network.model.rootStates = shape[1];
    return true;
  }

  bool readRoot() {
    prior = onlyUser<net::BiasOp>(features);
    FailureOr<std::vector<double>> weights = failure();
    if (prior)
      weights = readTable(prior.getWeights());
    if (failed(weights) || weights->empty() || !areWeights(*weights, weights->size()))
      return false;
    // Range analysis takes the prior to come normalized, as it is drawn.
    double largest = *std::max_element(weights->begin(), weights->end());
    network.model.prior = std::move(*weights);
    return largest >= 0.5 && largest <= 2;
  }

  /// Up-sampling, skip, exp, transposed convolution, log, norm: none of it, or on every level.
  bool readDecoder() {
    SmallVector<Operation *> convolutions;
    for (Operation &op : function.getBody().front())
      if (isa<net::ConvTransposeOp, net::LogSumExpConvTransposeOp>(op))
        convolutions.push_back(&op);
    if (!convolutions.empty() && convolutions.size() != network.levels.size())
      return false;
    for (auto [i, op] : llvm::enumerate(convolutions))
      if (!readDecoderBlock(i + 1, op))
        return false;
    return true;
  }

  bool readDecoderBlock(int64_t l, Operation *op) {
    Value input, result;
    ElementsAttr kernel;
    if (auto conv = dyn_cast<net::ConvTransposeOp>(op)) {
      auto exp = conv.getInput().getDefiningOp<net::ExpOp>();
      auto log = onlyUser<net::LogOp>(conv.getResult());
      if (!exp || !log)
        return false;
      input = exp.getInput();
      result = log.getResult();
      kernel = conv.getWeights();
    } else {
      auto fused = cast<net::LogSumExpConvTransposeOp>(op);
      input = fused.getInput();
      result = fused.getResult();
      kernel = fused.getWeights();
    }
    if (kernel != weights[l - 1] || !readSkip(l, input))
      return false;
    network.levels[l - 1].fromAbove = onlyUser<net::NormOp>(result);
    return network.levels[l - 1].fromAbove != nullptr;
  }

  /// What a parent knows but from the child: belief minus message, or what it heard from above plus the siblings.
  bool readSkip(int64_t l, Value input) {
    if (auto subtract = input.getDefiningOp<net::SubtractOp>()) {
      auto copies = subtract.getInput().getDefiningOp<net::UpsampleOp>();
      std::optional<DrawnBelief> belief = copies ? readBelief(copies.getInput()) : std::nullopt;
      return belief && belief->children == messages[l - 1] && subtract.getSkip() == messages[l - 1] &&
             (belief->prior ? l == 1 && belief->prior == prior : comesFromAbove(l, belief->fromAbove));
    }
    auto add = input.getDefiningOp<net::AddOp>();
    auto copies = add ? add.getInput().getDefiningOp<net::UpsampleOp>() : net::UpsampleOp();
    auto siblings = add ? add.getSkip().getDefiningOp<net::SiblingSumOp>() : net::SiblingSumOp();
    return copies && siblings && siblings.getInput() == messages[l - 1] && comesFromAbove(l, copies.getInput());
  }

  bool comesFromAbove(int64_t l, Value value) {
    if (l > 1)
      return value == network.levels[l - 2].fromAbove.getResult();
    auto constant = value.getDefiningOp<net::ConstantOp>();
    return constant && constant.getWeights() == prior.getWeights();
  }

  func::FuncOp function;
  DrawnNetwork network;
  Value features; ///< of the level that the reader has come to
  net::BiasOp prior;
  std::vector<ElementsAttr> weights; ///< of level l at l - 1
  std::vector<Value> messages;       ///< what level l tells its parents, at l - 1
};

} // namespace

std::optional<DrawnNetwork> readDrawnNetwork(func::FuncOp function) { return Reader(function).read(); }

} // namespace espalier
