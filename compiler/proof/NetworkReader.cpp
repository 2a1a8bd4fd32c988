//===- NetworkReader.cpp - Networks as terms ------------------------------===//
//
// Layer by layer, as it is defined; the rules say what that is in message passing.
//
//===----------------------------------------------------------------------===//

#include "compiler/proof/NetworkMaps.h"
#include "dialects/net/NetOps.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace espalier::proof {
namespace {

class NetworkReader : NetworkMaps {
public:
  NetworkReader(func::FuncOp function, const Patches &patches, Normalizer &normalizer)
      : NetworkMaps(function, patches, normalizer) {}

  ProgramTerms read() {
    for (Operation &op : function.getBody().front().without_terminator())
      readOp(&op);
    auto answer = [&](Value value) {
      Map map = get(value);
      return map.grouped ? terms().refused("a result with one channel group per child rank") : map.term;
    };
    return {answers(answer), precision};
  }

private:
  void readOp(Operation *op) {
    if (TermRef reason = refusedOperand(op))
      return refuseAs(op, reason);
    TypeSwitch<Operation *>(op)
        .Case<net::SymbolStemOp, net::OneHotOp, net::GaussianStemOp, net::GaussianLikelihoodOp, net::SoftStemOp,
              net::ExpOp, net::LogOp, net::SoftmaxOp, net::ProportionOp, net::NormOp, net::RescaleOp, net::ConvOp,
              net::LogSumExpConvOp, net::ConvTransposeOp, net::LogSumExpConvTransposeOp, net::LookUpOp, net::SumPoolOp,
              net::ProductPoolOp, net::UpsampleOp, net::SiblingSumOp, net::SiblingProductOp, net::AddOp,
              net::SubtractOp, net::MultiplyOp, net::BiasOp, net::ScaleOp, net::ConstantOp, net::WeightConstantOp,
              net::ReadoutOp, net::CastOp, net::ShiftPoolOp, net::ZeroShiftOp, net::EvidenceOp, net::WeightEvidenceOp>(
            [&](auto typed) { readLayer(typed); })
        .Default([&](Operation *other) { refuse(other, "stands in a network"); });
  }

  //===--------------------------------------------------------------------===//
  // Stems
  //===--------------------------------------------------------------------===//

  /// Symbols that come as the function's first argument; null after refusing.
  TermRef symbols(Operation *op, Value value, int64_t states) {
    if (!expect(op, argumentNumber(value) == 0 && onLeaves(value, 1), "expects the leaves' symbols"))
      return nullptr;
    return terms().evidence(Channel::Symbol, {0}, ranks, states);
  }

  void readLayer(net::SymbolStemOp op) {
    if (TermRef evidence = symbols(op, op.getSymbols(), channels(op.getResult())))
      set(op.getResult(), terms().like(Kind::SymbolStem, evidence));
  }

  void readLayer(net::OneHotOp op) {
    if (TermRef evidence = symbols(op, op.getSymbols(), channels(op.getResult())))
      set(op.getResult(), evidence);
  }

  template <typename GaussianOp> void readGaussian(GaussianOp op, Kind kind) {
    if (!expect(op, argumentNumber(op.getObservation()) == 0 && onLeaves(op.getObservation(), 2),
                "expects the leaves' observations"))
      return;
    std::vector<int64_t> arguments = {0, argumentNumber(op.getLambda()), argumentNumber(op.getSigma())};
    TermRef evidence =
        terms().evidence(Channel::Gaussian, arguments, ranks, channels(op.getResult()), table(op.getValues()));
    set(op.getResult(), terms().like(kind, evidence));
    set(op.getShift(), terms().shift(Kind::LogLargest, evidence));
  }

  void readLayer(net::GaussianStemOp op) { readGaussian(op, Kind::GaussianStem); }
  void readLayer(net::GaussianLikelihoodOp op) { readGaussian(op, Kind::GaussianLikelihood); }

  void readLayer(net::SoftStemOp op) {
    Map weights = operand(op, op.getWeights(), Sort::Weights, false);
    if (!weights.term || !expect(op, weights.term->kind == Kind::Evidence, "expects the leaves' likelihoods"))
      return;
    set(op.getResult(), terms().like(Kind::SoftStem, weights.term));
    set(op.getShift(), terms().shift(Kind::LogLargest, weights.term));
  }

  //===--------------------------------------------------------------------===//
  // Activations
  //===--------------------------------------------------------------------===//

  void readUnary(Operation *op, Sort sort, Kind kind, std::optional<bool> grouped = std::nullopt) {
    Map x = operand(op, op->getOperand(0), sort, grouped);
    if (x.term)
      set(op->getResult(0), terms().like(kind, x.term), x.grouped);
  }

