//===- MessageReader.cpp - Message-passing programs as terms --------------===//
//
// A message of either domain stands for its weights; the types hold the index space.
//
//===----------------------------------------------------------------------===//

#include "compiler/proof/Reader.h"
#include "dialects/bp/BPOps.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace espalier::proof {
namespace {

class MessageReader : Reader {
public:
  MessageReader(func::FuncOp function, Normalizer &normalizer) : Reader(function, normalizer) {}

  ProgramTerms read() {
    for (Operation &op : function.getBody().front().without_terminator())
      readOp(&op);
    return {answers([&](Value value) { return get(value); }), precision};
  }

private:
  TermRef get(Value value) {
    auto found = values.find(value);
    return found == values.end() ? terms().refused("a value that no step makes") : found->second;
  }

  void set(Value value, TermRef term) {
    values[value] = normalizer.normalize(term);
    if (auto message = dyn_cast<bp::MessageType>(value.getType()); message && precision.empty())
      precision = message.getElementType().isF64() ? "f64" : "f32";
  }

  void readOp(Operation *op) {
    for (Value operand : op->getOperands())
      if (auto found = values.find(operand); found != values.end() && found->second->kind == Kind::Refused)
        return refuseAs(op, found->second);
    TypeSwitch<Operation *>(op)
        .Case<bp::ObserveSymbolOp, bp::ObserveGaussianOp, bp::ObserveSoftOp, bp::LookUpOp, bp::UpOp, bp::CombineOp,
              bp::CombineShiftOp, bp::NormalizeOp, bp::ZeroShiftOp, bp::WeighOp, bp::PriorOp, bp::OthersOp, bp::DownOp,
              bp::BeliefOp, bp::PosteriorOp, bp::ExpectOp, bp::LoglikOp>([&](auto typed) { readStep(typed); })
        .Default([&](Operation *other) { refuse(other, "stands in a message-passing program"); });
  }

  void refuseAs(Operation *op, TermRef reason) {
    for (Value result : op->getResults())
      values[result] = reason;
  }

  void refuse(Operation *op, const Twine &reason) {
    refuseAs(op, terms().refused((op->getName().getStringRef() + " " + reason).str()));
  }

  bool expect(Operation *op, bool condition, const Twine &reason) {
    if (!condition)
      refuse(op, reason);
    return condition;
  }

  const Table *weightsOf(Operation *op, ElementsAttr attr) {
    const Table *result = weights(attr);
    expect(op, result, "expects finite weights >= 0");
    return result;
  }

  static std::vector<int64_t> ranksOf(Value message) { return cast<bp::MessageType>(message.getType()).getRanks(); }
  static int64_t statesOf(Value message) { return cast<bp::MessageType>(message.getType()).getStates(); }

  /// Evidence that comes as the function's first argument; null after refusing.
  TermRef evidence(Operation *op, Value array, Channel channel, Value message, int64_t states) {
    if (!expect(op, argumentNumber(array) == 0, "expects the evidence"))
      return nullptr;
    return terms().evidence(channel, {0}, ranksOf(message), states);
  }

  void readStep(bp::ObserveSymbolOp op) {
    Value message = op.getMessage();
    if (TermRef leaves = evidence(op, op.getSymbols(), Channel::Symbol, message, statesOf(message)))
      set(message, leaves);
  }

  void readStep(bp::ObserveSoftOp op) {
    Value message = op.getMessage();
    if (TermRef leaves = evidence(op, op.getWeights(), Channel::Soft, message, statesOf(message)))
      set(message, leaves);
  }

  void readStep(bp::ObserveGaussianOp op) {
    if (!expect(op, argumentNumber(op.getObservation()) == 0, "expects the evidence"))
      return;
    Value message = op.getMessage();
    std::vector<int64_t> arguments = {0, argumentNumber(op.getLambda()), argumentNumber(op.getSigma())};
    TermRef leaves =
        terms().evidence(Channel::Gaussian, arguments, ranksOf(message), statesOf(message), table(op.getValues()));
    set(message, terms().like(Kind::GaussianLikelihood, leaves));
    set(op.getShift(), terms().shift(Kind::LogLargest, leaves));
  }

  void readStep(bp::LookUpOp op) {
    const Table *kernel = weightsOf(op, op.getKernel());
    Value message = op.getMessage();
    if (!kernel)
      return;
    if (TermRef leaves = evidence(op, op.getSymbols(), Channel::Symbol, message, kernel->shape.back()))
      set(message, terms().edge(Kind::LookUp, leaves, kernel, statesOf(message)));
  }

  template <typename EdgeOp> void readEdge(EdgeOp op, Kind kind) {
    if (const Table *kernel = weightsOf(op, op.getKernel()))
      set(op.getMessage(), terms().edge(kind, get(op.getInput()), kernel, statesOf(op.getMessage())));
  }

  void readStep(bp::UpOp op) { readEdge(op, Kind::Up); }
  void readStep(bp::DownOp op) { readEdge(op, Kind::Down); }

  void readStep(bp::CombineOp op) { set(op.getMessage(), terms().moved(Kind::Combine, get(op.getInput()), -1)); }
  void readStep(bp::CombineShiftOp op) { set(op.getShift(), terms().shift(Kind::PoolShift, get(op.getInput()))); }
  void readStep(bp::ZeroShiftOp op) { set(op.getShift(), terms().zero(op.getShift().getType().getRanks().size())); }

  void readStep(bp::NormalizeOp op) {
    TermRef input = get(op.getInput());
    bool linear = op.getInput().getType().getDomain() == bp::Domain::Linear;
    set(op.getMessage(), terms().like(linear ? Kind::Rescale : Kind::DivideByLargest, input));
    if (op.getShift()) {
      TermRef taken = terms().shift(linear ? Kind::LogPower : Kind::LogLargest, input);
      set(op.getNewShift(), terms().sum(get(op.getShift()), taken));
    }
  }

  void readStep(bp::WeighOp op) {
    if (const Table *prior = weightsOf(op, op.getPrior()))
      set(op.getMessage(), terms().product({get(op.getInput()), terms().prior(prior)}));
  }

  void readStep(bp::PriorOp op) {
    if (const Table *prior = weightsOf(op, op.getPrior()))
      set(op.getMessage(), terms().prior(prior));
  }

  void readStep(bp::OthersOp op) {
    set(op.getMessage(), terms().pair(Kind::Others, get(op.getSiblings()), get(op.getAbove())));
  }

  void readStep(bp::BeliefOp op) { set(op.getMessage(), terms().product({get(op.getAbove()), get(op.getBelow())})); }

  void readStep(bp::PosteriorOp op) { set(op.getPosterior(), terms().like(Kind::Posterior, get(op.getBelief()))); }

  void readStep(bp::ExpectOp op) {
    TermRef posterior = get(op.getPosterior());
    if (!expect(op, posterior->kind == Kind::Posterior, "expects a posterior"))
      return;
    const Table *means = table(op.getValues());
    set(op.getMean(), terms().edge(Kind::Mean, posterior, means, means->shape.back()));
  }

  void readStep(bp::LoglikOp op) {
    const Table *logZ = terms().table({1}, {op.getLogPartition().convertToDouble()});
    set(op.getLoglik(), terms().make({Kind::Loglik, 0, 0, {get(op.getBelief()), get(op.getShift())}, {}, logZ}));
  }

  std::string precision;
  DenseMap<Value, TermRef> values;
};

} // namespace

ProgramTerms readMessages(func::FuncOp function, Normalizer &normalizer) {
  return MessageReader(function, normalizer).read();
}

} // namespace espalier::proof
