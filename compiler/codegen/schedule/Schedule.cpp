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
#include "compiler/codegen/schedule/StepWriter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace espalier {
#define GEN_PASS_DEF_SCHEDULE
#include "compiler/codegen/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

/// A chain of only children of at least this length has its links marked: shorter ones are worth no calls.
constexpr int64_t kLongChain = 8;

/// Marks the steps that are written with the link of the chain that the walk stands at: only children have no loop
/// around them that would tell one level's steps from the next one's.
struct LinkMarker : OpBuilder::Listener {
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) override {
    if (isMarking && link > 0 && isa<linalg::LinalgOp>(op))
      op->setAttr(kLinkAttr, Builder(op->getContext()).getI64IntegerAttr(link));
  }

  bool isMarking = false;
  int64_t link = 0;
};

/// Writes the tile function of one function, step by step.
class Walk {
public:
  Walk(func::FuncOp source, NodesInLanes nodes, TileLimits limits, Globals &globals)
      : nodes(nodes), builder(source.getContext()), loc(source.getLoc()), steps(source, nodes),
        frame(steps, nodes, limits, globals, builder), writer(steps, frame, builder) {}

  LogicalResult write() {
    if (failed(steps.read()))
      return failure();
    frame.create();
    marker.isMarking = steps.onlyChildren() >= kLongChain;
    builder.setListener(&marker);
    if (nodes.level == 0) {
      writeUpward(0);
      frame.placeSubtreeBuffers();
      writeDownward(0);
    } else {
      writeInLanes([&] { writeUpward(nodes.level); });
      writeUpward(0);
      writeDownward(0);
      writeInLanes([&] { writeDownwardInLanes(); });
    }
    frame.finish();
    return success();
  }

private:
  /// Opens the loop over the children of the current node, where there are several; the builder stands in its body.
  scf::ForOp openChildren(int64_t k) {
    Value zero = frame.index(0);
    if (steps.rankExtent(k) == 1) {
      frame.path.push_back(zero);
      ++marker.link;
      return nullptr;
    }
    auto loop = scf::ForOp::create(builder, loc, zero, frame.index(steps.rankExtent(k)), frame.index(1));
    builder.setInsertionPointToStart(loop.getBody());
    frame.path.push_back(loop.getInductionVar());
    return loop;
  }

  void closeChildren(scf::ForOp loop) {
    frame.path.pop_back();
    if (loop)
      builder.setInsertionPointAfter(loop);
    else
      --marker.link;
  }

  /// The node at the end of `path`, after its children.
  void writeUpward(int64_t depth) {
    writeChildren(depth);
    for (Step &step : steps)
      if (step.upward && !step.overRanks && step.depth == depth && !step.behindSiblings && frame.isWritten(step))
        writer.writeInitAndStep(step);
  }

  /// The children of the node at the end of `path`, and what is gathered of them.
  void writeChildren(int64_t depth) {
    SmallVector<Step *> oneByOne, together;
    for (Step &step : steps)
      if (step.upward && step.overRanks && step.depth == depth) {
        if (steps.gathersTogether(step))
          together.push_back(&step);
        else if (frame.isWritten(step))
          oneByOne.push_back(&step);
      }
    for (Step *gather : oneByOne)
      writer.writeInit(*gather);
    if (needsVisit(depth + 1)) {
      scf::ForOp loop = openChildren(depth);
      writeUpward(depth + 1);
      for (Step *gather : oneByOne)
        writer.writeStep(*gather);
      closeChildren(loop);
    }
    for (Step *gather : together)
      writeTogether(*gather);
  }

  /// Whether anything is to be done in the loop over the children at this depth.
  bool needsVisit(int64_t depth) {
    return llvm::any_of(steps, [&](Step &step) {
      return step.upward && !step.behindSiblings && frame.isWritten(step) &&
             (step.overRanks ? step.depth >= depth || (step.depth + 1 == depth && !steps.gathersTogether(step))
                             : step.depth >= depth);
    });
  }

  /// A gather over all children at once, as a chain of ops on two slices; between them, what the children have to do
  /// last, so that each result can be multiplied while it is in registers.
  void writeTogether(Step &gather) {
    Value input = gather.op.getInputs()[0], partial;
    Step *last = steps.producer(input);
    bool waits = last && last->behindSiblings && frame.isWritten(*last);
    int64_t count = steps.rankExtent(gather.depth);
    for (int64_t rank = 0; rank < count; ++rank) {
      frame.path.push_back(arith::ConstantIndexOp::create(builder, loc, rank));
      if (waits) {
        if (!frame.isKeptNow(*last))
          frame.placeSlice(*last);
        writer.writeInitAndStep(*last);
      }
      if (frame.isWritten(gather)) {
        Value child = frame.slice(frame.bufferAt(input), frame.path);
        frame.path.pop_back();
        partial = writer.writePartial(gather, partial, child, rank + 1 == count);
      } else {
        frame.path.pop_back();
      }
    }
  }