  void readLayer(net::ExpOp op) { readUnary(op, Sort::Logs, Kind::Exp); }
  void readLayer(net::LogOp op) { readUnary(op, Sort::Weights, Kind::Log); }
  void readLayer(net::SoftmaxOp op) { readUnary(op, Sort::Logs, Kind::Softmax, false); }
  void readLayer(net::ProportionOp op) { readUnary(op, Sort::Weights, Kind::Posterior, false); }

  void readLayer(net::CastOp op) {
    Map x = get(op.getInput());
    if (x.term->kind == Kind::Refused)
      return refuseAs(op, x.term);
    set(op.getResult(), terms().like(Kind::Cast, x.term), x.grouped);
  }

  void readLayer(net::NormOp op) {
    Map x = operand(op, op.getInput(), Sort::Logs, false);
    if (!x.term)
      return;
    set(op.getResult(), terms().like(Kind::Norm, x.term));
    if (op.getShift())
      set(op.getShift(), terms().shift(Kind::LogLargest, terms().like(Kind::Exp, x.term)));
  }

  void readLayer(net::RescaleOp op) {
    Map x = operand(op, op.getInput(), Sort::Weights, false);
    if (!x.term)
      return;
    set(op.getResult(), terms().like(Kind::Rescale, x.term));
    if (op.getShift())
      set(op.getShift(), terms().shift(Kind::LogPower, x.term));
  }

  //===--------------------------------------------------------------------===//
  // Convolutions
  //===--------------------------------------------------------------------===//

  template <typename ConvolutionOp> void convolve(ConvolutionOp op, Sort sort, Kind kind, bool upward) {
    Map x = operand(op, op.getInput(), sort, !upward);
    if (!x.term || !isPatch(op, op.getPatch(), x.term->level))
      return;
    noteType(op.getResult());
    int64_t groups = upward ? ranks[x.term->level - 1] : 1;
    if (const Table *kernel = weightsOf(op, op.getWeights()))
      set(op.getResult(), terms().edge(kind, x.term, kernel, channels(op.getResult()) / groups), upward);
  }

  void readLayer(net::ConvOp op) { convolve(op, Sort::Weights, Kind::Conv, true); }
  void readLayer(net::LogSumExpConvOp op) { convolve(op, Sort::Logs, Kind::LogSumExpConv, true); }
  void readLayer(net::ConvTransposeOp op) { convolve(op, Sort::Weights, Kind::ConvTranspose, false); }
  void readLayer(net::LogSumExpConvTransposeOp op) { convolve(op, Sort::Logs, Kind::LogSumExpConvTranspose, false); }

  void readLayer(net::LookUpOp op) {
    const Table *kernel = weightsOf(op, op.getWeights());
    if (!kernel || !isPatch(op, op.getPatch(), depth()))
      return;
    noteType(op.getResult());
    if (TermRef evidence = symbols(op, op.getSymbols(), kernel->shape.back()))
      set(op.getResult(), terms().edge(Kind::LookUp, evidence, kernel, channels(op.getResult()) / ranks.back()), true);
  }

  //===--------------------------------------------------------------------===//
  // Pooling, up-sampling, skips
  //===--------------------------------------------------------------------===//

  template <typename GroupOp> void pool(GroupOp op, Sort sort, Kind kind, int64_t levels) {
    Map x = operand(op, op.getInput(), sort, true);
    if (x.term && isRanks(op, op.getGroups(), x.term->level))
      set(op.getResult(), terms().moved(kind, x.term, levels), levels == 0);
  }

  void readLayer(net::SumPoolOp op) { pool(op, Sort::Logs, Kind::SumPool, -1); }
  void readLayer(net::ProductPoolOp op) { pool(op, Sort::Weights, Kind::Combine, -1); }
  void readLayer(net::SiblingSumOp op) { pool(op, Sort::Logs, Kind::SiblingSum, 0); }
  void readLayer(net::SiblingProductOp op) { pool(op, Sort::Weights, Kind::Siblings, 0); }

  void readLayer(net::UpsampleOp op) {
    bool logs = sortOf(get(op.getInput()).term) == Sort::Logs;
    Map x = operand(op, op.getInput(), logs ? Sort::Logs : Sort::Weights, false);
    if (x.term && isRanks(op, op.getGroups(), x.term->level + 1))
      set(op.getResult(), terms().moved(logs ? Kind::Upsample : Kind::Copies, x.term, 1), true);
  }

  /// Both operands on the same level; null terms after refusing.
  std::pair<Map, Map> skip(Operation *op, Sort sort) {
    Map x = operand(op, op->getOperand(0), sort), y = operand(op, op->getOperand(1), sort);
    if (!x.term || !y.term ||
        !expect(op, x.term->level == y.term->level && x.grouped == y.grouped, "expects a skip from the same level"))
      return {{nullptr}, {nullptr}};
    return {x, y};
  }

