//===- NetLowering.cpp - The layers of one network ------------------------===//

#include "compiler/conversion/NetToLinalg/NetLowering.h"

#include "compiler/conversion/support/Certificate.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace espalier {
using namespace scalar;

/// Whether the last result is the log-likelihood. Networks of ReLUs have none, and their lowering says 0: possible.
static bool hasEvidenceHead(func::FuncOp function) {
  ArrayRef<Type> results = function.getFunctionType().getResults();
  auto last = results.empty() ? RankedTensorType() : dyn_cast<RankedTensorType>(results.back());
  return last && last.getRank() == 1;
}

LogicalResult NetLowering::run() {
  SmallVector<Operation *> lowered;
  // Soft evidence is a map already.
  maps[function.getArgument(0)] = {function.getArgument(0), depth(), false};
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator()) {
    if (!isa<net::NetDialect>(op.getDialect()))
      continue;
    builder.setInsertionPoint(&op);
    bool readsUnits = llvm::any_of(op.getOperands(), [&](Value operand) { return maps.lookup(operand).units > 0; });
    if (readsUnits && !isa<net::ReluOp, net::PointwiseOp>(op))
      return op.emitOpError() << "expects hidden units to be summed by a net.pointwise before";
    LogicalResult result =
        TypeSwitch<Operation *, LogicalResult>(&op)
            .Case<net::SymbolStemOp, net::GaussianStemOp, net::ClipOp, net::ReluOp, net::PointwiseOp, net::PiecewiseOp,
                  net::GroupNormOp, net::SoftStemOp, net::ExpOp, net::LogOp, net::SoftmaxOp, net::NormOp, net::ConvOp,
                  net::LogSumExpConvOp, net::ConvTransposeOp, net::LogSumExpConvTransposeOp, net::SumPoolOp,
                  net::UpsampleOp, net::SiblingSumOp, net::AddOp, net::SubtractOp, net::BiasOp, net::ConstantOp,
                  net::ReadoutOp, net::CastOp, net::ShiftPoolOp, net::EvidenceOp, net::OneHotOp, net::LookUpOp,
                  net::GaussianLikelihoodOp, net::RescaleOp, net::ProductPoolOp, net::SiblingProductOp, net::MultiplyOp,
                  net::ScaleOp, net::WeightConstantOp, net::ProportionOp, net::ZeroShiftOp, net::WeightEvidenceOp>(
                [&](auto typed) { return lower(typed); })
            .Default([](Operation *op) { return op->emitOpError() << "has no lowering"; });
    if (failed(result))
      return failure();
    lowered.push_back(&op);
  }
  return finish(lowered);
}

Value NetLowering::batchExtent() {
  Value evidence = function.getArgument(0);
  auto type = cast<RankedTensorType>(evidence.getType());
  SmallVector<int64_t> shape(branching);
  int64_t positions = 0;
  if (auto patches = function->getAttrOfType<ArrayAttr>("net.branching"))
    positions = cast<DenseI64ArrayAttr>(patches[0]).size();
  if (type.getRank() == positions + 2)
    shape.push_back(type.getDimSize(1));
  shape.push_back(ShapedType::kDynamic);
  evidence.setType(RankedTensorType::get(shape, type.getElementType()));
  builder.setInsertionPointToStart(&function.getBody().front());
  return tensor::DimOp::create(builder, function.getLoc(), evidence, shape.size() - 1);
}

LogicalResult NetLowering::finish(ArrayRef<Operation *> lowered) {
  auto terminator = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  SmallVector<Type> results;
  for (OpOperand &operand : terminator->getOpOperands()) {
    FeatureMap map = maps.lookup(operand.get());
    if (!map.tensor || map.grouped)
      return terminator.emitOpError() << "expects results computed by net ops, one feature map per head";
    operand.set(map.tensor);
    results.push_back(map.tensor.getType());
  }
  if (!hasEvidenceHead(function)) {
    builder.setInsertionPoint(terminator);
    Value possible = index.map({}, {}, f64(), {}, [&](ScalarBuilder &b, ValueRange) { return constant(b, f64(), 0); });
    terminator->insertOperands(terminator->getNumOperands(), possible);
    results.push_back(possible.getType());
  }
  for (Operation *op : llvm::reverse(lowered))
    op->erase();
  function.setFunctionType(builder.getFunctionType(function.getBody().getArgumentTypes(), results));
  function->removeAttr("net.branching");
  function->removeAttr(kCertificateAttr);
  return success();
}

FeatureMap NetLowering::parts(Value value) {
  FeatureMap map = maps.lookup(value);
  if (!map.copies)
    return map;
  auto copied = [&](Value tensor) {
    return index.map(ranks(map), {{'s', channels(map)}}, elementOf(map), {{tensor, Prefix::Parent, "sb"}},
                     [](ScalarBuilder &, ValueRange x) { return x[0]; });
  };
  map.tensor = copied(map.tensor);
  if (map.low)
    map.low = copied(map.low);
  map.copies = false;
  return map;
}

FeatureMap NetLowering::get(Value value) {
  FeatureMap map = parts(value);
  if (map.low)
    map.tensor = sum(map, map.tensor, map.low);
  map.low = Value();
  return map;
}

FeatureMap NetLowering::view(Value value) {
  FeatureMap map = maps.lookup(value);
  return map.copies && !map.low ? map : get(value);
}

Value NetLowering::sum(const FeatureMap &like, Value x, Value y) {
  return index.map(ranks(like), {{'s', channels(like)}}, elementOf(like),
                   {{x, Prefix::Path, "sb"}, {y, Prefix::Path, "sb"}},
                   [](ScalarBuilder &b, ValueRange v) { return floored(b, add(b, v[0], v[1])); });
}

int64_t NetLowering::channels(const FeatureMap &map) {
  auto type = cast<RankedTensorType>(map.tensor.getType());
  return type.getDimSize(type.getRank() - (map.units ? 3 : 2));
}

LogicalResult NetLowering::each(Value result, const FeatureMap &map, ArrayRef<Operand> others,
                                IndexSpaceBuilder::Body body) {
  SmallVector<Operand> operands = {{map.tensor, Prefix::Path, "sb"}};
  llvm::append_range(operands, others);
  Value tensor = index.map(ranks(map), {{'s', channels(map)}}, elementOf(map), operands, body);
  maps[result] = {tensor, map.level, map.grouped};
  return success();
}

std::vector<double> NetLowering::logWeights(ElementsAttr attr) {
  std::vector<double> weights = *readTable(attr);
  for (double &weight : weights)
    weight = weight > 0 ? std::log(weight) : kFloor;
  return weights;
}

Value NetLowering::maximumOf(const FeatureMap &map) {
  if (map.low)
    return largestLog(index, ranks(map), channels(map), logs(map));
  return maximumOverStates(index, ranks(map), channels(map), map.tensor, lowest());
}

Value NetLowering::weightsAbout(const FeatureMap &map, Value maximum) {
  return espalier::weightsAbout(index, ranks(map), channels(map), logs(map), maximum);
}

Value NetLowering::exactMaximum(ScalarBuilder &b, Value maximum) {
  Value wide = toFloat(b, maximum, f64());
  return select(b, less(b, wide, constant(b, f64(), kFloor / 2)), constant(b, f64(), lowest()), wide);
}

} // namespace espalier
