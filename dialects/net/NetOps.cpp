//===- NetOps.cpp - The net dialect: verifiers and registration -----------===//

#include "dialects/net/NetOps.h"

#include "dialects/support/Tables.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>

using namespace mlir;
using namespace espalier::net;

#include "dialects/net/NetOpsDialect.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/net/NetOps.cpp.inc"

void NetDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/net/NetOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Shared checks
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// Channels of a feature map.
static int64_t channels(Value map) { return shapeOf(map)[1]; }

/// Spatial extents of a feature map.
static ArrayRef<int64_t> positions(Value map) { return shapeOf(map).drop_front(2); }

/// Batch, `channels` (none where negative) and positions as a tensor type.
static RankedTensorType mapType(Type elementType, int64_t channels, ArrayRef<int64_t> positions) {
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  if (channels >= 0)
    shape.push_back(channels);
  llvm::append_range(shape, positions);
  return RankedTensorType::get(shape, elementType);
}

static LogicalResult expectType(Operation *op, StringRef what, Type expected, Value value) {
  if (value.getType() != expected)
    return op->emitOpError() << "expects " << what << " of type " << expected << ", got " << value.getType();
  return success();
}

/// The type of `map` with `elementType` in place of its own.
static RankedTensorType retyped(Value map, Type elementType) {
  return RankedTensorType::get(shapeOf(map), elementType);
}

static Type elementOf(Value map) { return getElementTypeOrSelf(map.getType()); }

static LogicalResult expectShift(Operation *op, Value map, Value shift) {
  return expectType(op, "a shift", mapType(Float64Type::get(op->getContext()), -1, positions(map)), shift);
}

/// `coarse` times `patch`, or failure where the extents do not fit.
static FailureOr<SmallVector<int64_t>> refine(Operation *op, ArrayRef<int64_t> coarse, ArrayRef<int64_t> patch) {
  if (patch.size() != coarse.size() || llvm::any_of(patch, [](int64_t extent) { return extent < 1; }))
    return op->emitOpError() << "expects a patch of " << coarse.size() << " positive extents, got [" << patch << "]";
  SmallVector<int64_t> fine;
  for (auto [extent, factor] : llvm::zip(coarse, patch))
    fine.push_back(extent * factor);
  return fine;
}

/// C1 and C2 of the convolutions: at the taps, `fine` are the positions and `states` the channels; `coarse` is the map
/// with a channel group per tap.
static LogicalResult verifyConvolution(Operation *op, ArrayRef<int64_t> fine, int64_t states, Value coarse,
                                       ArrayRef<int64_t> patch, ElementsAttr weights) {
  FailureOr<SmallVector<int64_t>> extents = refine(op, positions(coarse), patch);
  if (failed(extents))
    return failure();
  int64_t taps = llvm::product_of(patch);
  if (ArrayRef(*extents) != fine)
    return op->emitOpError() << "expects positions [" << *extents << "] at the taps, got [" << fine << "]";
  if (channels(coarse) % taps != 0)
    return op->emitOpError() << "expects a multiple of " << taps << " channels, one group per tap, got "
                             << channels(coarse);
  ArrayRef<int64_t> shape = espalier::tableShape(weights);
  bool isSharedOrByNode = !shape.empty() && (shape[0] == 1 || shape[0] == llvm::product_of(*extents));
  int64_t count = isSharedOrByNode ? shape[0] : taps;
  return espalier::verifyTable(op, "weights", weights, {count, channels(coarse) / taps, states});
}

static LogicalResult verifyConvolution(Operation *op, Value fine, Value coarse, ArrayRef<int64_t> patch,
                                       ElementsAttr weights) {
  return verifyConvolution(op, positions(fine), channels(fine), coarse, patch, weights);
}

static LogicalResult verifySymbols(Operation *op, Value symbols, ArrayRef<int64_t> positions) {
  return expectType(op, "symbols", mapType(IntegerType::get(op->getContext(), 32), -1, positions), symbols);
}

template <typename GaussianOp> static LogicalResult verifyGaussian(GaussianOp op) {
  Value result = op.getResult();
  if (failed(espalier::verifyTable(op, "values", op.getValues(), {channels(result), channels(op.getObservation())})) ||
      failed(expectShift(op, result, op.getShift())))
    return failure();
  return expectType(op, "a result", mapType(elementOf(result), channels(result), positions(op.getObservation())),
                    result);
}

