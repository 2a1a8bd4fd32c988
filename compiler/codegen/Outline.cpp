//===- Outline.cpp - Equal steps, written once ----------------------------===//
//
// The walk writes the steps of every level where they run. Levels with as many states and children take the same steps
// on other buffers, and so do the kernels of a model among each other. This pass moves runs of steps that occur more
// than once into functions, which take the addresses of the slices that they work on. What is then vectorized and
// compiled grows with the number of different levels, not of levels.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

namespace espalier {
#define GEN_PASS_DEF_OUTLINE
#include "compiler/codegen/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

/// A call costs about as much as so many operations on vectors of samples; where the walk spends its time, a run must
/// be worth several.
constexpr int64_t kWorthACall = 4096;

/// Consecutive steps of a block, and what they take from outside.
struct Run {
  SmallVector<Operation *> steps;
  llvm::SetVector<Value> inputs;
  bool isHot = false; ///< among the innermost loops over the tree

  bool holds(Operation *op) const {
    return llvm::any_of(steps, [&](Operation *step) { return step->isAncestor(op); });
  }
};

bool isStep(Operation &op) { return isa<linalg::GenericOp, linalg::FillOp>(op); }

Value rootOf(Value memref) {
  while (auto slice = memref.getDefiningOp<memref::SubViewOp>())
    memref = slice.getSource();
  return memref;
}

/// Strides and offset are known at compile time but for the offset.
std::optional<MemRefType> typeAtZero(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || !type.hasStaticShape() ||
      llvm::any_of(strides, ShapedType::isDynamic))
    return std::nullopt;
  auto layout = StridedLayoutAttr::get(type.getContext(), 0, strides);
  auto result = MemRefType::get(type.getShape(), type.getElementType(), layout);
  return MemRefType::get(type.getShape(), type.getElementType()).getStridesAndOffset().first ==
                 ArrayRef<int64_t>(strides)
             ? MemRefType::get(type.getShape(), type.getElementType())
             : result;
}

/// Work of a run in scalar operations: every step's loops, times the operations of its body.
int64_t workOf(const Run &run) {
  int64_t work = 0;
  for (Operation *step : run.steps)
    if (auto generic = dyn_cast<linalg::GenericOp>(step))
      work += llvm::product_of(generic.getStaticLoopRanges()) *
              static_cast<int64_t>(llvm::range_size(generic.getBody()->without_terminator()));
  return work;
}

/// Values from outside, in the order of their first use. Constants are not counted: the function has its own.
void collectInputs(Run &run) {
  for (Operation *step : run.steps)
    step->walk([&](Operation *op) {
      for (Value operand : op->getOperands()) {
        Operation *source = operand.getDefiningOp();
        bool inside = source ? run.holds(source) : run.holds(cast<BlockArgument>(operand).getOwner()->getParentOp());
        if (!inside && !matchPattern(operand, m_Constant()))
          run.inputs.insert(operand);
      }
    });
}

/// Whether a function can take the run's inputs by address: slices are of known strides, and no two overlap. Slices of
/// one buffer are either one slice, or apart, or one within the other; only the last have different shapes.
bool canOutline(const Run &run) {
  for (auto [i, input] : llvm::enumerate(run.inputs)) {
    auto type = dyn_cast<MemRefType>(input.getType());
    if (!type)
      continue;
    if (!typeAtZero(type))
      return false;
    for (Value other : run.inputs.getArrayRef().take_front(i))
      if (auto otherType = dyn_cast<MemRefType>(other.getType()))
        if (rootOf(other) == rootOf(input) && otherType.getShape() != type.getShape())
          return false;
  }
  return true;
}

/// Runs of a function's blocks. Operations without regions and effects may stand between steps.
void collectRuns(func::FuncOp function, SmallVectorImpl<Run> &runs) {
  auto depthOf = [](Operation *op) {
    int64_t depth = 0;
    for (auto loop = op->getParentOfType<scf::ForOp>(); loop; loop = loop->getParentOfType<scf::ForOp>())
      ++depth;
    return depth;
  };
  size_t first = runs.size();
  int64_t deepest = 0;
  function.walk([&](Block *block) {
    if (isa<linalg::LinalgOp>(block->getParentOp()))
      return;
    Run run;
    auto finish = [&] {
      if (!run.steps.empty())
        runs.push_back(std::move(run));
      run = Run();
    };
    for (Operation &op : *block) {
      if (isStep(op))
        run.steps.push_back(&op);
      else if (op.getNumRegions() > 0 || !isPure(&op))
        finish();
    }
    finish();
  });
  for (Run &run : MutableArrayRef(runs).drop_front(first)) {
    collectInputs(run);
    deepest = std::max(deepest, depthOf(run.steps.front()));
  }
  for (Run &run : MutableArrayRef(runs).drop_front(first))
    run.isHot = depthOf(run.steps.front()) + 1 >= deepest;
}

/// Nothing but the run reads this buffer.
bool isPrivate(const Run &run, Value memref) {
  auto view = memref.getDefiningOp<memref::ViewOp>();
  auto workspace = view ? dyn_cast<BlockArgument>(view.getSource()) : BlockArgument();
  auto function = run.steps.front()->getParentOfType<func::FuncOp>();
  return workspace && function.getArgAttr(workspace.getArgNumber(), kWorkspaceAttr) &&
         llvm::all_of(memref.getUsers(), [&](Operation *user) { return run.holds(user); });
}