  /// The node at the end of `path`, before its children. Levels below the selected one are not visited.
  void writeDownward(int64_t depth) {
    writeNode(depth);
    if (depth >= steps.deepest(false) || (depth == nodes.level && nodes.level > 0 && !frame.lanesNow))
      return;
    auto visit = scf::IfOp::create(builder, loc, compareSelect(arith::CmpIPredicate::sgt, depth), /*withElse=*/false);
    builder.setInsertionPointToStart(visit.thenBlock());
    if (depth == frame.cutLevel()) {
      frame.again = true;
      writeChildren(depth);
      frame.again = false;
    }
    for (Step &step : steps)
      if (step.leavesOneOut && !step.upward && step.depth == depth + 1 && frame.isWritten(step))
        writer.writeSuffixes(step);
    scf::ForOp loop = openChildren(depth);
    writeDownward(depth + 1);
    closeChildren(loop);
    builder.setInsertionPointAfter(visit);
  }

  /// Runs what is written for all nodes in the lanes at once: the path to them is left open.
  void writeInLanes(function_ref<void()> write) {
    frame.lanesNow = true;
    frame.path.assign(nodes.level, Value());
    write();
    frame.path.clear();
    frame.lanesNow = false;
  }

  void writeDownwardInLanes() {
    Value reached = compareSelect(arith::CmpIPredicate::sge, nodes.level);
    auto visit = scf::IfOp::create(builder, loc, reached, /*withElse=*/false);
    builder.setInsertionPointToStart(visit.thenBlock());
    writeDownward(nodes.level);
    builder.setInsertionPointAfter(visit);
  }

  Value compareSelect(arith::CmpIPredicate predicate, int64_t number) {
    Value constant = arith::ConstantIntOp::create(builder, loc, number, 64);
    return arith::CmpIOp::create(builder, loc, predicate, frame.selected(), constant);
  }

  /// The steps of the second nest at a node, those that only one answer needs under the condition that it is the
  /// selected one.
  void writeNode(int64_t depth) {
    int64_t open = -1;
    for (Step &step : steps) {
      if (step.upward || step.depth != depth || !frame.isWritten(step))
        continue;
      int64_t guard = steps.guardOf(step);
      if (guard != open && open >= 0)
        closeGuard();
      if (guard != open && guard >= 0)
        openGuard(guard);
      open = guard;
      writer.writeInitAndStep(step);
      copyAnswers(step, guard);
    }
    if (open >= 0)
      closeGuard();
  }

  /// A result that other steps read as well is copied out where it is the selected answer.
  void copyAnswers(Step &step, int64_t guard) {
    for (OpOperand &use : step.op.getResult(0).getUses()) {
      if (!isa<func::ReturnOp>(use.getOwner()) || steps.soleAnswer(step))
        continue;
      int64_t number = use.getOperandNumber();
      bool guarded = steps.selectable() > 1 && guard < 0;
      if (guarded)
        openGuard(number);
      memref::CopyOp::create(builder, loc, frame.slice(frame.bufferAt(step.op.getResult(0)), frame.path),
                             frame.slice(frame.outputs[number], frame.path));
      if (guarded)
        closeGuard();
    }
  }

  void openGuard(int64_t answer) {
    auto guard = scf::IfOp::create(builder, loc, compareSelect(arith::CmpIPredicate::eq, answer), /*withElse=*/false);
    builder.setInsertionPointToStart(guard.thenBlock());
  }

  void closeGuard() { builder.setInsertionPointAfter(builder.getInsertionBlock()->getParentOp()); }

  NodesInLanes nodes;
  LinkMarker marker;
  OpBuilder builder;
  Location loc;
  Steps steps;
  Frame frame;
  StepWriter writer;
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
      int64_t samples = walksDown(function) && downTile > 0 ? downTile : tile;
      if (failed(Walk(function, {}, {samples, keepBytes, subtreeBytes}, globals).write()))
        return signalPassFailure();
    }
  }

  /// Whether a program answers for other levels than the root's.
  static bool walksDown(func::FuncOp function) { return function.getNumResults() > 2; }

  /// One more kernel, for one sample at a time, where the model's kernels are the same for all nodes in the lanes.
  void writeForPositions(func::FuncOp function, Globals &globals) {
    OpBuilder builder(function.getContext());
    builder.setInsertionPointAfter(function);
    auto copy = cast<func::FuncOp>(builder.clone(*function));
    copy.setName((function.getName() + kPositionsSuffix).str());
    NodesInLanes nodes{positionsLevel, positionsLanes, positionsBatch};
    if (failed(Walk(copy, nodes, {positionsTile, keepBytes, subtreeBytes}, globals).write()))
      copy.erase();
  }
};

} // namespace
