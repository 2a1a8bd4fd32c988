//===- Mutations.cpp - Networks that are not belief propagation -----------===//

#include "Mutations.h"

#include "dialects/net/NetOps.h"
#include "dialects/support/Tables.h"

#include "mlir/IR/Builders.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

using namespace mlir;

namespace espalier::proof::test {
namespace {

//===----------------------------------------------------------------------===//
// Finding and changing layers
//===----------------------------------------------------------------------===//

/// The i-th layer of that kind; from the end where i is negative.
template <typename OpType> OpType layer(func::FuncOp network, int64_t i = 0) {
  std::vector<OpType> found;
  for (auto op : network.getOps<OpType>())
    found.push_back(op);
  int64_t count = static_cast<int64_t>(found.size()), place = i < 0 ? count + i : i;
  if (place < 0 || place >= count)
    throw std::logic_error("the network of the test has no such layer");
  return found[place];
}

/// Puts another value in the place of the layer's first result.
void replace(Operation *op, Value by) { op->getResult(0).replaceAllUsesExcept(by, by.getDefiningOp()); }

/// Takes the layer out: what follows gets its input.
void drop(Operation *op) { replace(op, op->getOperand(0)); }

ElementsAttr changed(ElementsAttr table, llvm::function_ref<void(std::vector<double> &)> change) {
  std::vector<double> entries = *readTable(table);
  std::vector<double> before = entries;
  change(entries);
  if (std::equal(before.begin(), before.end(), entries.begin()))
    throw std::logic_error("the change of the test changes nothing");
  return makeTable(table.getContext(), tableShape(table), entries, "changed");
}

template <typename OpType> void changeWeights(OpType op, llvm::function_ref<void(std::vector<double> &)> change) {
  op.setWeightsAttr(changed(op.getWeights(), change));
}

template <typename OpType> void changeValues(OpType op, llvm::function_ref<void(std::vector<double> &)> change) {
  op.setValuesAttr(changed(op.getValues(), change));
}

void scaleFirst(std::vector<double> &entries) { entries.front() *= 1.01; }
void nudgeLast(std::vector<double> &entries) { entries.back() = std::nextafter(entries.back(), 2.0); }
void doubleAll(std::vector<double> &entries) {
  for (double &entry : entries)
    entry *= 2;
}
void exchangeHalves(std::vector<double> &entries) {
  std::swap_ranges(entries.begin(), entries.begin() + entries.size() / 2, entries.begin() + entries.size() / 2);
}
/// Every 3 x 3 matrix transposed.
void transpose(std::vector<double> &entries) {
  for (size_t at = 0; at < entries.size(); at += 9)
    for (size_t s = 0; s < 3; ++s)
      for (size_t a = 0; a < s; ++a)
        std::swap(entries[at + 3 * s + a], entries[at + 3 * a + s]);
}
void fillFirstZero(std::vector<double> &entries) { *std::find(entries.begin(), entries.end(), 0.0) = 0.25; }

OpBuilder after(Operation *op) {
  OpBuilder builder(op->getContext());
  builder.setInsertionPointAfter(op);
  return builder;
}

/// A norm layer without a shift behind the layer.
void normBehind(Operation *op) {
  Value map = op->getResult(0);
  OpBuilder builder = after(op);
  replace(op, net::NormOp::create(builder, op->getLoc(), TypeRange{map.getType()}, map).getResult());
}

/// A layer of the same operands and type in place of another.
template <typename OpType> void become(Operation *op) {
  OpBuilder builder = after(op);
  replace(op,
          OpType::create(builder, op->getLoc(), op->getResultTypes(), op->getOperands(), op->getAttrs())->getResult(0));
}

void exchangeOperands(Operation *op) {
  Value first = op->getOperand(0);
  op->setOperand(0, op->getOperand(1));
  op->setOperand(1, first);
}

Operation *returned(func::FuncOp network) { return network.getBody().front().getTerminator(); }

//===----------------------------------------------------------------------===//
// The models
//===----------------------------------------------------------------------===//

/// Positive kernels: skips are subtracted.
const Sketch kPositive = {{{2}, {2}}, {3, 3, 3}, true, false, 1};
/// Zeros: siblings are summed.
const Sketch kHoles = {{{2}, {2}}, {3, 3, 3}, true, true, 1};
const Sketch kSymbols = {{{2}, {2}}, {3, 3, 3}, false, false, 1};
/// One child: levels 0 and 1 have the same shape.
const Sketch kLine = {{{1}, {2}}, {3, 3, 3}, true, false, 1};
const Sketch kImage = {{{2, 1}, {1, 2}}, {3, 3, 3}, true, false, 1};
/// So deep that logs cancelled leave rescalings.
const Sketch kDeep = {{{5}, {5}, {5}, {5}}, {3, 3, 3, 3, 3}, false, false, 1};

} // namespace

std::vector<Mutation> allMutations() {
  using F = func::FuncOp;
  using namespace net;
  return {
      // Weights.
      {"one weight of the encoder", kPositive, false, "up_gaussian",
       [](F f) { changeWeights(layer<ConvOp>(f), scaleFirst); }},
      {"the last bit of a weight", kPositive, false, "up_gaussian",
       [](F f) { changeWeights(layer<ConvOp>(f, 1), nudgeLast); }},
      {"all weights doubled", kPositive, false, "up_gaussian", [](F f) { changeWeights(layer<ConvOp>(f), doubleAll); }},
      {"two taps exchanged", kPositive, false, "up_gaussian",
       [](F f) { changeWeights(layer<ConvOp>(f), exchangeHalves); }},
      {"two taps exchanged in the root's block", kPositive, false, "up_soft",
       [](F f) { changeWeights(layer<ConvOp>(f, -1), exchangeHalves); }},
      {"weights transposed", kPositive, false, "up_gaussian", [](F f) { changeWeights(layer<ConvOp>(f), transpose); }},
      {"one weight of the decoder", kPositive, false, "updown_gaussian",
       [](F f) { changeWeights(layer<ConvTransposeOp>(f), scaleFirst); }},
      {"two taps of the decoder exchanged", kPositive, false, "updown_gaussian",
       [](F f) { changeWeights(layer<ConvTransposeOp>(f, -1), exchangeHalves); }},
      {"the decoder's weights of another level", kPositive, false, "updown_gaussian",
       [](F f) { layer<ConvTransposeOp>(f).setWeightsAttr(layer<ConvTransposeOp>(f, 1).getWeightsAttr()); }},
      {"a zero that becomes possible", kHoles, false, "up_gaussian",
       [](F f) { changeWeights(layer<LogSumExpConvOp>(f), fillFirstZero); }},
      {"one weight of a log-sum-exp decoder", kHoles, false, "updown_soft",
       [](F f) { changeWeights(layer<LogSumExpConvTransposeOp>(f), fillFirstZero); }},
      {"one weight of the encoder, logs cancelled", kPositive, true, "up_soft",
       [](F f) { changeWeights(layer<ConvOp>(f), nudgeLast); }},
      {"one weight of the decoder, logs cancelled", kPositive, true, "updown_gaussian",
       [](F f) { changeWeights(layer<ConvTransposeOp>(f), nudgeLast); }},
      {"two taps of a look-up exchanged", kSymbols, true, "up_symbol",
       [](F f) { changeWeights(layer<LookUpOp>(f), exchangeHalves); }},
      {"a negative weight", kPositive, false, "up_gaussian",
       [](F f) { changeWeights(layer<ConvOp>(f), [](std::vector<double> &k) { k.front() = -k.front(); }); }},
      {"an infinite weight", kPositive, false, "up_gaussian",
       [](F f) {
         changeWeights(layer<ConvOp>(f), [](auto &k) { k.front() = std::numeric_limits<double>::infinity(); });
       }},
      // The prior, the values, the constant.
      {"the prior", kPositive, false, "up_gaussian", [](F f) { changeWeights(layer<BiasOp>(f), scaleFirst); }},
      {"no prior", kPositive, false, "up_gaussian", [](F f) { drop(layer<BiasOp>(f)); }},
      {"the prior twice", kPositive, false, "up_gaussian",
       [](F f) {
         auto bias = layer<BiasOp>(f);
         OpBuilder builder = after(bias);
         replace(bias, BiasOp::create(builder, bias.getLoc(), bias.getType(), bias.getResult(), bias.getWeights()));
       }},
      {"the prior that the decoder hears", kHoles, false, "updown_gaussian",
       [](F f) { changeWeights(layer<ConstantOp>(f), scaleFirst); }},
      {"the prior, logs cancelled", kPositive, true, "updown_gaussian",
       [](F f) { changeWeights(layer<ScaleOp>(f), scaleFirst); }},
      {"the prior that the decoder hears, logs cancelled", kPositive, true, "updown_gaussian",
       [](F f) { changeWeights(layer<WeightConstantOp>(f), doubleAll); }},
      {"the read-out's values", kPositive, false, "updown_gaussian",
       [](F f) { changeValues(layer<ReadoutOp>(f), scaleFirst); }},
      {"the stem's values", kPositive, false, "up_gaussian",
       [](F f) { changeValues(layer<GaussianStemOp>(f), scaleFirst); }},
      {"the stem's values, logs cancelled", kPositive, true, "up_gaussian",
       [](F f) { changeValues(layer<GaussianLikelihoodOp>(f), scaleFirst); }},
      {"log Z", kPositive, false, "up_gaussian",
       [](F f) { layer<EvidenceOp>(f).setLogPartitionAttr(OpBuilder(f.getContext()).getF64FloatAttr(0.5)); }},
      {"log Z, logs cancelled", kPositive, true, "up_soft",
       [](F f) { layer<WeightEvidenceOp>(f).setLogPartitionAttr(OpBuilder(f.getContext()).getF64FloatAttr(0.5)); }},
      // Arguments and results.
      {"lambda and sigma exchanged", kPositive, false, "up_gaussian",
       [](F f) {
         auto stem = layer<GaussianStemOp>(f);
         stem->setOperand(1, f.getArgument(2));
         stem->setOperand(2, f.getArgument(1));
       }},
      {"lambda twice, logs cancelled", kPositive, true, "up_gaussian",
       [](F f) { layer<GaussianLikelihoodOp>(f)->setOperand(2, f.getArgument(1)); }},
      {"two results exchanged", kLine, false, "updown_gaussian", [](F f) { exchangeOperands(returned(f)); }},
      {"the root's posterior twice", kLine, false, "updown_gaussian",
       [](F f) { returned(f)->setOperand(1, returned(f)->getOperand(0)); }},
      {"the mean under the parents' posterior",
       {{{2}, {1}}, {3, 3, 3}, true, false, 1},
       false,
       "updown_gaussian",
       [](F f) { layer<ReadoutOp>(f)->setOperand(0, layer<SoftmaxOp>(f, 1)); }},
      // Strides and the tree.
      {"another tree in net.branching", kImage, false, "up_gaussian",
       [](F f) {
         auto patches = cast<ArrayAttr>(f->getAttr("net.branching"));
         f->setAttr("net.branching", ArrayAttr::get(f.getContext(), {patches[1], patches[0]}));
       }},
      {"no net.branching", kImage, false, "up_gaussian", [](F f) { f->removeAttr("net.branching"); }},
      {"a transposed convolution for a convolution", kLine, false, "up_gaussian",
       [](F f) { become<ConvTransposeOp>(layer<ConvOp>(f, -1)); }},
      {"a convolution for a transposed one", kLine, false, "updown_gaussian",
       [](F f) { become<ConvOp>(layer<ConvTransposeOp>(f)); }},
      // Layers.
      {"no exp", kPositive, false, "up_gaussian", [](F f) { drop(layer<ExpOp>(f)); }},
      {"no log", kPositive, false, "up_gaussian", [](F f) { drop(layer<LogOp>(f)); }},
      {"exp in place of log", kPositive, false, "up_gaussian", [](F f) { become<ExpOp>(layer<LogOp>(f)); }},
      {"a convolution on logarithms", kHoles, false, "up_gaussian",
       [](F f) { become<ConvOp>(layer<LogSumExpConvOp>(f)); }},
      {"no softmax", kPositive, false, "up_gaussian", [](F f) { drop(layer<SoftmaxOp>(f)); }},
      {"exp in place of softmax", kPositive, false, "up_gaussian", [](F f) { become<ExpOp>(layer<SoftmaxOp>(f)); }},
      {"proportions of logarithms", kPositive, false, "up_gaussian",
       [](F f) { become<ProportionOp>(layer<SoftmaxOp>(f)); }},
      {"no proportion, logs cancelled", kPositive, true, "up_gaussian", [](F f) { drop(layer<ProportionOp>(f)); }},
      {"a norm layer over channel groups", kPositive, false, "up_gaussian", [](F f) { normBehind(layer<LogOp>(f)); }},
      {"the siblings in place of the log", kPositive, false, "up_gaussian",
       [](F f) {
         auto log = layer<LogOp>(f);
         OpBuilder builder = after(log);
         Value siblings = SiblingSumOp::create(builder, log.getLoc(), log.getType(), log.getResult(), 2);
         log.getResult().replaceAllUsesExcept(siblings, siblings.getDefiningOp());
       }},
      // Skips.
      {"the decoder's skip dropped", kPositive, false, "updown_gaussian", [](F f) { drop(layer<AddOp>(f)); }},
      {"the last skip dropped", kPositive, false, "updown_gaussian", [](F f) { drop(layer<AddOp>(f, -1)); }},
      {"the skip without what comes from above", kPositive, false, "updown_gaussian",
       [](F f) { replace(layer<AddOp>(f), layer<AddOp>(f).getSkip()); }},
      {"the skip twice", kPositive, false, "updown_gaussian",
       [](F f) { layer<AddOp>(f)->setOperand(0, layer<AddOp>(f).getSkip()); }},
      {"the skip of another level", kLine, false, "updown_gaussian",
       [](F f) { layer<AddOp>(f)->setOperand(1, layer<NormOp>(f, 1).getResult()); }},
      {"the subtracted skip dropped", kPositive, false, "updown_gaussian", [](F f) { drop(layer<SubtractOp>(f)); }},
      {"the subtracted skip added", kPositive, false, "updown_gaussian",
       [](F f) { become<AddOp>(layer<SubtractOp>(f)); }},
      {"the difference the other way round", kPositive, false, "updown_gaussian",
       [](F f) { exchangeOperands(layer<SubtractOp>(f)); }},
      {"another message subtracted", kPositive, false, "updown_gaussian",
       [](F f) {
         auto subtract = layer<SubtractOp>(f);
         OpBuilder builder(subtract);
         subtract->setOperand(
             1, SiblingSumOp::create(builder, subtract.getLoc(), subtract.getType(), subtract.getSkip(), 2));
       }},
      {"the belief subtracted from itself", kPositive, false, "updown_gaussian",
       [](F f) { layer<SubtractOp>(f)->setOperand(1, layer<SubtractOp>(f).getInput()); }},
      {"a skip subtracted where kernels have zeros", kHoles, false, "updown_gaussian",
       [](F f) {
         // b - q is what the siblings say only where no q is log 0.
         auto add = layer<AddOp>(f);
         auto siblings = layer<SiblingSumOp>(f);
         OpBuilder builder(add);
         Value copies = UpsampleOp::create(builder, add.getLoc(), add.getType(), layer<BiasOp>(f), 2);
         replace(add, SubtractOp::create(builder, add.getLoc(), add.getType(), copies, siblings.getInput()));
       }},
      {"the siblings' sum dropped", kHoles, false, "updown_gaussian", [](F f) { drop(layer<AddOp>(f)); }},
      {"all children in place of the siblings", kHoles, false, "updown_gaussian",
       [](F f) { drop(layer<SiblingSumOp>(f)); }},
      {"the parent's belief in place of what it heard", kHoles, false, "updown_gaussian",
       [](F f) { layer<UpsampleOp>(f)->setOperand(0, layer<BiasOp>(f)); }},
      {"all children in place of the siblings, logs cancelled", kPositive, true, "updown_gaussian",
       [](F f) { drop(layer<SiblingProductOp>(f)); }},
      {"what comes from below dropped, logs cancelled", kPositive, true, "updown_gaussian",
       [](F f) { drop(layer<MultiplyOp>(f, -1)); }},
      {"the posterior of the features, not of the belief", kPositive, false, "up_gaussian",
       [](F f) { layer<SoftmaxOp>(f)->setOperand(0, layer<BiasOp>(f).getInput()); }},
      // Shifts.
      {"a norm layer's shift lost", kPositive, false, "up_gaussian",
       [](F f) { layer<ShiftPoolOp>(f).getOwnMutable().clear(); }},
      {"the children's shifts lost", kPositive, false, "up_gaussian",
       [](F f) { replace(layer<ShiftPoolOp>(f), layer<ShiftPoolOp>(f).getOwn()); }},
      {"a shift counted twice", kLine, false, "up_gaussian",
       [](F f) {
         auto pool = layer<ShiftPoolOp>(f, -1);
         OpBuilder builder = after(pool);
         Value twice = ShiftPoolOp::create(builder, pool.getLoc(), pool.getType(), pool.getInput(), pool.getResult(),
                                           pool.getPatch());
         pool.getResult().replaceAllUsesExcept(twice, twice.getDefiningOp());
       }},
      {"no shift in the log-likelihood", kPositive, false, "up_gaussian",
       [](F f) {
         auto head = layer<EvidenceOp>(f);
         OpBuilder builder(head);
         head->setOperand(1, ZeroShiftOp::create(builder, head.getLoc(), head.getShift().getType(), head.getBelief()));
       }},
      {"no shift in the log-likelihood, logs cancelled", kPositive, true, "up_gaussian",
       [](F f) { layer<WeightEvidenceOp>(f).getShiftMutable().clear(); }},
      {"a norm layer that the shift does not know", kPositive, false, "up_gaussian",
       [](F f) { normBehind(layer<SumPoolOp>(f, -1)); }},
      {"a norm layer dropped that the shift knows", kPositive, false, "up_gaussian",
       [](F f) { drop(layer<NormOp>(f, -1)); }},
      {"a norm layer behind the belief", kPositive, false, "up_gaussian", [](F f) { normBehind(layer<BiasOp>(f)); }},
      {"a rescaling that the shift does not know", kDeep, true, "up_symbol",
       [](F f) {
         auto pool = layer<ProductPoolOp>(f, -1);
         OpBuilder builder = after(pool);
         replace(pool, RescaleOp::create(builder, pool.getLoc(), TypeRange{pool.getType()}, pool).getResult());
       }},
      {"a stem's shift lost", kPositive, false, "up_soft",
       [](F f) {
         auto pool = layer<ShiftPoolOp>(f);
         OpBuilder builder(pool);
         pool->setOperand(0, ZeroShiftOp::create(builder, pool.getLoc(), pool.getInput().getType(),
                                                 layer<SoftStemOp>(f).getResult()));
       }},
  };
}

} // namespace espalier::proof::test