/// The slice at an address, as a memref.
Value sliceAt(ImplicitLocOpBuilder &b, Value address, MemRefType type) {
  auto i64 = b.getI64Type();
  auto extents = LLVM::LLVMArrayType::get(i64, type.getRank());
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto descriptor = LLVM::LLVMStructType::getLiteral(b.getContext(), {pointer, pointer, i64, extents, extents});
  auto [strides, offset] = type.getStridesAndOffset();
  Value result = LLVM::PoisonOp::create(b, descriptor);
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    result = LLVM::InsertValueOp::create(b, result, value, position);
  };
  auto number = [&](int64_t value) { return LLVM::ConstantOp::create(b, i64, b.getI64IntegerAttr(value)).getResult(); };
  insert(address, {0});
  insert(address, {1});
  insert(number(0), {2});
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    insert(number(type.getDimSize(axis)), {3, axis});
    insert(number(strides[axis]), {4, axis});
  }
  return UnrealizedConversionCastOp::create(b, type, result).getResult(0);
}

/// The address of a slice.
Value addressOf(ImplicitLocOpBuilder &b, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  auto slice = memref::ExtractStridedMetadataOp::create(b, memref);
  Value bytes = arith::ConstantIndexOp::create(b, type.getElementTypeBitWidth() / 8);
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(b, slice.getBaseBuffer());
  Value address = arith::AddIOp::create(b, base, arith::MulIOp::create(b, slice.getOffset(), bytes));
  Value number = arith::IndexCastOp::create(b, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), number);
}

/// A function of its own with the steps of a run; not in any module yet.
func::FuncOp writeFunction(const Run &run) {
  Location loc = UnknownLoc::get(run.steps.front()->getContext());
  OpBuilder builder(loc.getContext());
  SmallVector<Type> types;
  for (Value input : run.inputs)
    types.push_back(isa<MemRefType>(input.getType()) ? Type(LLVM::LLVMPointerType::get(loc.getContext()))
                                                     : input.getType());
  auto function = func::FuncOp::create(loc, "steps", builder.getFunctionType(types, {}));
  function.setPrivate();
  ImplicitLocOpBuilder b = ImplicitLocOpBuilder::atBlockBegin(loc, function.addEntryBlock());
  IRMapping mapping;
  for (auto [i, input] : llvm::enumerate(run.inputs)) {
    Value argument = function.getArgument(i);
    if (auto type = dyn_cast<MemRefType>(input.getType())) {
      function.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
      argument = sliceAt(b, argument, *typeAtZero(type));
      if (isPrivate(run, input))
        argument.getDefiningOp()->setAttr(kPrivateAttr, b.getUnitAttr());
    }
    mapping.map(input, argument);
  }
  for (Operation *step : run.steps) {
    step->walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        if (!mapping.contains(operand) && matchPattern(operand, m_Constant()) && !run.holds(operand.getDefiningOp()))
          mapping.map(operand, b.clone(*operand.getDefiningOp())->getResult(0));
    });
    b.clone(*step, mapping);
  }
  func::ReturnOp::create(b);
  return function;
}

/// Equal but for the name.
struct SameCode : llvm::DenseMapInfo<Operation *> {
  static unsigned getHashValue(const Operation *op) {
    auto function = cast<func::FuncOp>(const_cast<Operation *>(op));
    llvm::hash_code hash = mlir::hash_value(function.getFunctionType());
    function.getBody().walk([&](Operation *inner) {
      hash = llvm::hash_combine(hash, OperationEquivalence::computeHash(inner, OperationEquivalence::ignoreHashValue,
                                                                        OperationEquivalence::ignoreHashValue,
                                                                        OperationEquivalence::IgnoreLocations));
    });
    return static_cast<unsigned>(static_cast<size_t>(hash));
  }
  static bool isEqual(const Operation *a, const Operation *b) {
    if (a == b)
      return true;
    if (a == getEmptyKey() || a == getTombstoneKey() || b == getEmptyKey() || b == getTombstoneKey())
      return false;
    auto f = cast<func::FuncOp>(const_cast<Operation *>(a)), g = cast<func::FuncOp>(const_cast<Operation *>(b));
    return f.getFunctionType() == g.getFunctionType() && f.getAllArgAttrs() == g.getAllArgAttrs() &&
           OperationEquivalence::isRegionEquivalentTo(&f.getBody(), &g.getBody(),
                                                      OperationEquivalence::IgnoreLocations);
  }
};

struct Outline : espalier::impl::OutlineBase<Outline> {
  void runOnOperation() override {
    SmallVector<Run> runs;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(kKernelAttr))
        collectRuns(function, runs);

    // The runs of each function, which is in the module from its second run on.
    llvm::MapVector<Operation *, SmallVector<Run *>, llvm::DenseMap<Operation *, unsigned, SameCode>> functions;
    for (Run &run : runs) {
      if (!canOutline(run) || (run.isHot && workOf(run) < kWorthACall))
        continue;
      func::FuncOp function = writeFunction(run);
      auto [found, isNew] = functions.insert({function, {}});
      found->second.push_back(&run);
      if (!isNew)
        function.erase();
    }
    int64_t count = 0;
    for (auto &[function, sharing] : functions) {
      if (sharing.size() < 2) {
        function->erase();
        continue;
      }
      cast<func::FuncOp>(function).setName("steps_" + std::to_string(count++));
      getOperation().push_back(function);
      for (Run *run : sharing)
        call(cast<func::FuncOp>(function), *run);
    }
  }

  /// Replaces the steps of a run by a call, where the last of them stood: all its inputs are at hand there.
  static void call(func::FuncOp function, const Run &run) {
    ImplicitLocOpBuilder b(run.steps.back()->getLoc(), run.steps.back());
    SmallVector<Value> arguments;
    for (Value input : run.inputs)
      arguments.push_back(isa<MemRefType>(input.getType()) ? addressOf(b, input) : input);
    func::CallOp::create(b, function, arguments);
    for (Operation *step : run.steps)
      step->erase();
  }
};

} // namespace
