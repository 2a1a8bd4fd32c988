//===- Steps.cpp - The steps of a function ----------------------*- C++ -*-===//

#include "compiler/codegen/schedule/Steps.h"

#include "compiler/conversion/support/IndexSpace.h"
#include "compiler/conversion/support/Programs.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace espalier {

/// Up to so many children are gathered together, behind the loop over them: their messages are then multiplied in
/// registers. More are gathered one by one, into memory.
constexpr int64_t kTogether = 4;

LogicalResult Steps::read() { return success(succeeded(collect()) && succeeded(classify())); }

LogicalResult Steps::collect() {
  if (failed(checkProgram(source)))
    return failure();
  for (Operation &op : source.getBody().front()) {
    if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
      auto depth = generic->getAttrOfType<IntegerAttr>(kDepthAttr);
      if (!depth || generic.getNumResults() != 1)
        return generic.emitOpError() << "expects one result and the attribute '" << kDepthAttr << "'";
      int64_t most = generic.getNumLoops() - generic->hasAttr(kOverRanksAttr);
      if (depth.getInt() < 0 || depth.getInt() > most)
        return generic.emitOpError() << "expects a depth in 0.." << most << ", got " << depth.getInt();
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
  for (auto [i, step] : llvm::enumerate(steps)) {
    stepOf[step.op.getResult(0)] = i;
    if (auto ranks = static_cast<size_t>(step.fixedLoops()); ranks > extents.size())
      extents = ArrayRef(step.op.getStaticLoopRanges()).take_front(ranks).vec();
  }
  for (Value answer : returnOp().getOperands())
    if (!producer(answer))
      return returnOp().emitOpError() << "expects every answer to be computed by a linalg.generic";
  return success();
}

Operation *Steps::combinerOf(linalg::GenericOp op) {
  Operation *combiner = nullptr;
  for (Operation &inner : op.getBody()->without_terminator())
    if (isa<arith::AddFOp, arith::MulFOp>(inner))
      combiner = combiner ? nullptr : &inner;
    else if (!isa<linalg::IndexOp, arith::CmpIOp, arith::SelectOp>(inner))
      return nullptr;
  return combiner;
}

Step *Steps::producer(Value value) {
  auto it = stepOf.find(value);
  return it == stepOf.end() ? nullptr : &steps[it->second];
}

func::ReturnOp Steps::returnOp() { return cast<func::ReturnOp>(source.getBody().front().getTerminator()); }

int64_t Steps::selectable() { return returnOp().getNumOperands() - 1; }

/// Finds the steps of the first nest, and for every step the answers that need it.
LogicalResult Steps::classify() {
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
    deepestLevel[step.upward] = std::max(deepestLevel[step.upward], step.depth);
  if (nodes.level > 0 && failed(classifyByLanes()))
    return failure();
  for (Step &step : steps)
    if (gathersTogether(step))
      if (Step *last = lastOfChild(step); last && last->inLanes == step.inLanes)
        last->behindSiblings = true;
  return success();
}

int64_t Steps::leafLevel() {
  int64_t level = 0;
  for (Operation *user : source.getArgument(0).getUsers())
    if (auto generic = dyn_cast<linalg::GenericOp>(user))
      level = std::max(level, producer(generic.getResult(0))->fixedLoops());
  return level;
}

/// Whether a step does the same for every node of the level in the lanes: it says nothing of the path to that level but
/// by reading what each node has of its own.
bool Steps::isSameForAll(Step &step) {
  int64_t level = nodes.level;
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
LogicalResult Steps::classifyByLanes() {
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
  bool fits = leafLevel() > nodes.level;
  for (Step &step : steps) {
    bool isAnswer = llvm::any_of(step.op->getUsers(), llvm::IsaPred<func::ReturnOp>);
    // Above the level, lanes without a node hold anything: that must not choose a row of a table.
    bool looksUp = !step.op.getBody()->getOps<tensor::ExtractOp>().empty();
    fits &= step.inLanes || (!looksUp && step.depth <= nodes.level && !(isAnswer && step.depth == nodes.level));
  }
  return success(fits);
}

bool Steps::gathersTogether(Step &step) {
  return step.overRanks && step.op.getNumDpsInputs() == 1 && rankExtent(step.depth) <= kTogether;
}

/// The child's step whose result a gather multiplies in registers: a product with a kernel, or a table look-up. Null
/// where others of the walk up read that result, for they would have to wait as well.
Step *Steps::lastOfChild(Step &gather) {
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

bool Steps::isKept(Step &step) {
  return step.upward && llvm::any_of(step.op->getUsers(), [&](Operation *user) {
           auto generic = dyn_cast<linalg::GenericOp>(user);
           return generic && !producer(generic.getResult(0))->upward && step.depth > 0;
         });
}

bool Steps::isReadBehindSiblings(Step &step) {
  return step.upward && step.depth > 0 && llvm::any_of(step.op->getUsers(), [&](Operation *user) {
           auto generic = dyn_cast<linalg::GenericOp>(user);
           Step *reader = generic ? producer(generic.getResult(0)) : nullptr;
           return reader && (reader->behindSiblings ? reader->depth == step.depth : gathersTogether(*reader));
         });
}

std::optional<int64_t> Steps::soleAnswer(Step &step) {
  Value value = step.op.getResult(0);
  if (!value.hasOneUse() || !isa<func::ReturnOp>(*value.getUsers().begin()))
    return std::nullopt;
  return value.getUses().begin()->getOperandNumber();
}

int64_t Steps::guardOf(Step &step) {
  return selectable() > 1 && step.answers.size() == 1 && step.answers[0] < selectable() ? step.answers[0] : -1;
}

} // namespace espalier
