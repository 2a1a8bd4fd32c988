//===- Vectorize.cpp - The batch in the lanes -----------------------------===//
//
// Every op that the schedule leaves works on a node's slices `states... x batch`. This pass writes them as loops over
// vectors of samples. Consecutive ops over the same states share a loop nest (VectorGroup.h), so that a message is
// multiplied into its parent's product while it is still in registers.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/LookUpCost.h"
#include "compiler/codegen/Passes.h"
#include "compiler/codegen/VectorGroup.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace espalier {
#define GEN_PASS_DEF_VECTORIZE
#include "compiler/codegen/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

/// Collects runs of ops that can share a loop nest, and writes each.
class BlockVectorizer {
public:
  BlockVectorizer(Block &block, RegisterBlock shape) : block(block), shape(shape) {}

  void run() {
    SmallVector<Operation *> done;
    for (Operation &op : block) {
      if (auto fill = dyn_cast<linalg::FillOp>(op)) {
        if (pending)
          flushFill();
        pending = fill;
      } else if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
        add(generic);
      } else if (op.getNumRegions() > 0 || isa<memref::CopyOp, func::CallOp>(op) ||
                 op.hasTrait<OpTrait::IsTerminator>()) {
        flush();
        if (auto copy = dyn_cast<memref::CopyOp>(op))
          writeCopy(copy);
        else
          continue;
      } else {
        continue;
      }
      done.push_back(&op);
    }
    for (Operation *op : llvm::reverse(done))
      op->erase();
  }

private:
  /// An init belongs to the op behind it where that op reduces into it on the spot.
  void add(linalg::GenericOp op) {
    Tile tile(op);
    if (pending && pending.getOutputs()[0] == tile.result()) {
      tile.init = pending;
      pending = nullptr;
    } else if (pending) {
      flushFill();
    }
    if (!group.empty() && !fits(tile))
      flushGroup();
    group.push_back(tile);
  }

  /// The buffer behind a slice.
  static Value rootOf(Value memref) {
    while (auto view = memref.getDefiningOp<memref::SubViewOp>())
      memref = view.getSource();
    return memref;
  }

  /// Same states, and nothing read of the group but at the place where it was written.
  bool fits(const Tile &tile) {
    if (group.front().stateExtents() != tile.stateExtents() || group.front().isHeavy() != tile.isHeavy() ||
        group.front().isWide(shape) != tile.isWide(shape))
      return false;
    if (!tile.sums.empty() &&
        llvm::count_if(group, [](const Tile &t) { return !t.sums.empty(); }) == reductionsAtOnce())
      return false;
    linalg::GenericOp op = tile.op;
    for (const Tile &earlier : group) {
      if (rootOf(earlier.result()) == rootOf(tile.result()))
        return false;
      for (OpOperand *operand : op.getDpsInputOperands()) {
        bool sameSlice = operand->get() == earlier.result();
        if (rootOf(operand->get()) == rootOf(earlier.result()) && !(sameSlice && tile.readsInPlace(operand)))
          return false;
      }
    }
    return true;
  }

  /// Half of AVX-512's 32 registers can wait while a second reduction is summed; with 16 there is room for one only.
  int64_t reductionsAtOnce() const { return shape.vectorBits == 512 ? 2 : 1; }

  void flushFill() {
    flushGroup();
    OpBuilder builder(pending);
    ImplicitLocOpBuilder b(pending.getLoc(), builder);
    writeSlices(b, pending.getOutputs()[0], [&](ValueRange at, VectorType type) {
      Value value = vector::BroadcastOp::create(b, type, pending.getInputs()[0]);
      vector::StoreOp::create(b, value, pending.getOutputs()[0], at);
    });
    pending = nullptr;
  }

  void writeCopy(memref::CopyOp copy) {
    OpBuilder builder(copy);
    ImplicitLocOpBuilder b(copy.getLoc(), builder);
    writeSlices(b, copy.getSource(), [&](ValueRange at, VectorType type) {
      Value value = vector::LoadOp::create(b, type, copy.getSource(), at);
      vector::StoreOp::create(b, value, copy.getTarget(), at);
    });
  }

  /// Loops over all vectors of a slice.
  void writeSlices(ImplicitLocOpBuilder &b, Value memref, function_ref<void(ValueRange, VectorType)> body) {
    auto type = cast<MemRefType>(memref.getType());
    SmallVector<Value> at;
    OpBuilder::InsertionGuard guard(b);
    for (auto [axis, extent] : llvm::enumerate(type.getShape())) {
      int64_t step = static_cast<int64_t>(axis) + 1 == type.getRank() ? shape.lanes : 1;
      Value zero = arith::ConstantIndexOp::create(b, 0), last = arith::ConstantIndexOp::create(b, extent);
      auto loop = scf::ForOp::create(b, zero, last, arith::ConstantIndexOp::create(b, step));
      b.setInsertionPointToStart(loop.getBody());
      at.push_back(loop.getInductionVar());
    }
    body(at, VectorType::get({shape.lanes}, type.getElementType()));
  }

  void flush() {
    if (pending)
      flushFill();
    flushGroup();
  }

  /// The nest stands where the group's last op stood: all its operands are at hand there.
  void flushGroup() {
    if (group.empty())
      return;
    OpBuilder builder(group.back().op);
    writeGroup(group, shape, builder);
    group.clear();
  }

  Block &block;
  RegisterBlock shape;
  SmallVector<Tile> group;
  linalg::FillOp pending;
};

struct Vectorize : espalier::impl::VectorizeBase<Vectorize> {
  using VectorizeBase::VectorizeBase;

  /// Rows of tables are read as vectors, so they must be made of such.
  LogicalResult checkTables() {
    WalkResult result = getOperation().walk([&](linalg::GenericOp op) {
      memref::LoadOp load = Tile(op).rowLookUp();
      if (!load || isRowWidth(load.getMemRefType().getShape().back(), lanes))
        return WalkResult::advance();
      op.emitOpError() << "expects a table whose rows are padded to whole vectors of " << lanes
                       << " entries, or to a power of two of at least 4, got rows of "
                       << load.getMemRefType().getShape().back();
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  void runOnOperation() override {
    if (failed(checkTables()))
      return signalPassFailure();
    SmallVector<Block *> blocks;
    getOperation().walk([&](Operation *op) {
      if (isa<func::FuncOp, scf::ForOp, scf::IfOp>(op))
        for (Region &region : op->getRegions())
          for (Block &block : region)
            blocks.push_back(&block);
    });
    for (Block *block : blocks)
      BlockVectorizer(*block, {lanes, rows, columns, vectorBits}).run();
  }
};

} // namespace
