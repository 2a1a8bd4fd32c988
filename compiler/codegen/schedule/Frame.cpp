//===- Frame.cpp - A tile function and its buffers --------------*- C++ -*-===//

#include "compiler/codegen/schedule/Frame.h"

#include "compiler/codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace espalier {
namespace {

constexpr int64_t kAlignment = 64;

int64_t bytesOf(MemRefType type) { return type.getNumElements() * type.getElementTypeBitWidth() / 8; }

} // namespace

Globals::Globals(ModuleOp module) : module(module) {
  for (auto global : module.getOps<memref::GlobalOp>()) {
    known[*global.getInitialValue()] = global;
    ++count;
  }
}

/// A global with these entries, or null. Resources of the same entries may have several names.
memref::GlobalOp Globals::find(ElementsAttr value) {
  if (auto equal = known.find(value); equal != known.end())
    return equal->second;
  auto resource = dyn_cast<DenseResourceElementsAttr>(value);
  const AsmResourceBlob *blob = resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob)
    return nullptr;
  for (auto &[attr, global] : known) {
    auto other = dyn_cast<DenseResourceElementsAttr>(attr);
    const AsmResourceBlob *bytes =
        other && other.getType() == value.getType() ? other.getRawHandle().getBlob() : nullptr;
    if (bytes && bytes->getData() == blob->getData())
      return global;
  }
  return nullptr;
}

memref::GlobalOp Globals::get(Location loc, ElementsAttr value) {
  if (memref::GlobalOp equal = find(value))
    return known[value] = equal;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto shaped = cast<ShapedType>(value.getType());
  auto type = MemRefType::get(shaped.getShape(), shaped.getElementType());
  return known[value] = memref::GlobalOp::create(builder, loc, "table_" + std::to_string(count++),
                                                 builder.getStringAttr("private"), type, value, /*constant=*/true,
                                                 builder.getI64IntegerAttr(kAlignment));
}

Frame::Frame(Steps &steps, NodesInLanes nodes, TileLimits limits, Globals &globals, OpBuilder &builder)
    : steps(steps), nodes(nodes), limits(limits), globals(globals), builder(builder), loc(steps.function().getLoc()) {}

void Frame::create() {
  createFunction();
  chooseCut();
  placeBuffers();
}

/// The signature of runtime/ABI.h. The workspace grows to its size when all buffers are placed.
void Frame::createFunction() {
  int64_t outputBytes = 1;
  for (Value answer : steps.returnOp().getOperands().drop_back())
    outputBytes = std::max(outputBytes, bytesOf(outputType(answer)));
  Type i8 = builder.getI8Type(), f64 = builder.getF64Type();
  int64_t leaves = steps.leafLevel();
  SmallVector<Type> inputs = {bufferType(steps.function().getArgument(0).getType(), leaves, limits.tile),
                              f64,
                              f64,
                              builder.getI64Type(),
                              MemRefType::get({outputBytes}, i8),
                              MemRefType::get({width()}, f64),
                              MemRefType::get({0}, i8)};
  builder.setInsertionPoint(steps.function());
  target = func::FuncOp::create(builder, loc, (steps.function().getName() + "_tile").str(),
                                builder.getFunctionType(inputs, {}));
  Block *entry = target.addEntryBlock();
  for (unsigned pointer : {0u, 4u, 5u, 6u})
    target.setArgAttr(pointer, "llvm.noalias", builder.getUnitAttr());
  target.setArgAttr(6, kWorkspaceAttr, builder.getUnitAttr());
  builder.setInsertionPointToStart(entry);
  buffers[steps.function().getArgument(0)] = {target.getArgument(0), leaves - nodes.level, nodes.level,
                                              nodes.level > 0};
  scalars.map(steps.function().getArgument(1), target.getArgument(1));
  scalars.map(steps.function().getArgument(2), target.getArgument(2));
  for (Operation &op : steps.function().getBody().front()) {
    auto constant = dyn_cast<arith::ConstantOp>(op);
    if (constant && isa<ShapedType>(constant.getType())) {
      memref::GlobalOp global = globals.get(loc, cast<ElementsAttr>(constant.getValue()));
      Value memref = memref::GetGlobalOp::create(builder, loc, global.getType(), global.getSymName());
      buffers[constant] = {memref, global.getType().getRank(), 0, /*inLanes=*/false, /*ofNodes=*/false};
    } else if (constant || (op.getNumResults() == 1 && op.getResult(0).getType().isIntOrFloat())) {
      builder.clone(op, scalars);
    }
  }
}

