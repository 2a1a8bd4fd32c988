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

/// The link of a long chain that a step belongs to; 0: none.
int64_t linkOf(Operation *step) {
  auto link = step->getAttrOfType<IntegerAttr>(kLinkAttr);
  return link ? link.getInt() : 0;
}

Value rootOf(Value memref) {
  while (auto slice = memref.getDefiningOp<memref::SubViewOp>())
    memref = slice.getSource();
  return memref;
}

/// The type of a slice that begins at its own address; none where its strides are not known. Slices begin where slicing
/// says, so roots begin at their address.
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

/// Whether two slices of one buffer may share elements without being one slice. Slices are one slice, or apart, or one
/// within the other, which have different shapes; or windows of nodes in the lanes, which overlap.
bool mayOverlap(Value a, Value b) {
  if (rootOf(a) != rootOf(b))
    return false;
  ArrayRef<int64_t> root = cast<MemRefType>(rootOf(a).getType()).getShape();
  ArrayRef<int64_t> first = cast<MemRefType>(a.getType()).getShape(), second = cast<MemRefType>(b.getType()).getShape();
  return first != second || first.back() != root.back();
}

/// Whether a function can take the run's inputs by address: slices are of known strides, and no two overlap.
bool canOutline(const Run &run) {
  for (auto [i, input] : llvm::enumerate(run.inputs)) {
    auto type = dyn_cast<MemRefType>(input.getType());
    if (!type)
      continue;
    if (!typeAtZero(type))
      return false;
    for (Value other : run.inputs.getArrayRef().take_front(i))
      if (isa<MemRefType>(other.getType()) && mayOverlap(other, input))
        return false;
  }
  return true;
}

/// Runs of a function's blocks, one for each link of a chain. Operations without regions and effects may stand between
/// steps.
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
      if (isStep(op)) {
        if (!run.steps.empty() && linkOf(&op) != linkOf(run.steps.back()))
          finish();
        run.steps.push_back(&op);
      } else if (op.getNumRegions() > 0 || !isPure(&op)) {
        finish();
      }
    }
    finish();
  });
  for (Run &run : MutableArrayRef(runs).drop_front(first)) {
    collectInputs(run);
    deepest = std::max(deepest, depthOf(run.steps.front()));
  }
  // Of long chains there would be too much code.
  for (Run &run : MutableArrayRef(runs).drop_front(first))
    run.isHot = depthOf(run.steps.front()) + 1 >= deepest && linkOf(run.steps.front()) == 0;
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

/// The address of a slice: that of the buffer behind it, plus what slicing skips. Written out here, because there are
/// many of them, and general ways to lower slices take their time.
Value addressOf(ImplicitLocOpBuilder &b, Value memref) {
  int64_t bytes = cast<MemRefType>(memref.getType()).getElementTypeBitWidth() / 8, skipped = 0;
  Value varying;
  auto add = [&](Value index, int64_t stride) {
    Value term = arith::MulIOp::create(b, index, arith::ConstantIndexOp::create(b, stride * bytes));
    varying = varying ? arith::AddIOp::create(b, varying, term) : term;
  };
  while (auto slice = memref.getDefiningOp<memref::SubViewOp>()) {
    auto [strides, offset] = slice.getSourceType().getStridesAndOffset();
    for (auto [position, stride] : llvm::zip(slice.getMixedOffsets(), strides)) {
      if (std::optional<int64_t> constant = getConstantIntValue(position))
        skipped += *constant * stride * bytes;
      else
        add(cast<Value>(position), stride);
    }
    memref = slice.getSource();
  }
  if (auto view = memref.getDefiningOp<memref::ViewOp>(); view && getConstantIntValue(view.getByteShift())) {
    skipped += *getConstantIntValue(view.getByteShift());
    memref = view.getSource();
  }
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, memref);
  if (skipped != 0)
    address = arith::AddIOp::create(b, address, arith::ConstantIndexOp::create(b, skipped));
  if (varying)
    address = arith::AddIOp::create(b, address, varying);
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
    b.clone(*step, mapping)->removeAttr(kLinkAttr);
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
    for (Value input : run.inputs) {
      bool isSlice = isa<MemRefType>(input.getType());
      arguments.push_back(isSlice ? addressOf(b, input) : input);
      if (Operation *buffer = isSlice ? rootOf(input).getDefiningOp() : nullptr)
        buffer->setAttr(kEscapesAttr, b.getUnitAttr());
    }
    func::CallOp::create(b, function, arguments);
    for (Operation *step : run.steps)
      step->erase();
  }
};

} // namespace
