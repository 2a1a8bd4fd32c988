//===- StepWriter.cpp - One step at one node --------------------*- C++ -*-===//

#include "compiler/codegen/schedule/StepWriter.h"

#include "compiler/codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace espalier {

/// The slice of a sibling, `rank` an index, of the children of the node that `path` leads to.
Value StepWriter::siblingSlice(Step &step, Value rank) {
  SmallVector<Value> sibling(ArrayRef<Value>(frame.path).take_front(step.depth - 1));
  sibling.push_back(rank);
  return frame.slice(frame.bufferAt(step.op.getInputs()[0]), sibling);
}

Value StepWriter::fillOf(Step &step) {
  return frame.scalars.lookup(step.op.getOutputs()[0].getDefiningOp<linalg::FillOp>().getInputs()[0]);
}

/// result = inputs[0], or inputs[0] and inputs[1] combined as the step combines.
void StepWriter::writeCombined(Step &step, ValueRange inputs, Value result) {
  int64_t rank = cast<MemRefType>(result.getType()).getRank();
  SmallVector<AffineMap> maps(inputs.size() + 1, builder.getMultiDimIdentityMap(rank));
  auto op = linalg::GenericOp::create(builder, loc, inputs, result, maps,
                                      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
                                      [&](OpBuilder &nested, Location, ValueRange arguments) {
                                        Value value = arguments[0];
                                        if (inputs.size() == 2) {
                                          IRMapping mapping;
                                          mapping.map(step.op.getRegionInputArgs()[0], arguments[0]);
                                          mapping.map(step.op.getRegionOutputArgs()[0], arguments[1]);
                                          value = nested.clone(*Steps::combinerOf(step.op), mapping)->getResult(0);
                                        }
                                        linalg::YieldOp::create(nested, loc, value);
                                      });
  if (Step *siblings = steps.producer(step.op.getInputs()[0]))
    askAhead(op, *siblings, 0);
}

/// Kept messages are written once and read once, each in a slice of its own, farther apart and for more of them than
/// the hardware foresees. The slices of the next parent's children are asked for while those of this one's are used.
void StepWriter::askAhead(linalg::GenericOp op, Step &kept, unsigned operand) {
  if (!frame.outgrowsCore() || !frame.isKeptNow(kept) || kept.depth < 2)
    return;
  auto type = cast<MemRefType>(op->getOperand(operand).getType());
  SmallVector<int64_t> ahead(op->getNumOperands(), 0);
  if (auto known = op->getAttrOfType<DenseI64ArrayAttr>(kAheadAttr))
    llvm::copy(known.asArrayRef(), ahead.begin());
  ahead[operand] = steps.rankExtent(kept.depth - 1) * type.getNumElements() / type.getShape().back();
  op->setAttr(kAheadAttr, builder.getDenseI64ArrayAttr(ahead));
}

void StepWriter::askAheadOfInputs(linalg::GenericOp op, Step &step) {
  for (OpOperand *input : step.op.getDpsInputOperands())
    if (Step *source = steps.producer(input->get());
        source && !step.upward && source->upward && source->depth == step.depth)
      askAhead(op, *source, input->getOperandNumber());
}

