//===- BPOps.cpp - The bp dialect: verifiers and registration -------------===//

#include "dialects/bp/BPOps.h"

#include "dialects/support/Tables.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace espalier::bp;

#include "dialects/bp/BPOpsDialect.cpp.inc"
#include "dialects/bp/BPOpsEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/bp/BPOpsTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/bp/BPOps.cpp.inc"

void BPDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/bp/BPOpsTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/bp/BPOps.cpp.inc"
      >();
}

static LogicalResult verifyRanks(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> ranks) {
  if (llvm::any_of(ranks, [](int64_t extent) { return extent < 1; }))
    return emitError() << "expects at least 1 child per node, got [" << ranks << "]";
  return success();
}

LogicalResult MessageType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> ranks, int64_t states,
                                  Domain, FloatType elementType) {
  if (states < 1)
    return emitError() << "expects at least 1 state, got " << states;
  if (!elementType.isF32() && !elementType.isF64())
    return emitError() << "expects f32 or f64, got " << elementType;
  return verifyRanks(emitError, ranks);
}

LogicalResult ShiftType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> ranks) {
  return verifyRanks(emitError, ranks);
}

//===----------------------------------------------------------------------===//
// Shared checks
//===----------------------------------------------------------------------===//

/// Arrays of reals may be narrower than the messages made of them.
static Type realOf(Value array) {
  Type type = getElementTypeOrSelf(array.getType());
  return type.isF32() ? type : Float64Type::get(array.getContext());
}

/// An array on the index space: `ranks`, then `inner` extents, then the batch.
static LogicalResult verifyArray(Operation *op, StringRef what, Value array, ArrayRef<int64_t> ranks,
                                 ArrayRef<int64_t> inner, Type elementType) {
  SmallVector<int64_t> shape(ranks);
  llvm::append_range(shape, inner);
  shape.push_back(ShapedType::kDynamic);
  auto expected = RankedTensorType::get(shape, elementType);
  if (array.getType() != expected)
    return op->emitOpError() << "expects " << what << " of type " << expected << ", got " << array.getType();
  return success();
}

static LogicalResult verifyKernel(Operation *op, ElementsAttr kernel, ArrayRef<int64_t> ranks, int64_t parentStates,
                                  int64_t childStates) {
  if (ranks.empty())
    return op->emitOpError() << "expects messages below the root";
  ArrayRef<int64_t> shape = espalier::tableShape(kernel);
  bool isSharedOrByNode = !shape.empty() && (shape[0] == 1 || shape[0] == llvm::product_of(ranks));
  int64_t count = isSharedOrByNode ? shape[0] : ranks.back();
  return espalier::verifyTable(op, "a kernel", kernel, {count, parentStates, childStates});
}

static LogicalResult verifySameType(Operation *op, StringRef what, Type expected, Type got) {
  if (expected != got)
    return op->emitOpError() << "expects " << what << " of type " << expected << ", got " << got;
  return success();
}

static LogicalResult verifyEdge(Operation *op, MessageType input, MessageType result, ElementsAttr kernel, bool rowwise,
                                bool upward) {
  auto expected = MessageType::get(op->getContext(), input.getRanks(), result.getStates(), input.getDomain(),
                                   input.getElementType());
  if (failed(verifySameType(op, "a result", expected, result)))
    return failure();
  if (rowwise && input.getDomain() != Domain::Log)
    return op->emitOpError() << "expects messages in the log domain where it is rowwise";
  return upward ? verifyKernel(op, kernel, input.getRanks(), result.getStates(), input.getStates())
                : verifyKernel(op, kernel, input.getRanks(), input.getStates(), result.getStates());
}

//===----------------------------------------------------------------------===//
// Leaf fields
//===----------------------------------------------------------------------===//

LogicalResult ObserveSymbolOp::verify() {
  return verifyArray(*this, "symbols", getSymbols(), getMessage().getType().getRanks(), {},
                     IntegerType::get(getContext(), 32));
}

LogicalResult ObserveGaussianOp::verify() {
  MessageType message = getMessage().getType();
  ArrayRef<int64_t> shape = espalier::tableShape(getValues());
  int64_t size = shape.size() == 2 ? shape[1] : 1;
  if (failed(espalier::verifyTable(*this, "values", getValues(), {message.getStates(), size})) ||
      failed(verifySameType(*this, "a shift", ShiftType::get(getContext(), message.getRanks()), getShift().getType())))
    return failure();
  return verifyArray(*this, "observations", getObservation(), message.getRanks(), {size}, realOf(getObservation()));
}

LogicalResult ObserveSoftOp::verify() {
  MessageType message = getMessage().getType();
  return verifyArray(*this, "likelihoods", getWeights(), message.getRanks(), {message.getStates()},
                     realOf(getWeights()));
}

//===----------------------------------------------------------------------===//
// Upward
//===----------------------------------------------------------------------===//