static LogicalResult verifyConstant(Operation *op, Value like, Value result, ElementsAttr weights) {
  if (failed(expectType(op, "a result", like.getType(), result)))
    return failure();
  if (llvm::product_of(positions(result)) != 1)
    return op->emitOpError() << "expects one position, got [" << positions(result) << "]";
  return espalier::verifyTable(op, "weights", weights, {channels(result)});
}

static LogicalResult verifyEvidence(Operation *op, Value belief, Value shift, Value loglik) {
  if (llvm::product_of(positions(belief)) != 1)
    return op->emitOpError() << "expects one position, got [" << positions(belief) << "]";
  if (shift && failed(expectShift(op, belief, shift)))
    return failure();
  return expectType(op, "a result", mapType(Float64Type::get(op->getContext()), -1, {}), loglik);
}

static LogicalResult verifySiblings(Operation *op, Value input, Value result, int64_t groups) {
  if (groups < 1 || channels(input) % groups != 0)
    return op->emitOpError() << "expects a multiple of " << groups << " channels, got " << channels(input);
  return expectType(op, "a result", input.getType(), result);
}

static LogicalResult verifyGroups(Operation *op, Value one, Value many, int64_t groups) {
  auto type = cast<RankedTensorType>(one.getType());
  if (groups < 1)
    return op->emitOpError() << "expects at least 1 group, got " << groups;
  return expectType(op, "the grouped map", mapType(type.getElementType(), groups * channels(one), positions(one)),
                    many);
}

//===----------------------------------------------------------------------===//
// Stems
//===----------------------------------------------------------------------===//

LogicalResult SymbolStemOp::verify() { return verifySymbols(*this, getSymbols(), positions(getResult())); }

LogicalResult GaussianStemOp::verify() { return verifyGaussian(*this); }

LogicalResult ClipOp::verify() {
  double low = getLow().convertToDouble(), high = getHigh().convertToDouble();
  if (!(std::isfinite(low) && std::isfinite(high) && low <= high))
    return emitOpError() << "expects finite bounds low <= high, got " << low << " and " << high;
  return success();
}

LogicalResult SoftStemOp::verify() {
  if (failed(expectShift(*this, getResult(), getShift())))
    return failure();
  return expectType(*this, "a result", retyped(getWeights(), elementOf(getResult())), getResult());
}

LogicalResult CastOp::verify() {
  return expectType(*this, "a result", retyped(getInput(), elementOf(getResult())), getResult());
}

LogicalResult NormOp::verify() { return getShift() ? expectShift(*this, getInput(), getShift()) : success(); }

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

LogicalResult ConvOp::verify() { return verifyConvolution(*this, getInput(), getResult(), getPatch(), getWeights()); }

/// Finite entries.
static LogicalResult verifyFinite(Operation *op, StringRef what, ArrayRef<double> entries) {
  for (double entry : entries)
    if (!std::isfinite(entry))
      return op->emitOpError() << "expects finite " << what << ", got " << entry;
  return success();
}

LogicalResult PointwiseOp::verify() {
  ArrayRef<int64_t> shape = espalier::tableShape(getWeights());
  if (shape.size() != 2 || (shape[0] != 1 && shape[1] != 1))
    return emitOpError() << "expects weights of shape [out x in] with in = 1 or out = 1, got [" << shape << "]";
  if (failed(espalier::verifyTable(*this, "weights", getWeights(), shape)) ||
      failed(espalier::verifyTable(*this, "bias", getBias(), {shape[0]})))
    return failure();
  FailureOr<std::vector<double>> weights = espalier::readTable(getWeights()), bias = espalier::readTable(getBias());
  if (failed(weights) || failed(bias))
    return emitOpError() << "expects weights and a bias with readable entries";
  if (failed(verifyFinite(*this, "weights", *weights)) || failed(verifyFinite(*this, "entries of the bias", *bias)))
    return failure();
  if (channels(getInput()) % shape[1] != 0)
    return emitOpError() << "expects a multiple of " << shape[1] << " channels, got " << channels(getInput());
  return expectType(*this, "a result",
                    mapType(elementOf(getInput()), channels(getInput()) / shape[1] * shape[0], positions(getInput())),
                    getResult());
}