void StepWriter::writeSuffixes(Step &step) {
  int64_t count = steps.rankExtent(step.depth - 1);
  if (count <= 2)
    return;
  MemRefType type = frame.windowType(step);
  SmallVector<int64_t> shape = {count};
  llvm::append_range(shape, type.getShape());
  Scan &scan = scans[&step];
  Value suffixes = frame.placeInWorkspace(MemRefType::get(shape, type.getElementType()));
  scan.suffixes = {suffixes, 1, 0, /*inLanes=*/false, /*ofNodes=*/false};
  scan.prefix = frame.placeInWorkspace(type);
  Value zero = frame.index(0), last = frame.index(count - 1);
  linalg::FillOp::create(builder, loc, fillOf(step), scan.prefix);
  linalg::FillOp::create(builder, loc, fillOf(step), frame.slice(scan.suffixes, {last}));
  auto loop = scf::ForOp::create(builder, loc, zero, last, frame.index(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value behind = arith::SubIOp::create(builder, loc, last, loop.getInductionVar());
  Value here = arith::SubIOp::create(builder, loc, behind, frame.index(1));
  writeCombined(step, {siblingSlice(step, behind), frame.slice(scan.suffixes, {behind})},
                frame.slice(scan.suffixes, {here}));
}

/// At a child: the product of those before it, which then includes the child, and of those behind it.
void StepWriter::writeOthers(Step &step) {
  Value own = frame.path[step.depth - 1], result = frame.resultSlice(step);
  int64_t count = steps.rankExtent(step.depth - 1);
  if (count == 1) {
    linalg::FillOp::create(builder, loc, fillOf(step), result);
  } else if (count == 2) {
    Value other = arith::SubIOp::create(builder, loc, frame.index(1), own);
    writeCombined(step, {siblingSlice(step, other)}, result);
  } else {
    Scan &scan = scans[&step];
    writeCombined(step, {scan.prefix, frame.slice(scan.suffixes, {own})}, result);
    writeCombined(step, {siblingSlice(step, own), scan.prefix}, scan.prefix);
  }
}

/// An operand's slice at the current node, and its map without the fixed loops.
std::pair<Value, AffineMap> StepWriter::operandSlice(Step &step, OpOperand *operand) {
  AffineMap map = step.op.getMatchingIndexingMap(operand);
  SmallVector<Value> indices;
  for (AffineExpr result : map.getResults()) {
    int64_t loop = cast<AffineDimExpr>(result).getPosition();
    if (loop >= step.fixedLoops())
      break;
    indices.push_back(frame.path[loop]);
  }
  SmallVector<AffineExpr> rest;
  for (AffineExpr result : map.getResults().drop_front(indices.size()))
    rest.push_back(builder.getAffineDimExpr(cast<AffineDimExpr>(result).getPosition() - step.fixedLoops()));
  Value memref = frame.slice(frame.bufferAt(operand->get()), indices);
  return {memref, AffineMap::get(map.getNumDims() - step.fixedLoops(), 0, rest, builder.getContext())};
}

void StepWriter::writeInit(Step &step) {
  auto fill = step.op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  if (fill)
    linalg::FillOp::create(builder, loc, frame.scalars.lookup(fill.getInputs()[0]), frame.resultSlice(step));
}

void StepWriter::writeInitAndStep(Step &step) {
  if (step.leavesOneOut && !step.upward)
    return writeOthers(step);
  writeInit(step);
  writeStep(step);
}

void StepWriter::writeStep(Step &step) {
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (OpOperand *operand : step.op.getDpsInputOperands()) {
    auto [memref, map] = operandSlice(step, operand);
    inputs.push_back(memref);
    maps.push_back(map);
  }
  AffineMap resultMap = step.op.getMatchingIndexingMap(step.op.getDpsInitOperand(0));
  SmallVector<AffineExpr> rest;
  for (AffineExpr result : resultMap.getResults().drop_front(step.depth))
    rest.push_back(builder.getAffineDimExpr(cast<AffineDimExpr>(result).getPosition() - step.fixedLoops()));
  maps.push_back(AffineMap::get(resultMap.getNumDims() - step.fixedLoops(), 0, rest, builder.getContext()));
  auto iterators = step.op.getIteratorTypesArray();
  auto op = linalg::GenericOp::create(
      builder, loc, inputs, frame.resultSlice(step), maps, ArrayRef(iterators).drop_front(step.fixedLoops()),
      [&](OpBuilder &nested, Location, ValueRange arguments) { cloneBody(step, nested, arguments); });
  askAheadOfInputs(op, step);
  if (step.upward)
    askAhead(op, step, op.getNumDpsInputs());
}

/// The step's body on the slices: loop numbers shift, fixed loops are the walk's own, tables are read from memory.
void StepWriter::cloneBody(Step &step, OpBuilder &nested, ValueRange arguments) {
  IRMapping mapping(frame.scalars);
  mapping.map(step.op.getRegionInputArgs(), arguments.drop_back());
  mapping.map(step.op.getRegionOutputArgs(), arguments.take_back());
  for (Operation &op : *step.op.getBody()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      int64_t loop = index.getDim();
      mapping.map(index.getResult(), loop < step.fixedLoops()
                                         ? frame.path[loop]
                                         : linalg::IndexOp::create(nested, loc, loop - step.fixedLoops()).getResult());
    } else if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      SmallVector<Value> indices;
      for (Value index : extract.getIndices())
        indices.push_back(mapping.lookup(index));
      Value table = frame.bufferAt(extract.getTensor()).memref;
      mapping.map(extract.getResult(), memref::LoadOp::create(nested, loc, table, indices).getResult());
    } else {
      nested.clone(op, mapping);
    }
  }
}

Value StepWriter::writePartial(Step &gather, Value partial, Value child, bool isLast) {
  Value result = frame.resultSlice(gather);
  if (!isLast)
    result = frame.placeInWorkspace(frame.windowType(gather));
  auto type = cast<MemRefType>(result.getType());
  SmallVector<Value> inputs = {child};
  if (partial)
    inputs.push_back(partial);
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  auto fill = gather.op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  auto op = linalg::GenericOp::create(
      builder, loc, inputs, result, SmallVector<AffineMap>(inputs.size() + 1, identity),
      SmallVector<utils::IteratorType>(type.getRank(), utils::IteratorType::parallel),
      [&](OpBuilder &nested, Location, ValueRange arguments) {
        SmallVector<Value> values = {arguments[0], partial ? arguments[1] : frame.scalars.lookup(fill.getInputs()[0])};
        cloneBody(gather, nested, values);
      });
  if (isLast)
    askAhead(op, gather, inputs.size());
  return result;
}

} // namespace espalier