  void joinLogs(Operation *op, Kind kind) {
    auto [x, y] = skip(op, Sort::Logs);
    if (x.term)
      set(op->getResult(0), terms().pair(kind, x.term, y.term), x.grouped);
  }

  void readLayer(net::AddOp op) { joinLogs(op, Kind::Add); }
  void readLayer(net::SubtractOp op) { joinLogs(op, Kind::Subtract); }

  void readLayer(net::MultiplyOp op) {
    auto [x, y] = skip(op, Sort::Weights);
    if (x.term)
      set(op.getResult(), terms().product({x.term, y.term}), x.grouped);
  }

  /// The root's map, and weights for its states; null terms after refusing.
  std::pair<Map, const Table *> root(Operation *op, Map x, ElementsAttr attr) {
    if (!x.term || !expect(op, x.term->level == 0, "expects the root's map"))
      return {{nullptr}, nullptr};
    const Table *prior = weightsOf(op, attr);
    return {prior ? x : Map{nullptr}, prior};
  }

  void readLayer(net::BiasOp op) {
    auto [x, prior] = root(op, operand(op, op.getInput(), Sort::Logs, false), op.getWeights());
    if (x.term)
      set(op.getResult(), terms().like(Kind::Bias, x.term, prior));
  }

  void readLayer(net::ScaleOp op) {
    auto [x, prior] = root(op, operand(op, op.getInput(), Sort::Weights, false), op.getWeights());
    if (x.term)
      set(op.getResult(), terms().product({x.term, terms().prior(prior)}));
  }

  /// `like` gives the batch, and nothing else.
  template <typename ConstantOp> void readConstant(ConstantOp op, bool logs) {
    Map like = get(op.getLike());
    if (like.term->kind == Kind::Refused)
      return refuseAs(op, like.term);
    auto [x, prior] = root(op, like, op.getWeights());
    if (!x.term || !expect(op, !x.grouped, "expects the root's map"))
      return;
    TermRef weights = terms().prior(prior);
    set(op.getResult(), logs ? terms().like(Kind::Constant, weights, prior) : weights);
  }

  void readLayer(net::ConstantOp op) { readConstant(op, /*logs=*/true); }
  void readLayer(net::WeightConstantOp op) { readConstant(op, /*logs=*/false); }

  //===--------------------------------------------------------------------===//
  // Heads and shifts
  //===--------------------------------------------------------------------===//

  void readLayer(net::ReadoutOp op) {
    Map posterior = operand(op, op.getInput(), Sort::Answer, false);
    if (!posterior.term || !expect(op, posterior.term->kind == Kind::Posterior, "expects a posterior"))
      return;
    set(op.getResult(), terms().edge(Kind::Mean, posterior.term, table(op.getValues()), channels(op.getResult())));
  }

  void readLayer(net::ZeroShiftOp op) {
    Map like = get(op.getLike());
    if (expect(op, !like.grouped, "expects one feature vector per position"))
      set(op.getShift(), terms().zero(like.term->level));
  }

  void readLayer(net::ShiftPoolOp op) {
    Map x = operand(op, op.getInput(), Sort::Shift);
    if (!x.term || !isPatch(op, op.getPatch(), x.term->level))
      return;
    TermRef pooled = terms().shift(Kind::PoolShift, x.term);
    if (op.getOwn()) {
      Map own = operand(op, op.getOwn(), Sort::Shift);
      if (!own.term || !expect(op, own.term->level == pooled->level, "expects the shift of the level above"))
        return;
      pooled = terms().sum(pooled, own.term);
    }
    set(op.getResult(), pooled);
  }

  /// log p(evidence) from the root's belief and shift.
  void readEvidence(Operation *op, Map belief, Value shift, const APFloat &logPartition, Kind kind) {
    if (!belief.term || !expect(op, belief.term->level == 0, "expects the root's belief"))
      return;
    Map taken = shift ? operand(op, shift, Sort::Shift) : Map{terms().zero(0)};
    if (!taken.term || !expect(op, taken.term->level == 0, "expects the root's shift"))
      return;
    const Table *logZ = terms().table({1}, {logPartition.convertToDouble()});
    set(op->getResult(0), terms().make({kind, 0, 0, {belief.term, taken.term}, {}, logZ}));
  }

  void readLayer(net::EvidenceOp op) {
    readEvidence(op, operand(op, op.getBelief(), Sort::Logs, false), op.getShift(), op.getLogPartition(),
                 Kind::EvidenceHead);
  }

  void readLayer(net::WeightEvidenceOp op) {
    readEvidence(op, operand(op, op.getBelief(), Sort::Weights, false), op.getShift(), op.getLogPartition(),
                 Kind::Loglik);
  }
};

} // namespace

ProgramTerms readNetwork(func::FuncOp function, const Patches &patches, Normalizer &normalizer) {
  return NetworkReader(function, patches, normalizer).read();
}

} // namespace espalier::proof