/// Bytes of what the walk down reads of the walk up below `depth`, for one node there.
int64_t Frame::keptBelow(int64_t depth) {
  int64_t bytes = 0, nodesAtDepth = 1;
  for (int64_t rank = nodes.level; rank < depth; ++rank)
    nodesAtDepth *= steps.rankExtent(rank);
  for (Step &step : steps)
    if (steps.isKept(step) && step.depth > depth)
      bytes += bytesOf(bufferType(step)) / nodesAtDepth;
  return bytes;
}

/// The cost model. While everything kept fits the caches, keeping is cheapest: nothing is computed twice. Beyond, the
/// tree is cut at the highest level whose subtrees fit a core's own cache: messages below the cut are computed on the
/// way up, forgotten, and computed again subtree by subtree on the way down, which costs one more upward pass.
void Frame::chooseCut() {
  int64_t kept = keptBelow(0);
  if (nodes.level > 0 || kept <= limits.keepBytes) {
    keepsMuch = kept > limits.subtreeBytes;
    return;
  }
  for (cut = 1; cut + 1 < steps.deepest(true) && keptBelow(cut) > limits.subtreeBytes; ++cut)
    ;
  SmallVector<Step *> open;
  for (Step &step : steps)
    if (steps.isKept(step) && step.depth > cut)
      open.push_back(&step);
  while (!open.empty()) {
    Step *step = open.pop_back_val();
    if (!recomputed.insert(step).second)
      continue;
    for (Value input : step->op.getInputs())
      if (Step *feeding = steps.producer(input); feeding && feeding->depth > cut)
        open.push_back(feeding);
  }
}

bool Frame::isWritten(Step &step) {
  return (nodes.level == 0 || step.inLanes == lanesNow) && (!again || recomputed.contains(&step));
}

bool Frame::isKeptNow(Step &step) { return steps.isKept(step) && (again || cut < 0 || step.depth <= cut); }

/// Whether a value of nodes at `depth` has those of the level in the lanes there.
bool Frame::standsInLanes(int64_t depth) const { return nodes.level > 0 && depth >= nodes.level; }

/// Columns that the current pass works on.
int64_t Frame::width() const { return nodes.level == 0 || lanesNow ? limits.tile : nodes.width; }

/// Axes of the ranks from `firstRank` up to `lastRank`.
int64_t Frame::axesOf(int64_t firstRank, int64_t lastRank) {
  return llvm::count_if(llvm::seq(firstRank, lastRank), [&](int64_t rank) { return hasAxis(rank); });
}

/// The type of a value of nodes at `depth`, its last axis `columns` wide. Where nodes stand in the lanes, the axes of
/// the ranks on the path to them are not there.
MemRefType Frame::bufferType(Type type, int64_t depth, int64_t columns) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape;
  for (auto [axis, extent] : llvm::enumerate(tensor.getShape())) {
    auto rank = static_cast<int64_t>(axis);
    if (rank >= depth || (rank >= (standsInLanes(depth) ? nodes.level : 0) && hasAxis(rank)))
      shape.push_back(ShapedType::isDynamic(extent) ? columns : extent);
  }
  return MemRefType::get(shape, tensor.getElementType());
}

/// What a step computes, for the whole tree. What is written node by node into the lanes overshoots the last one by
/// less than a vector.
MemRefType Frame::bufferType(Step &step) {
  int64_t columns = nodes.level == 0            ? limits.tile
                    : standsInLanes(step.depth) ? limits.tile + nodes.width
                                                : nodes.width;
  return bufferType(step.op.getResult(0).getType(), step.depth, columns);
}

