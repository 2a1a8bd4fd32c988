//===- Schedule.cpp - The depth-first walk --------------------------------===//
//
// Takes a function of linalg ops on the tree's index space and writes the walk that computes it for one batch tile. The
// index space makes this simple: an op of depth k belongs into the body of the loops over ranks i1..ik, on slices in
// which those axes are fixed. A reduction over ranks (`over_ranks`) belongs behind the loop over the children that it
// reduces. So the walk is written node by node, one level of recursion per level of the tree, and is as long as the
// tree is deep. docs/rationale-codegen.md shows what comes out.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Passes.h"
#include "compiler/conversion/support/IndexSpace.h"
#include "compiler/conversion/support/Programs.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace espalier {
#define GEN_PASS_DEF_SCHEDULE
#include "compiler/codegen/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

constexpr int64_t kAlignment = 64;

/// Up to so many children are gathered together, behind the loop over them: their messages are then multiplied in
/// registers. More are gathered one by one, into memory.
constexpr int64_t kTogether = 4;

int64_t bytesOf(MemRefType type) { return type.getNumElements() * type.getElementTypeBitWidth() / 8; }

/// One linalg.generic of the function, and what the schedule needs to know of it.
struct Step {
  linalg::GenericOp op;
  int64_t depth = 0;      ///< leading loops that are ranks on the path
  bool overRanks = false; ///< the next loop runs over the children
  bool upward = false;    ///< feeds the root: part of the first nest
  /// Runs behind the loop over the siblings, for each of them: what the gather above them multiplies.
  bool behindSiblings = false;
  /// What is not the child's own of a product over siblings; written by prefix and suffix products.
  bool leavesOneOut = false;
  /// Computed for all nodes of the level in the lanes at once.
  bool inLanes = false;
  /// Results of the function that depend on it, by number.
  llvm::SmallSetVector<int64_t, 4> answers;

  /// Loops whose values are known where the step's code stands.
  int64_t fixedLoops() const { return depth + overRanks; }
};

/// Where a value lives. Its `rankAxes` leading axes are indexed by the path from its rank `firstRank` on: all of them
/// for a whole tensor, none for one node's slice, the last one for the slices of siblings, those below the cut for a
/// subtree's part of a tensor.
struct Buffer {
  Value memref;
  int64_t rankAxes;
  int64_t firstRank = 0;
  /// Where nodes stand in the lanes: the last axis holds them, followed by room for one vector more.
  bool inLanes = false;
};

/// Which nodes stand in the lanes, in place of samples: those of level `level` for one sample, padded to `tile`. What
/// is computed above them has its one sample in the first of `lanes` lanes. Level 0: samples do.
struct Positions {
  int64_t level = 0, lanes = 0, mostBatch = 0;
};

/// Constant tensors as globals of the module, one per distinct attribute.
class Globals {
public:
  explicit Globals(ModuleOp module) : module(module) {
    for (auto global : module.getOps<memref::GlobalOp>())
      known[*global.getInitialValue()] = global;
  }

  memref::GlobalOp get(Location loc, ElementsAttr value) {
    memref::GlobalOp &global = known[value];
    if (global)
      return global;
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto shaped = cast<ShapedType>(value.getType());
    global = memref::GlobalOp::create(builder, loc, "table_" + std::to_string(known.size() - 1),
                                      builder.getStringAttr("private"),
                                      MemRefType::get(shaped.getShape(), shaped.getElementType()), value,
                                      /*constant=*/true, builder.getI64IntegerAttr(kAlignment));
    return global;
  }

private:
  ModuleOp module;
  DenseMap<Attribute, memref::GlobalOp> known;
};

class Walk {
public:
  Walk(func::FuncOp source, int64_t tile, Positions positions, int64_t keepBytes, int64_t subtreeBytes,
       Globals &globals)
      : source(source), tile(tile), positions(positions), keepBytes(keepBytes), subtreeBytes(subtreeBytes),
        globals(globals), builder(source.getContext()), loc(source.getLoc()) {}

  LogicalResult write() {
    if (failed(collect()))
      return failure();
    if (failed(classify()))
      return failure();
    createFunction();
    chooseCut();
    placeBuffers();
    if (positions.level == 0) {
      writeUpward(0);
      placeSubtreeBuffers();
      writeDownward(0);
    } else {
      writeInLanes([&] { writeUpward(positions.level); });
      writeUpward(0);
      writeDownward(0);
      writeInLanes([&] { writeDownwardInLanes(); });
    }
    builder.setInsertionPointToEnd(&target.getBody().front());
    func::ReturnOp::create(builder, loc);
    finish();
    std::string name = source.getName().str();
    source.erase();
    target.setName(name);
    return success();
  }

private:
  //===--------------------------------------------------------------------===//
  // Reading the function
  //===--------------------------------------------------------------------===//