LogicalResult PiecewiseOp::verify() {
  size_t units = getIn().size();
  if (units == 0 || getBias().size() != units || getOut().size() != units)
    return emitOpError() << "expects in, bias and out of one length, at least 1, got " << units << ", "
                         << getBias().size() << " and " << getOut().size();
  if (failed(verifyFinite(*this, "entries of in", getIn())) ||
      failed(verifyFinite(*this, "entries of bias", getBias())) ||
      failed(verifyFinite(*this, "entries of out", getOut())))
    return failure();
  return verifyFinite(*this, "offsets", getOffset().convertToDouble());
}

LogicalResult LogSumExpConvOp::verify() {
  return verifyConvolution(*this, getInput(), getResult(), getPatch(), getWeights());
}

LogicalResult ConvTransposeOp::verify() {
  return verifyConvolution(*this, getResult(), getInput(), getPatch(), getWeights());
}

LogicalResult LogSumExpConvTransposeOp::verify() {
  return verifyConvolution(*this, getResult(), getInput(), getPatch(), getWeights());
}

//===----------------------------------------------------------------------===//
// Pooling, up-sampling, skips
//===----------------------------------------------------------------------===//

LogicalResult SumPoolOp::verify() { return verifyGroups(*this, getResult(), getInput(), getGroups()); }

LogicalResult UpsampleOp::verify() { return verifyGroups(*this, getInput(), getResult(), getGroups()); }

LogicalResult SiblingSumOp::verify() { return verifySiblings(*this, getInput(), getResult(), getGroups()); }

LogicalResult GroupNormOp::verify() { return verifySiblings(*this, getInput(), getResult(), getGroups()); }

LogicalResult BiasOp::verify() { return espalier::verifyTable(*this, "weights", getWeights(), {channels(getInput())}); }

LogicalResult ConstantOp::verify() { return verifyConstant(*this, getLike(), getResult(), getWeights()); }

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

LogicalResult ReadoutOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  int64_t size = channels(getResult());
  if (failed(espalier::verifyTable(*this, "values", getValues(), {channels(getInput()), size})))
    return failure();
  return expectType(*this, "a result", mapType(type.getElementType(), size, positions(getInput())), getResult());
}

LogicalResult ShiftPoolOp::verify() {
  ArrayRef<int64_t> coarse = shapeOf(getResult()).drop_front(1);
  FailureOr<SmallVector<int64_t>> fine = refine(*this, coarse, getPatch());
  if (failed(fine))
    return failure();
  return expectType(*this, "an input", mapType(Float64Type::get(getContext()), -1, *fine), getInput());
}

LogicalResult EvidenceOp::verify() { return verifyEvidence(*this, getBelief(), getShift(), getLoglik()); }

//===----------------------------------------------------------------------===//
// Layers on weights
//===----------------------------------------------------------------------===//

LogicalResult OneHotOp::verify() { return verifySymbols(*this, getSymbols(), positions(getResult())); }

LogicalResult LookUpOp::verify() {
  auto type = cast<RankedTensorType>(getSymbols().getType());
  if (type.getRank() < 2)
    return emitOpError() << "expects symbols of batch x positions, got " << type;
  ArrayRef<int64_t> fine = type.getShape().drop_front();
  if (failed(verifySymbols(*this, getSymbols(), fine)))
    return failure();
  ArrayRef<int64_t> shape = espalier::tableShape(getWeights());
  return verifyConvolution(*this, fine, shape.empty() ? 0 : shape.back(), getResult(), getPatch(), getWeights());
}

LogicalResult GaussianLikelihoodOp::verify() { return verifyGaussian(*this); }

LogicalResult RescaleOp::verify() { return getShift() ? expectShift(*this, getInput(), getShift()) : success(); }

LogicalResult ProductPoolOp::verify() { return verifyGroups(*this, getResult(), getInput(), getGroups()); }

LogicalResult SiblingProductOp::verify() { return verifySiblings(*this, getInput(), getResult(), getGroups()); }

LogicalResult ScaleOp::verify() {
  return espalier::verifyTable(*this, "weights", getWeights(), {channels(getInput())});
}

LogicalResult WeightConstantOp::verify() { return verifyConstant(*this, getLike(), getResult(), getWeights()); }

LogicalResult ZeroShiftOp::verify() { return expectShift(*this, getLike(), getShift()); }

LogicalResult WeightEvidenceOp::verify() { return verifyEvidence(*this, getBelief(), getShift(), getLoglik()); }