MemRefType Frame::outputType(Value answer) {
  int64_t depth = steps.producer(answer)->depth;
  bool narrow = nodes.level > 0 && !standsInLanes(depth);
  return bufferType(answer.getType(), depth, narrow ? nodes.width : limits.tile);
}

/// The type of a step's results where the first `ranks` ranks of their buffer are given.
MemRefType Frame::withoutRanks(Step &step, int64_t ranks) {
  MemRefType type = bufferType(step);
  int64_t first = firstRankOf(step);
  return MemRefType::get(type.getShape().drop_front(axesOf(first, first + ranks)), type.getElementType());
}

/// The type of one node's result, as it is stored.
MemRefType Frame::bufferSlice(Step &step) { return withoutRanks(step, step.depth - firstRankOf(step)); }

MemRefType Frame::windowType(Step &step) {
  MemRefType type = bufferSlice(step);
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = width();
  return MemRefType::get(shape, type.getElementType());
}

/// The first rank that has an axis in a step's whole result.
int64_t Frame::firstRankOf(Step &step) const { return standsInLanes(step.depth) ? nodes.level : 0; }

Buffer Frame::bufferOf(Step &step, Value memref) const {
  return {memref, step.depth - firstRankOf(step), firstRankOf(step), standsInLanes(step.depth)};
}

Value Frame::placeInWorkspace(MemRefType type) {
  workspaceBytes = llvm::alignTo(workspaceBytes, kAlignment);
  Value offset = arith::ConstantIndexOp::create(builder, loc, workspaceBytes);
  workspaceBytes += bytesOf(type);
  return memref::ViewOp::create(builder, loc, type, target.getArgument(6), offset, ValueRange());
}

/// One buffer per step: the output itself, a kept tensor, or a node's slice that the walk reuses.
void Frame::placeBuffers() {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  for (auto [number, value] : llvm::enumerate(steps.returnOp().getOperands())) {
    auto type = outputType(value);
    bool isLoglik = static_cast<int64_t>(number) == steps.selectable();
    Value memref = isLoglik ? Value(target.getArgument(5))
                            : memref::ViewOp::create(builder, loc, type, target.getArgument(4), zero, ValueRange());
    outputs.push_back(bufferOf(*steps.producer(value), memref));
  }
  for (Step &step : steps) {
    Value value = step.op.getResult(0);
    if (std::optional<int64_t> number = steps.soleAnswer(step)) {
      buffers[value] = outputs[*number];
    } else if (isKeptNow(step)) {
      buffers[value] = bufferOf(step, placeInWorkspace(bufferType(step)));
    } else if (step.behindSiblings) {
      continue; // a buffer for each sibling, where they are written
    } else if (steps.isReadBehindSiblings(step)) {
      // Siblings in the lanes are side by side already.
      int64_t ranks = standsInLanes(step.depth) && step.depth == nodes.level ? 0 : 1;
      Value slices = placeInWorkspace(withoutRanks(step, step.depth - firstRankOf(step) - ranks));
      buffers[value] = {slices, ranks, step.depth - ranks, standsInLanes(step.depth)};
    } else {
      placeSlice(step);
    }
  }
}

void Frame::placeSubtreeBuffers() {
  if (cut < 0)
    return;
  for (Step &step : steps)
    if (steps.isKept(step) && step.depth > cut)
      buffers[step.op.getResult(0)] = {placeInWorkspace(withoutRanks(step, cut)), step.depth - cut, cut};
}

