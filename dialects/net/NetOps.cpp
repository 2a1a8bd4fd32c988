//===- NetOps.cpp - The net dialect: verifiers and registration -----------===//

#include "dialects/net/NetOps.h"

#include "dialects/support/Tables.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/TypeUtilities.h"

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

/// C1 and C2 of the convolutions: `fine` is the map at the taps, `coarse` the one with a channel group per tap.
static LogicalResult verifyConvolution(Operation *op, Value fine, Value coarse, ArrayRef<int64_t> patch,
                                       ElementsAttr weights) {
  FailureOr<SmallVector<int64_t>> extents = refine(op, positions(coarse), patch);
  if (failed(extents))
    return failure();
  int64_t taps = llvm::product_of(patch);
  if (ArrayRef(*extents) != positions(fine))
    return op->emitOpError() << "expects positions [" << *extents << "] at the taps, got [" << positions(fine) << "]";
  if (channels(coarse) % taps != 0)
    return op->emitOpError() << "expects a multiple of " << taps << " channels, one group per tap, got "
                             << channels(coarse);
  ArrayRef<int64_t> shape = espalier::tableShape(weights);
  int64_t nodes = llvm::product_of(*extents);
  int64_t count = !shape.empty() && shape[0] == nodes ? nodes : taps;
  return espalier::verifyTable(op, "weights", weights, {count, channels(coarse) / taps, channels(fine)});
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

LogicalResult SymbolStemOp::verify() {
  return expectType(*this, "symbols", mapType(IntegerType::get(getContext(), 32), -1, positions(getResult())),
                    getSymbols());
}

LogicalResult GaussianStemOp::verify() {
  int64_t size = channels(getObservation());
  if (failed(espalier::verifyTable(*this, "values", getValues(), {channels(getResult()), size})) ||
      failed(expectShift(*this, getResult(), getShift())))
    return failure();
  return expectType(*this, "a result",
                    mapType(elementOf(getResult()), channels(getResult()), positions(getObservation())), getResult());
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

LogicalResult SiblingSumOp::verify() {
  int64_t groups = getGroups();
  if (groups < 1 || channels(getInput()) % groups != 0)
    return emitOpError() << "expects a multiple of " << groups << " channels, got " << channels(getInput());
  return expectType(*this, "a result", getInput().getType(), getResult());
}

LogicalResult BiasOp::verify() { return espalier::verifyTable(*this, "weights", getWeights(), {channels(getInput())}); }

LogicalResult ConstantOp::verify() {
  if (failed(expectType(*this, "a result", getLike().getType(), getResult())))
    return failure();
  if (llvm::product_of(positions(getResult())) != 1)
    return emitOpError() << "expects one position, got [" << positions(getResult()) << "]";
  return espalier::verifyTable(*this, "weights", getWeights(), {channels(getResult())});
}

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

LogicalResult EvidenceOp::verify() {
  if (llvm::product_of(positions(getBelief())) != 1)
    return emitOpError() << "expects one position, got [" << positions(getBelief()) << "]";
  if (failed(expectShift(*this, getBelief(), getShift())))
    return failure();
  return expectType(*this, "a result", mapType(Float64Type::get(getContext()), -1, {}), getLoglik());
}