  LogicalResult collect() {
    if (failed(checkProgram(source)))
      return failure();
    for (Operation &op : source.getBody().front()) {
      if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
        auto depth = generic->getAttrOfType<IntegerAttr>(kDepthAttr);
        if (!depth || generic.getNumResults() != 1)
          return generic.emitOpError() << "expects one result and the attribute '" << kDepthAttr << "'";
        bool leavesOneOut = generic->hasAttr(kLeaveOneOutAttr) && combinerOf(generic) && depth.getInt() > 0;
        Step &step = steps.emplace_back();
        step.op = generic;
        step.depth = depth.getInt();
        step.overRanks = generic->hasAttr(kOverRanksAttr);
        step.leavesOneOut = leavesOneOut;
      } else if (!isa<tensor::EmptyOp, tensor::DimOp, linalg::FillOp, func::ReturnOp>(op) &&
                 !isa_and_nonnull<arith::ArithDialect, math::MathDialect>(op.getDialect())) {
        return op.emitOpError() << "is not scheduled: expects linalg.generic, fills, constants and scalars";
      }
    }
    for (auto [i, step] : llvm::enumerate(steps))
      stepOf[step.op.getResult(0)] = i;
    for (Value answer : returnOp().getOperands())
      if (!producer(answer))
        return returnOp().emitOpError() << "expects every answer to be computed by a linalg.generic";
    return success();
  }

  /// The one operation of a sum or product; null where there are others beside those that leave a sibling out.
  static Operation *combinerOf(linalg::GenericOp op) {
    Operation *combiner = nullptr;
    for (Operation &inner : op.getBody()->without_terminator())
      if (isa<arith::AddFOp, arith::MulFOp>(inner))
        combiner = combiner ? nullptr : &inner;
      else if (!isa<linalg::IndexOp, arith::CmpIOp, arith::SelectOp>(inner))
        return nullptr;
    return combiner;
  }

  Step *producer(Value value) {
    auto it = stepOf.find(value);
    return it == stepOf.end() ? nullptr : &steps[it->second];
  }

  func::ReturnOp returnOp() { return cast<func::ReturnOp>(source.getBody().front().getTerminator()); }

  /// The last result is the log-likelihood; those before it are selected from where there are several.
  int64_t selectable() { return returnOp().getNumOperands() - 1; }

  /// Finds the steps of the first nest, and for every step the answers that need it.
  LogicalResult classify() {
    for (auto [number, value] : llvm::enumerate(returnOp().getOperands()))
      if (Step *step = producer(value))
        step->answers.insert(number);
    for (Step &step : llvm::reverse(steps)) {
      step.upward |= step.overRanks;
      for (Value input : step.op.getInputs())
        if (Step *feeding = producer(input)) {
          feeding->upward |= step.upward;
          feeding->answers.insert(step.answers.begin(), step.answers.end());
        }
    }
    for (Step &step : steps)
      deepest[step.upward] = std::max(deepest[step.upward], step.depth);
    if (positions.level > 0 && failed(classifyByLanes()))
      return failure();
    for (Step &step : steps)
      if (gathersTogether(step))
        if (Step *last = lastOfChild(step); last && last->inLanes == step.inLanes)
          last->behindSiblings = true;
    return success();
  }

  /// L: what reads the evidence, reads it at the leaves.
  int64_t leafLevel() {
    int64_t level = 0;
    for (Operation *user : source.getArgument(0).getUsers())
      if (auto generic = dyn_cast<linalg::GenericOp>(user))
        level = std::max(level, producer(generic.getResult(0))->fixedLoops());
    return level;
  }

  /// Whether a step does the same for every node of the level in the lanes: it says nothing of the path to that level
  /// but by reading what each node has of its own.
  bool isSameForAll(Step &step) {
    int64_t level = positions.level;
    if (step.depth < level)
      return false;
    for (auto index : step.op.getBody()->getOps<linalg::IndexOp>())
      if (static_cast<int64_t>(index.getDim()) < level)
        return false;
    for (OpOperand *operand : step.op.getDpsInputOperands()) {
      ArrayRef<AffineExpr> axes = step.op.getMatchingIndexingMap(operand).getResults();
      auto dim = [](AffineExpr axis) { return static_cast<int64_t>(cast<AffineDimExpr>(axis).getPosition()); };
      bool own = static_cast<int64_t>(axes.size()) >= level && !operand->get().getDefiningOp<arith::ConstantOp>();
      for (int64_t k = 0; own && k < level; ++k)
        own = dim(axes[k]) == k;
      if (!own && llvm::any_of(axes, [&](AffineExpr axis) { return dim(axis) < level; }))
        return false;
    }
    return true;
  }

  /// Finds the steps that run for all nodes in the lanes at once: on the way up those that need nothing from above the
  /// level, on the way down those that nothing above needs. Fails where that is not all below the level, or L = level.
  LogicalResult classifyByLanes() {
    for (Step &step : steps)
      if (step.upward)
        step.inLanes = isSameForAll(step) && llvm::all_of(step.op.getInputs(), [&](Value input) {
                         return !producer(input) || producer(input)->inLanes;
                       });
    for (Step &step : llvm::reverse(steps))
      if (!step.upward)
        step.inLanes = isSameForAll(step) && llvm::all_of(step.op->getUsers(), [&](Operation *user) {
                         auto generic = dyn_cast<linalg::GenericOp>(user);
                         return !generic || producer(generic.getResult(0))->inLanes;
                       });
    bool fits = leafLevel() > positions.level;
    for (Step &step : steps) {
      bool isAnswer = llvm::any_of(step.op->getUsers(), llvm::IsaPred<func::ReturnOp>);
      fits &= step.inLanes || (step.depth <= positions.level && !(isAnswer && step.depth == positions.level));
    }
    return success(fits);
  }

  /// Whether an op over ranks runs behind the loop over the children.
  bool gathersTogether(Step &step) {
    return step.overRanks && step.op.getNumDpsInputs() == 1 && rankExtent(step.depth) <= kTogether;
  }

  /// The child's step whose result a gather multiplies in registers: a product with a kernel, or a table look-up. Null
  /// where others of the walk up read that result, for they would have to wait as well.
  Step *lastOfChild(Step &gather) {
    Step *last = producer(gather.op.getInputs()[0]);
    if (!last || last->overRanks || last->depth != gather.depth + 1)
      return nullptr;
    bool readByGatherAlone = llvm::all_of(last->op->getUsers(), [&](Operation *user) {
      auto generic = dyn_cast<linalg::GenericOp>(user);
      return user == gather.op || (generic && !producer(generic.getResult(0))->upward);
    });
    bool product = last->op.getNumReductionLoops() > 0 && !last->op.getBody()->getOps<math::FmaOp>().empty() &&
                   last->op.getBody()->getOps<math::ExpOp>().empty();
    bool lookUp = !last->op.getBody()->getOps<tensor::ExtractOp>().empty();
    return readByGatherAlone && (product || lookUp) ? last : nullptr;
  }

  //===--------------------------------------------------------------------===//
  // The new function
  //===--------------------------------------------------------------------===//

  /// Whether a value of nodes at `depth` has those of the level in the lanes there.
  bool standsInLanes(int64_t depth) const { return positions.level > 0 && depth >= positions.level; }

  /// Columns that the current pass works on.
  int64_t width() const { return positions.level == 0 || lanesNow ? tile : positions.lanes; }

  /// The type of a value of nodes at `depth`, its last axis `columns` wide. Where nodes stand in the lanes, the axes of
  /// the ranks on the path to them are not there.
  MemRefType bufferType(Type type, int64_t depth, int64_t columns) {
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<int64_t> shape(tensor.getShape().drop_front(standsInLanes(depth) ? positions.level : 0));
    for (int64_t &extent : shape)
      if (ShapedType::isDynamic(extent))
        extent = columns;
    return MemRefType::get(shape, tensor.getElementType());
  }

  /// What a step computes, for the whole tree. What is written node by node into the lanes overshoots the last one by
  /// less than a vector.
  MemRefType bufferType(Step &step) {
    int64_t columns = positions.level == 0        ? tile
                      : standsInLanes(step.depth) ? tile + positions.lanes
                                                  : positions.lanes;
    return bufferType(step.op.getResult(0).getType(), step.depth, columns);
  }

  MemRefType outputType(Value answer) {
    int64_t depth = producer(answer)->depth;
    bool narrow = positions.level > 0 && !standsInLanes(depth);
    return bufferType(answer.getType(), depth, narrow ? positions.lanes : tile);
  }

  /// The signature of runtime/ABI.h. The workspace grows to its size when all buffers are placed.
  void createFunction() {
    int64_t outputBytes = 1;
    for (Value answer : returnOp().getOperands().drop_back())
      outputBytes = std::max(outputBytes, bytesOf(outputType(answer)));
    Type i8 = builder.getI8Type(), f64 = builder.getF64Type();
    int64_t leaves = leafLevel();
    SmallVector<Type> inputs = {bufferType(source.getArgument(0).getType(), leaves, tile),
                                f64,
                                f64,
                                builder.getI64Type(),
                                MemRefType::get({outputBytes}, i8),
                                MemRefType::get({width()}, f64),
                                MemRefType::get({0}, i8)};
    builder.setInsertionPoint(source);
    target =
        func::FuncOp::create(builder, loc, (source.getName() + "_tile").str(), builder.getFunctionType(inputs, {}));
    Block *entry = target.addEntryBlock();
    for (unsigned pointer : {0u, 4u, 5u, 6u})
      target.setArgAttr(pointer, "llvm.noalias", builder.getUnitAttr());
    target.setArgAttr(6, kWorkspaceAttr, builder.getUnitAttr());
    builder.setInsertionPointToStart(entry);
    buffers[source.getArgument(0)] = {target.getArgument(0), leaves - positions.level, positions.level,
                                      positions.level > 0};
    scalars.map(source.getArgument(1), target.getArgument(1));
    scalars.map(source.getArgument(2), target.getArgument(2));
    for (Operation &op : source.getBody().front()) {
      auto constant = dyn_cast<arith::ConstantOp>(op);
      if (constant && isa<ShapedType>(constant.getType())) {
        memref::GlobalOp global = globals.get(loc, cast<ElementsAttr>(constant.getValue()));
        Value memref = memref::GetGlobalOp::create(builder, loc, global.getType(), global.getSymName());
        buffers[constant] = {memref, global.getType().getRank()};
      } else if (op.getNumResults() == 1 && op.getResult(0).getType().isIntOrFloat()) {
        builder.clone(op, scalars);
      }
    }
  }

  //===--------------------------------------------------------------------===//
  // Buffers
  //===--------------------------------------------------------------------===//

  /// The second nest reads this value of the first.
  bool isKept(Step &step) {
    return step.upward && llvm::any_of(step.op->getUsers(), [&](Operation *user) {
             auto generic = dyn_cast<linalg::GenericOp>(user);
             return generic && !producer(generic.getResult(0))->upward && step.depth > 0;
           });
  }

  //===--------------------------------------------------------------------===//
  // Keep, or cut and recompute
  //===--------------------------------------------------------------------===//

  /// Bytes of what the walk down reads of the walk up below `depth`, for one node there.
  int64_t keptBelow(int64_t depth) {
    int64_t bytes = 0;
    for (Step &step : steps)
      if (isKept(step) && step.depth > depth) {
        ArrayRef<int64_t> extents = bufferType(step).getShape().take_front(depth);
        bytes += bytesOf(bufferType(step)) / llvm::product_of(extents);
      }
    return bytes;
  }

  /// The cost model. While everything kept fits the caches, keeping is cheapest: nothing is computed twice. Beyond, the
  /// tree is cut at the highest level whose subtrees fit a core's own cache: messages below the cut are computed on the
  /// way up, forgotten, and computed again subtree by subtree on the way down, which costs one more upward pass.
  void chooseCut() {
    int64_t kept = keptBelow(0);
    if (positions.level > 0 || kept <= keepBytes) {
      outgrowsCore = kept > subtreeBytes;
      return;
    }
    for (cut = 1; cut + 1 < deepest[true] && keptBelow(cut) > subtreeBytes; ++cut)
      ;
    SmallVector<Step *> open;
    for (Step &step : steps)
      if (isKept(step) && step.depth > cut)
        open.push_back(&step);
    while (!open.empty()) {
      Step *step = open.pop_back_val();
      if (!recomputed.insert(step).second)
        continue;
      for (Value input : step->op.getInputs())
        if (Step *feeding = producer(input); feeding && feeding->depth > cut)
          open.push_back(feeding);
    }
  }

  /// Whether a step is to be written in the current pass: everything the first time, what the walk down needs the
  /// second.
  bool isWritten(Step &step) {
    return (positions.level == 0 || step.inLanes == lanesNow) && (!again || recomputed.contains(&step));
  }

  /// Whether the current pass keeps what the walk down reads.
  bool isKeptNow(Step &step) { return isKept(step) && (again || cut < 0 || step.depth <= cut); }

  /// Below the cut, what was a slice on the way up is from here on the tensor of one subtree.
  void placeSubtreeBuffers() {
    if (cut < 0)
      return;
    for (Step &step : steps)
      if (isKept(step) && step.depth > cut) {
        MemRefType type = bufferType(step);
        auto subtree = MemRefType::get(type.getShape().drop_front(cut), type.getElementType());
        buffers[step.op.getResult(0)] = {placeInWorkspace(subtree), step.depth - cut, cut};
      }
  }

  /// Siblings' results are needed side by side.
  bool isReadBehindSiblings(Step &step) {
    return step.upward && step.depth > 0 && llvm::any_of(step.op->getUsers(), [&](Operation *user) {
             auto generic = dyn_cast<linalg::GenericOp>(user);
             Step *reader = generic ? producer(generic.getResult(0)) : nullptr;
             return reader && (reader->behindSiblings ? reader->depth == step.depth : gathersTogether(*reader));
           });
  }

  Value placeInWorkspace(MemRefType type) {
    workspaceBytes = llvm::alignTo(workspaceBytes, kAlignment);
    Value offset = arith::ConstantIndexOp::create(builder, loc, workspaceBytes);
    workspaceBytes += bytesOf(type);
    return memref::ViewOp::create(builder, loc, type, target.getArgument(6), offset, ValueRange());
  }

  /// One buffer per step: the output itself, a kept tensor, or a node's slice that the walk reuses.
  void placeBuffers() {
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    for (auto [number, value] : llvm::enumerate(returnOp().getOperands())) {
      auto type = outputType(value);
      bool isLoglik = static_cast<int64_t>(number) == selectable();
      Value memref = isLoglik ? Value(target.getArgument(5))
                              : memref::ViewOp::create(builder, loc, type, target.getArgument(4), zero, ValueRange());
      outputs.push_back(bufferOf(*producer(value), memref));
    }
    for (Step &step : steps) {
      Value value = step.op.getResult(0);
      MemRefType type = bufferType(step);
      if (std::optional<int64_t> number = soleAnswer(step)) {
        buffers[value] = outputs[*number];
      } else if (isKeptNow(step)) {
        buffers[value] = bufferOf(step, placeInWorkspace(type));
      } else if (step.behindSiblings) {
        continue; // a buffer for each sibling, where they are written
      } else if (isReadBehindSiblings(step)) {
        // Siblings in the lanes are side by side already.
        int64_t axes = standsInLanes(step.depth) && step.depth == positions.level ? 0 : 1;
        Value slices = placeInWorkspace(withAxes(type, axes + type.getRank() - rankAxesOf(step)));
        buffers[value] = {slices, axes, step.depth - axes, standsInLanes(step.depth)};
      } else {
        buffers[value] = {placeInWorkspace(bufferSlice(step)), 0, 0, standsInLanes(step.depth)};
      }
    }
  }

  /// Rank axes of a step's whole result.
  int64_t rankAxesOf(Step &step) const { return step.depth - (standsInLanes(step.depth) ? positions.level : 0); }

  Buffer bufferOf(Step &step, Value memref) const {
    bool inLanes = standsInLanes(step.depth);
    return {memref, rankAxesOf(step), inLanes ? positions.level : 0, inLanes};
  }

  /// The last `count` axes of a type.
  static MemRefType withAxes(MemRefType type, int64_t count) {
    return MemRefType::get(type.getShape().take_back(count), type.getElementType());
  }

  /// The answer that a step computes where nothing else reads its result.
  std::optional<int64_t> soleAnswer(Step &step) {
    Value value = step.op.getResult(0);
    if (!value.hasOneUse() || !isa<func::ReturnOp>(*value.getUsers().begin()))
      return std::nullopt;
    return value.getUses().begin()->getOperandNumber();
  }

  /// Gives the workspace its size, and notes on the function what its callers must know.
  void finish() {
    auto type = MemRefType::get({std::max<int64_t>(workspaceBytes, 1)}, builder.getI8Type());
    target.getArgument(6).setType(type);
    SmallVector<Type> inputs(target.getArgumentTypes());
    inputs[6] = type;
    target.setFunctionType(builder.getFunctionType(inputs, {}));
    Type real = getElementTypeOrSelf(returnOp().getOperand(0).getType());
    auto number = [&](StringRef name, int64_t value) {
      return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
    };
    SmallVector<NamedAttribute> facts = {builder.getNamedAttr("dtype", TypeAttr::get(real)), number("tile", tile),
                                         number("workspace", type.getNumElements())};
    if (positions.level > 0)
      facts.append({number("positions", positions.level), number("lanes", positions.lanes),
                    number("most_batch", positions.mostBatch)});
    target->setAttr(kKernelAttr, builder.getDictionaryAttr(facts));
  }

  //===--------------------------------------------------------------------===//
  // The walk
  //===--------------------------------------------------------------------===//

  /// Extent of rank axis k (0-based), from any step that has it.
  int64_t rankExtent(int64_t k) {
    for (Step &step : steps)
      if (step.fixedLoops() > k)
        return step.op.getStaticLoopRanges()[k];
    llvm_unreachable("the walk only goes where steps are");
  }

  /// Opens the loop over the children of the current node; the builder stands in its body.
  scf::ForOp openChildren(int64_t k) {
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0), one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value extent = arith::ConstantIndexOp::create(builder, loc, rankExtent(k));
    auto loop = scf::ForOp::create(builder, loc, zero, extent, one);
    builder.setInsertionPointToStart(loop.getBody());
    path.push_back(loop.getInductionVar());
    return loop;
  }

  void closeChildren(scf::ForOp loop) {
    path.pop_back();
    builder.setInsertionPointAfter(loop);
  }

  /// The node at the end of `path`, after its children.
  void writeUpward(int64_t depth) {
    writeChildren(depth);
    for (Step &step : steps)
      if (step.upward && !step.overRanks && step.depth == depth && !step.behindSiblings && isWritten(step))
        writeInitAndStep(step);
  }

  /// The children of the node at the end of `path`, and what is gathered of them.
  void writeChildren(int64_t depth) {
    SmallVector<Step *> oneByOne, together;
    for (Step &step : steps)
      if (step.upward && step.overRanks && step.depth == depth) {
        if (gathersTogether(step))
          together.push_back(&step);
        else if (isWritten(step))
          oneByOne.push_back(&step);
      }
    for (Step *gather : oneByOne)
      writeInit(*gather);
    if (needsVisit(depth + 1)) {
      scf::ForOp loop = openChildren(depth);
      writeUpward(depth + 1);
      for (Step *gather : oneByOne)
        writeStep(*gather);
      closeChildren(loop);
    }
    for (Step *gather : together)
      writeTogether(*gather);
  }

  /// Whether anything is to be done in the loop over the children at this depth.
  bool needsVisit(int64_t depth) {
    return llvm::any_of(steps, [&](Step &step) {
      return step.upward && !step.behindSiblings && isWritten(step) &&
             (step.overRanks ? step.depth >= depth || (step.depth + 1 == depth && !gathersTogether(step))
                             : step.depth >= depth);
    });
  }

  /// A gather over all children at once, as a chain of ops on two slices; between them, what the children have to do
  /// last, so that each result can be multiplied while it is in registers.
  void writeTogether(Step &gather) {
    Value input = gather.op.getInputs()[0], partial;
    Step *last = producer(input);
    bool waits = last && last->behindSiblings && isWritten(*last);
    int64_t count = rankExtent(gather.depth);
    for (int64_t rank = 0; rank < count; ++rank) {
      path.push_back(arith::ConstantIndexOp::create(builder, loc, rank));
      if (waits) {
        if (!isKeptNow(*last))
          buffers[input] = {placeInWorkspace(bufferSlice(*last)), 0, 0, standsInLanes(last->depth)};
        writeInitAndStep(*last);
      }
      if (isWritten(gather)) {
        Value child = slice(buffers.at(input), path);
        path.pop_back();
        partial = writePartial(gather, partial, child, rank + 1 == count);
      } else {
        path.pop_back();
      }
    }
  }

  /// `partial` (null: where the gather starts) and one more child, into the gather's result or a buffer of its own.
  Value writePartial(Step &gather, Value partial, Value child, bool isLast) {
    Value result = resultSlice(gather);
    if (!isLast)
      result = placeInWorkspace(windowType(gather));
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
          SmallVector<Value> values = {arguments[0], partial ? arguments[1] : scalars.lookup(fill.getInputs()[0])};
          cloneBody(gather, nested, values);
        });
    if (isLast)
      askAhead(op, gather, inputs.size());
    return result;
  }

  /// The type of one node's result, as it is stored.
  MemRefType bufferSlice(Step &step) {
    MemRefType type = bufferType(step);
    return withAxes(type, type.getRank() - rankAxesOf(step));
  }

  /// The type of one node's result, or of that of all nodes in the lanes, as the current pass computes it.
  MemRefType windowType(Step &step) {
    MemRefType type = bufferSlice(step);
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = width();
    return MemRefType::get(shape, type.getElementType());
  }

  /// The node at the end of `path`, before its children. Levels below the selected one are not visited.
  void writeDownward(int64_t depth) {
    writeNode(depth);
    if (depth >= deepest[false] || (depth == positions.level && positions.level > 0 && !lanesNow))
      return;
    auto visit = scf::IfOp::create(builder, loc, compareSelect(arith::CmpIPredicate::sgt, depth), /*withElse=*/false);
    builder.setInsertionPointToStart(visit.thenBlock());
    if (depth == cut) {
      again = true;
      writeChildren(depth);
      again = false;
    }
    for (Step &step : steps)
      if (step.leavesOneOut && !step.upward && step.depth == depth + 1 && isWritten(step))
        writeSuffixes(step);
    scf::ForOp loop = openChildren(depth);
    writeDownward(depth + 1);
    closeChildren(loop);
    builder.setInsertionPointAfter(visit);
  }

  /// Runs what is written for all nodes in the lanes at once: the path to them is left open.
  void writeInLanes(function_ref<void()> write) {
    lanesNow = true;
    path.assign(positions.level, Value());
    write();
    path.clear();
    lanesNow = false;
  }

  void writeDownwardInLanes() {
    Value reached = compareSelect(arith::CmpIPredicate::sge, positions.level);
    auto visit = scf::IfOp::create(builder, loc, reached, /*withElse=*/false);
    builder.setInsertionPointToStart(visit.thenBlock());
    writeDownward(positions.level);
    builder.setInsertionPointAfter(visit);
  }

  Value compareSelect(arith::CmpIPredicate predicate, int64_t number) {
    Value constant = arith::ConstantIntOp::create(builder, loc, number, 64);
    return arith::CmpIOp::create(builder, loc, predicate, target.getArgument(3), constant);
  }

  /// The steps of the second nest at a node, those that only one answer needs under the condition that it is the
  /// selected one.
  void writeNode(int64_t depth) {
    int64_t open = -1;
    for (Step &step : steps) {
      if (step.upward || step.depth != depth || !isWritten(step))
        continue;
      int64_t guard = guardOf(step);
      if (guard != open && open >= 0)
        closeGuard();
      if (guard != open && guard >= 0)
        openGuard(guard);
      open = guard;
      writeInitAndStep(step);
      copyAnswers(step, guard);
    }
    if (open >= 0)
      closeGuard();
  }

  /// The only answer that needs a step; -1 where several do, or there is nothing to select from.
  int64_t guardOf(Step &step) {
    return selectable() > 1 && step.answers.size() == 1 && step.answers[0] < selectable() ? step.answers[0] : -1;
  }

  /// A result that other steps read as well is copied out where it is the selected answer.
  void copyAnswers(Step &step, int64_t guard) {
    for (OpOperand &use : step.op.getResult(0).getUses()) {
      if (!isa<func::ReturnOp>(use.getOwner()) || soleAnswer(step))
        continue;
      int64_t number = use.getOperandNumber();
      bool guarded = selectable() > 1 && guard < 0;
      if (guarded)
        openGuard(number);
      memref::CopyOp::create(builder, loc, slice(buffers[step.op.getResult(0)], path), slice(outputs[number], path));
      if (guarded)
        closeGuard();
    }
  }

  void openGuard(int64_t answer) {
    auto guard = scf::IfOp::create(builder, loc, compareSelect(arith::CmpIPredicate::eq, answer), /*withElse=*/false);
    builder.setInsertionPointToStart(guard.thenBlock());
  }

  void closeGuard() { builder.setInsertionPointAfter(builder.getInsertionBlock()->getParentOp()); }

  //===--------------------------------------------------------------------===//
  // Products that leave one sibling out
  //===--------------------------------------------------------------------===//

  /// The slice of a sibling, `rank` an index, of the children of the node that `path` leads to.
  Value siblingSlice(Step &step, Value rank) {
    SmallVector<Value> sibling(ArrayRef<Value>(path).take_front(step.depth - 1));
    sibling.push_back(rank);
    return slice(buffers.at(step.op.getInputs()[0]), sibling);
  }

  Value fillOf(Step &step) {
    return scalars.lookup(step.op.getOutputs()[0].getDefiningOp<linalg::FillOp>().getInputs()[0]);
  }

  /// result = inputs[0], or inputs[0] and inputs[1] combined as the step combines.
  void writeCombined(Step &step, ValueRange inputs, Value result) {
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
                                            value = nested.clone(*combinerOf(step.op), mapping)->getResult(0);
                                          }
                                          linalg::YieldOp::create(nested, loc, value);
                                        });
    if (Step *siblings = producer(step.op.getInputs()[0]))
      askAhead(op, *siblings, 0);
  }

  /// Kept messages are written once and read once, each in a slice of its own, farther apart and for more of them than
  /// the hardware foresees. The slices of the next parent's children are asked for while those of this one's are used.
  void askAhead(linalg::GenericOp op, Step &kept, unsigned operand) {
    if (!outgrowsCore || !isKeptNow(kept) || kept.depth < 2)
      return;
    auto type = cast<MemRefType>(op->getOperand(operand).getType());
    SmallVector<int64_t> ahead(op->getNumOperands(), 0);
    if (auto known = op->getAttrOfType<DenseI64ArrayAttr>(kAheadAttr))
      llvm::copy(known.asArrayRef(), ahead.begin());
    ahead[operand] = rankExtent(kept.depth - 1) * type.getNumElements() / type.getShape().back();
    op->setAttr(kAheadAttr, builder.getDenseI64ArrayAttr(ahead));
  }

  void askAheadOfInputs(linalg::GenericOp op, Step &step) {
    for (OpOperand *input : step.op.getDpsInputOperands())
      if (Step *source = producer(input->get());
          source && !step.upward && source->upward && source->depth == step.depth)
        askAhead(op, *source, input->getOperandNumber());
  }

  /// At the parent, before its children: for each of them the product of those behind it. Two children need none: each
  /// one's others are the other.
  void writeSuffixes(Step &step) {
    int64_t count = rankExtent(step.depth - 1);
    if (count <= 2)
      return;
    MemRefType type = windowType(step);
    SmallVector<int64_t> shape = {count};
    llvm::append_range(shape, type.getShape());
    Scan &scan = scans[&step];
    scan.suffixes = {placeInWorkspace(MemRefType::get(shape, type.getElementType())), 1};
    scan.prefix = placeInWorkspace(type);
    Value zero = index(0), last = index(count - 1);
    linalg::FillOp::create(builder, loc, fillOf(step), scan.prefix);
    linalg::FillOp::create(builder, loc, fillOf(step), slice(scan.suffixes, {last}));
    auto loop = scf::ForOp::create(builder, loc, zero, last, index(1));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value behind = arith::SubIOp::create(builder, loc, last, loop.getInductionVar());
    Value here = arith::SubIOp::create(builder, loc, behind, index(1));
    writeCombined(step, {siblingSlice(step, behind), slice(scan.suffixes, {behind})}, slice(scan.suffixes, {here}));
  }

  /// At a child: the product of those before it, which then includes the child, and of those behind it.
  void writeOthers(Step &step) {
    Value own = path[step.depth - 1], result = resultSlice(step);
    int64_t count = rankExtent(step.depth - 1);
    if (count == 1) {
      linalg::FillOp::create(builder, loc, fillOf(step), result);
    } else if (count == 2) {
      Value other = arith::SubIOp::create(builder, loc, index(1), own);
      writeCombined(step, {siblingSlice(step, other)}, result);
    } else {
      Scan &scan = scans[&step];
      writeCombined(step, {scan.prefix, slice(scan.suffixes, {own})}, result);
      writeCombined(step, {siblingSlice(step, own), scan.prefix}, scan.prefix);
    }
  }

  Value index(int64_t value) { return arith::ConstantIndexOp::create(builder, loc, value); }

  //===--------------------------------------------------------------------===//
  // One step at one node
  //===--------------------------------------------------------------------===//

  /// The node's slice of a buffer: leading axes fixed to `indices`, as far as the buffer has them.
  Value slice(const Buffer &buffer, ArrayRef<Value> indices) {
    ArrayRef<Value> way = indices;
    indices = indices.drop_front(std::min<int64_t>(buffer.firstRank, indices.size()));
    int64_t fixed = std::min<int64_t>(buffer.rankAxes, indices.size());
    if (fixed == 0)
      return window(buffer, buffer.memref, way);
    auto type = cast<MemRefType>(buffer.memref.getType());
    SmallVector<OpFoldResult> offsets(indices.take_front(fixed)), sizes(fixed, builder.getIndexAttr(1));
    offsets.append(type.getRank() - fixed, builder.getIndexAttr(0));
    for (int64_t extent : type.getShape().drop_front(fixed))
      sizes.push_back(builder.getIndexAttr(extent));
    SmallVector<OpFoldResult> strides(type.getRank(), builder.getIndexAttr(1));
    auto reduced = cast<MemRefType>(memref::SubViewOp::inferRankReducedResultType(type.getShape().drop_front(fixed),
                                                                                  type, offsets, sizes, strides));
    return window(buffer, memref::SubViewOp::create(builder, loc, reduced, buffer.memref, offsets, sizes, strides),
                  way);
  }

  /// The columns of a slice that the current pass works on: all nodes in the lanes, or the vector that begins with the
  /// node that `way` leads to. Nodes are passed in order, so what is written beyond a node is written again by the next
  /// ones.
  Value window(const Buffer &buffer, Value memref, ArrayRef<Value> way) {
    auto type = cast<MemRefType>(memref.getType());
    if (!buffer.inLanes || (lanesNow && type.getShape().back() == tile))
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
  Value laneOf(ArrayRef<Value> way) {
    Value lane = index(0);
    for (int64_t k = 0; k < positions.level; ++k)
      lane =
          arith::AddIOp::create(builder, loc, arith::MulIOp::create(builder, loc, lane, index(rankExtent(k))), way[k]);
    return lane;
  }

  /// An operand's slice at the current node, and its map without the fixed loops.
  std::pair<Value, AffineMap> operandSlice(Step &step, OpOperand *operand) {
    AffineMap map = step.op.getMatchingIndexingMap(operand);
    SmallVector<Value> indices;
    for (AffineExpr result : map.getResults()) {
      int64_t loop = cast<AffineDimExpr>(result).getPosition();
      if (loop >= step.fixedLoops())
        break;
      indices.push_back(path[loop]);
    }
    SmallVector<AffineExpr> rest;
    for (AffineExpr result : map.getResults().drop_front(indices.size()))
      rest.push_back(builder.getAffineDimExpr(cast<AffineDimExpr>(result).getPosition() - step.fixedLoops()));
    Value memref = slice(buffers.at(operand->get()), indices);
    return {memref, AffineMap::get(map.getNumDims() - step.fixedLoops(), 0, rest, builder.getContext())};
  }

  /// The result's slice at the node that owns it.
  Value resultSlice(Step &step) {
    return slice(buffers.at(step.op.getResult(0)), ArrayRef(path).take_front(step.depth));
  }

  void writeInit(Step &step) {
    auto fill = step.op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
    if (fill)
      linalg::FillOp::create(builder, loc, scalars.lookup(fill.getInputs()[0]), resultSlice(step));
  }

  void writeInitAndStep(Step &step) {
    if (step.leavesOneOut && !step.upward)
      return writeOthers(step);
    writeInit(step);
    writeStep(step);
  }

  void writeStep(Step &step) {
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
        builder, loc, inputs, resultSlice(step), maps, ArrayRef(iterators).drop_front(step.fixedLoops()),
        [&](OpBuilder &nested, Location, ValueRange arguments) { cloneBody(step, nested, arguments); });
    askAheadOfInputs(op, step);
    if (step.upward)
      askAhead(op, step, op.getNumDpsInputs());
  }

  /// The step's body on the slices: loop numbers shift, fixed loops are the walk's own, tables are read from memory.
  void cloneBody(Step &step, OpBuilder &nested, ValueRange arguments) {
    IRMapping mapping(scalars);
    mapping.map(step.op.getRegionInputArgs(), arguments.drop_back());
    mapping.map(step.op.getRegionOutputArgs(), arguments.take_back());
    for (Operation &op : *step.op.getBody()) {
      if (auto index = dyn_cast<linalg::IndexOp>(op)) {
        int64_t loop = index.getDim();
        mapping.map(index.getResult(),
                    loop < step.fixedLoops()
                        ? path[loop]
                        : linalg::IndexOp::create(nested, loc, loop - step.fixedLoops()).getResult());
      } else if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
        SmallVector<Value> indices;
        for (Value index : extract.getIndices())
          indices.push_back(mapping.lookup(index));
        Value table = buffers.at(extract.getTensor()).memref;
        mapping.map(extract.getResult(), memref::LoadOp::create(nested, loc, table, indices).getResult());
      } else {
        nested.clone(op, mapping);
      }
    }
  }

  func::FuncOp source, target;
  int64_t tile;
  Positions positions;
  bool lanesNow = false; ///< writing what is computed for all nodes in the lanes at once
  int64_t keepBytes, subtreeBytes;
  Globals &globals;
  OpBuilder builder;
  Location loc;
  SmallVector<Step> steps;
  DenseMap<Value, size_t> stepOf;
  int64_t deepest[2] = {0, 0}; ///< by `upward`
  llvm::DenseMap<Value, Buffer> buffers;
  SmallVector<Buffer> outputs;
  /// Running products over siblings: of those behind each child, and of those before the current one.
  struct Scan {
    Buffer suffixes;
    Value prefix;
  };
  DenseMap<Step *, Scan> scans;
  IRMapping scalars;
  SmallVector<Value> path; ///< loops over ranks that the builder stands in
  int64_t workspaceBytes = 0;
  int64_t cut = -1;                         ///< level below which messages are not kept; -1: all are
  bool outgrowsCore = false;                ///< all messages are kept, and do not fit a core's own cache
  llvm::SmallPtrSet<Step *, 16> recomputed; ///< steps below the cut that the walk down needs
  bool again = false;                       ///< writing the second pass over a subtree
};

struct Schedule : espalier::impl::ScheduleBase<Schedule> {
  using ScheduleBase::ScheduleBase;

  void runOnOperation() override {
    Globals globals(getOperation());
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (function.getNumResults() == 0)
        continue;
      if (positionsLevel > 0 && function.getName().starts_with("bp_") && !function.getName().ends_with("_soft"))
        writeForPositions(function, globals);
      if (failed(Walk(function, tile, {}, keepBytes, subtreeBytes, globals).write()))
        return signalPassFailure();
    }
  }

  /// One more kernel, for one sample at a time, where the model's kernels are the same for all nodes in the lanes.
  void writeForPositions(func::FuncOp function, Globals &globals) {
    OpBuilder builder(function.getContext());
    builder.setInsertionPointAfter(function);
    auto copy = cast<func::FuncOp>(builder.clone(*function));
    copy.setName((function.getName() + kPositionsSuffix).str());
    Positions positions{positionsLevel, positionsLanes, positionsBatch};
    if (failed(Walk(copy, positionsTile, positions, keepBytes, subtreeBytes, globals).write()))
      copy.erase();
  }
};

} // namespace