LogicalResult LookUpOp::verify() {
  MessageType message = getMessage().getType();
  if (failed(verifyArray(*this, "symbols", getSymbols(), message.getRanks(), {}, IntegerType::get(getContext(), 32))))
    return failure();
  ArrayRef<int64_t> shape = espalier::tableShape(getKernel());
  return verifyKernel(*this, getKernel(), message.getRanks(), message.getStates(), shape.size() == 3 ? shape[2] : 1);
}

LogicalResult UpOp::verify() {
  return verifyEdge(*this, getInput().getType(), getMessage().getType(), getKernel(), getRowwise(), /*upward=*/true);
}

LogicalResult CombineOp::verify() {
  MessageType input = getInput().getType();
  if (input.getRanks().empty())
    return emitOpError() << "expects messages below the root";
  auto expected = MessageType::get(getContext(), input.getRanks().drop_back(), input.getStates(), input.getDomain(),
                                   input.getElementType());
  return verifySameType(*this, "a result", expected, getMessage().getType());
}

LogicalResult CombineShiftOp::verify() {
  ArrayRef<int64_t> ranks = getInput().getType().getRanks();
  if (ranks.empty())
    return emitOpError() << "expects shifts below the root";
  return verifySameType(*this, "a result", ShiftType::get(getContext(), ranks.drop_back()), getShift().getType());
}

LogicalResult NormalizeOp::verify() {
  if (failed(verifySameType(*this, "a result", getInput().getType(), getMessage().getType())))
    return failure();
  if (!getShift() != !getNewShift())
    return emitOpError() << "expects a shift as a result where it takes one, and only there";
  if (!getShift())
    return success();
  auto expected = ShiftType::get(getContext(), getInput().getType().getRanks());
  return failure(failed(verifySameType(*this, "a shift", expected, getShift().getType())) ||
                 failed(verifySameType(*this, "a shift", expected, getNewShift().getType())));
}

ParseResult NormalizeOp::parse(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::UnresolvedOperand input, shift;
  MessageType messageType;
  ShiftType shiftType;
  if (parser.parseOperand(input))
    return failure();
  bool withShift = succeeded(parser.parseOptionalComma());
  if ((withShift && parser.parseOperand(shift)) || parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(messageType) || parser.resolveOperand(input, messageType, result.operands))
    return failure();
  result.addTypes(messageType);
  if (!withShift)
    return success();
  if (parser.parseComma() || parser.parseType(shiftType) || parser.resolveOperand(shift, shiftType, result.operands))
    return failure();
  result.addTypes(shiftType);
  return success();
}

void NormalizeOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getInput();
  if (getShift())
    printer << ", " << getShift();
  printer.printOptionalAttrDict((*this)->getAttrs());
  printer << " : " << getInput().getType();
  if (getShift())
    printer << ", " << getShift().getType();
}

static LogicalResult verifyPrior(Operation *op, ElementsAttr prior, MessageType message) {
  if (!message.getRanks().empty())
    return op->emitOpError() << "expects a message of the root, got one of level " << message.getLevel();
  return espalier::verifyTable(op, "a prior", prior, {message.getStates()});
}

LogicalResult WeighOp::verify() { return verifyPrior(*this, getPrior(), getMessage().getType()); }

//===----------------------------------------------------------------------===//
// Downward
//===----------------------------------------------------------------------===//

LogicalResult PriorOp::verify() { return verifyPrior(*this, getPrior(), getMessage().getType()); }

LogicalResult OthersOp::verify() {
  MessageType siblings = getSiblings().getType();
  if (siblings.getRanks().empty())
    return emitOpError() << "expects messages below the root";
  auto above = MessageType::get(getContext(), siblings.getRanks().drop_back(), siblings.getStates(),
                                siblings.getDomain(), siblings.getElementType());
  return verifySameType(*this, "a message from above", above, getAbove().getType());
}

LogicalResult DownOp::verify() {
  return verifyEdge(*this, getInput().getType(), getMessage().getType(), getKernel(), getRowwise(), /*upward=*/false);
}

//===----------------------------------------------------------------------===//
// Answers
//===----------------------------------------------------------------------===//

LogicalResult PosteriorOp::verify() {
  MessageType belief = getBelief().getType();
  return verifyArray(*this, "a posterior", getPosterior(), belief.getRanks(), {belief.getStates()},
                     realOf(getPosterior()));
}

LogicalResult ExpectOp::verify() {
  auto posterior = cast<RankedTensorType>(getPosterior().getType());
  if (posterior.getRank() < 2)
    return emitOpError() << "expects a posterior with states and batch, got " << posterior;
  ArrayRef<int64_t> shape = posterior.getShape(), values = espalier::tableShape(getValues());
  int64_t size = values.size() == 2 ? values[1] : 1;
  if (failed(espalier::verifyTable(*this, "values", getValues(), {shape[shape.size() - 2], size})))
    return failure();
  return verifyArray(*this, "a mean", getMean(), shape.drop_back(2), {size}, posterior.getElementType());
}

LogicalResult LoglikOp::verify() {
  if (!getBelief().getType().getRanks().empty() || !getShift().getType().getRanks().empty())
    return emitOpError() << "expects the belief and the shift of the root";
  return verifyArray(*this, "a result", getLoglik(), {}, {}, Float64Type::get(getContext()));
}