Value Frame::slice(const Buffer &buffer, ArrayRef<Value> indices) {
  ArrayRef<Value> way = indices;
  SmallVector<OpFoldResult> offsets;
  int64_t last = std::min<int64_t>(buffer.firstRank + buffer.ranks, indices.size());
  for (int64_t rank = buffer.firstRank; rank < last; ++rank)
    if (!buffer.ofNodes || hasAxis(rank))
      offsets.push_back(indices[rank]);
  auto fixed = static_cast<int64_t>(offsets.size());
  if (fixed == 0)
    return window(buffer, buffer.memref, way);
  auto type = cast<MemRefType>(buffer.memref.getType());
  SmallVector<OpFoldResult> sizes(fixed, builder.getIndexAttr(1));
  offsets.append(type.getRank() - fixed, builder.getIndexAttr(0));
  for (int64_t extent : type.getShape().drop_front(fixed))
    sizes.push_back(builder.getIndexAttr(extent));
  SmallVector<OpFoldResult> strides(type.getRank(), builder.getIndexAttr(1));
  auto reduced = cast<MemRefType>(
      memref::SubViewOp::inferRankReducedResultType(type.getShape().drop_front(fixed), type, offsets, sizes, strides));
  return window(buffer, memref::SubViewOp::create(builder, loc, reduced, buffer.memref, offsets, sizes, strides), way);
}

/// The columns of a slice that the current pass works on: all nodes in the lanes, or the vector that begins with the
/// node that `way` leads to. Nodes are passed in order, so what is written beyond a node is written again by the next
/// ones.
Value Frame::window(const Buffer &buffer, Value memref, ArrayRef<Value> way) {
  auto type = cast<MemRefType>(memref.getType());
  if (!buffer.inLanes || (lanesNow && type.getShape().back() == limits.tile))
    return memref;
  SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)), sizes,
      strides(offsets.size(), builder.getIndexAttr(1));
  for (int64_t extent : type.getShape().drop_back())
    sizes.push_back(builder.getIndexAttr(extent));
  sizes.push_back(builder.getIndexAttr(width()));
  if (!lanesNow)
    offsets.back() = laneOf(way);
  return memref::SubViewOp::create(builder, loc, memref, offsets, sizes, strides);
}

/// The lane of the node on the level in the lanes that `way` passes.
Value Frame::laneOf(ArrayRef<Value> way) {
  Value lane = index(0);
  for (int64_t k = 0; k < nodes.level; ++k)
    lane = arith::AddIOp::create(builder, loc, arith::MulIOp::create(builder, loc, lane, index(steps.rankExtent(k))),
                                 way[k]);
  return lane;
}

Value Frame::resultSlice(Step &step) {
  return slice(buffers.at(step.op.getResult(0)), ArrayRef(path).take_front(step.depth));
}

Value Frame::index(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }

void Frame::finish() {
  builder.setInsertionPointToEnd(&target.getBody().front());
  func::ReturnOp::create(builder, loc);
  auto type = MemRefType::get({std::max<int64_t>(workspaceBytes, 1)}, builder.getI8Type());
  target.getArgument(6).setType(type);
  SmallVector<Type> inputs(target.getArgumentTypes());
  inputs[6] = type;
  target.setFunctionType(builder.getFunctionType(inputs, {}));
  Type real = getElementTypeOrSelf(steps.returnOp().getOperand(0).getType());
  auto number = [&](StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  SmallVector<NamedAttribute> facts = {builder.getNamedAttr("dtype", TypeAttr::get(real)), number("tile", limits.tile),
                                       number("workspace", type.getNumElements())};
  if (Type evidence = getElementTypeOrSelf(target.getArgument(0).getType()); evidence.isInteger())
    facts.push_back(number("symbol_bytes", evidence.getIntOrFloatBitWidth() / 8));
  else
    facts.push_back(builder.getNamedAttr("evidence", TypeAttr::get(evidence)));
  if (nodes.level > 0)
    facts.append(
        {number("positions", nodes.level), number("lanes", nodes.width), number("most_batch", nodes.mostBatch)});
  target->setAttr(kKernelAttr, builder.getDictionaryAttr(facts));
  std::string name = steps.function().getName().str();
  steps.function().erase();
  target.setName(name);
}

void Frame::placeSlice(Step &step) {
  buffers[step.op.getResult(0)] = {placeInWorkspace(bufferSlice(step)), 0, 0, standsInLanes(step.depth)};
}

} // namespace espalier
