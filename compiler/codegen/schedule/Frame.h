//===- Frame.h - A tile function and its buffers ----------------*- C++ -*-===//
//
// The function that the schedule writes: its signature, where each value lives, and the slices of nodes. It also holds
// what the walk stands in at the moment: the path of loops over ranks, and which pass is being written.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_SCHEDULE_FRAME_H
#define ESPALIER_COMPILER_CODEGEN_SCHEDULE_FRAME_H

#include "compiler/codegen/schedule/Steps.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace espalier {

/// Where a value lives. Its leading axes are indexed by `ranks` ranks of the path from its rank `firstRank` on: all of
/// them for a whole tensor, none for one node's slice, the last one for the slices of siblings, those below the cut for
/// a subtree's part of a tensor.
struct Buffer {
  mlir::Value memref;
  int64_t ranks;
  int64_t firstRank = 0;
  /// Where nodes stand in the lanes: the last axis holds them, followed by room for one vector more.
  bool inLanes = false;
  /// A value of nodes: ranks of only children have no axis, so that long chains do not make long types.
  bool ofNodes = true;
};

/// Constant tensors as globals of the module, one for all that are equal.
class Globals {
public:
  explicit Globals(mlir::ModuleOp module);

  mlir::memref::GlobalOp get(mlir::Location loc, mlir::ElementsAttr value);

private:
  mlir::memref::GlobalOp find(mlir::ElementsAttr value);

  mlir::ModuleOp module;
  llvm::DenseMap<mlir::Attribute, mlir::memref::GlobalOp> known;
  int64_t count = 0;
};

/// In samples and bytes.
struct TileLimits {
  int64_t tile;         ///< samples, or nodes in the lanes, at once
  int64_t keepBytes;    ///< messages that are kept for the walk down; more are cut
  int64_t subtreeBytes; ///< messages that a core's own cache holds
};

class Frame {
public:
  Frame(Steps &steps, NodesInLanes nodes, TileLimits limits, Globals &globals, mlir::OpBuilder &builder);

  /// Puts the new function before the old one, whose name it takes in the end, and places all buffers; the builder
  /// stands in its body.
  void create();

  /// Below the cut, what was a slice on the way up is from here on the tensor of one subtree.
  void placeSubtreeBuffers();

  /// Gives the workspace its size, notes on the function what its callers must know, and removes the old function.
  void finish();

  //===--------------------------------------------------------------------===//
  // Where the walk stands
  //===--------------------------------------------------------------------===//

  llvm::SmallVector<mlir::Value> path; ///< loops over ranks that the builder stands in
  bool lanesNow = false;               ///< writing what is computed for all nodes in the lanes at once
  bool again = false;                  ///< writing the second pass over a subtree

  /// Whether a step is to be written in the current pass: everything the first time, what the walk down needs the
  /// second.
  bool isWritten(Step &step);

  /// Whether the current pass keeps what the walk down reads.
  bool isKeptNow(Step &step);

  /// The level below which messages are not kept; -1: all are.
  int64_t cutLevel() const { return cut; }

  /// All messages are kept, and do not fit a core's own cache.
  bool outgrowsCore() const { return keepsMuch; }

  /// Which answer is asked for.
  mlir::Value selected() { return target.getArgument(3); }

  //===--------------------------------------------------------------------===//
  // Values
  //===--------------------------------------------------------------------===//

  mlir::IRMapping scalars;           ///< those of the old function in the new one
  llvm::SmallVector<Buffer> outputs; ///< by answer

  const Buffer &bufferAt(mlir::Value value) const { return buffers.at(value); }

  /// Whether the rank has an axis in buffers of nodes.
  bool hasAxis(int64_t rank) { return steps.rankExtent(rank) > 1; }

  /// A new buffer for one node's result, which is the same for all nodes.
  void placeSlice(Step &step);

  mlir::Value placeInWorkspace(mlir::MemRefType type);

  /// The type of one node's result, or of that of all nodes in the lanes, as the current pass computes it.
  mlir::MemRefType windowType(Step &step);

  /// The node's slice of a buffer: leading axes fixed to `indices`, as far as the buffer has them.
  mlir::Value slice(const Buffer &buffer, llvm::ArrayRef<mlir::Value> indices);

  /// The result's slice at the node that owns it.
  mlir::Value resultSlice(Step &step);

  mlir::Value index(int64_t value);

private:
  void createFunction();
  void chooseCut();
  void placeBuffers();
  int64_t keptBelow(int64_t depth);

  bool standsInLanes(int64_t depth) const;
  int64_t firstRankOf(Step &step) const;
  int64_t width() const;
  mlir::MemRefType bufferType(mlir::Type type, int64_t depth, int64_t columns);
  mlir::MemRefType bufferType(Step &step);
  mlir::MemRefType outputType(mlir::Value answer);
  mlir::MemRefType bufferSlice(Step &step);
  int64_t axesOf(int64_t firstRank, int64_t lastRank);
  mlir::MemRefType withoutRanks(Step &step, int64_t ranks);
  Buffer bufferOf(Step &step, mlir::Value memref) const;
  mlir::Value window(const Buffer &buffer, mlir::Value memref, llvm::ArrayRef<mlir::Value> way);
  mlir::Value laneOf(llvm::ArrayRef<mlir::Value> way);

  Steps &steps;
  NodesInLanes nodes;
  TileLimits limits;
  Globals &globals;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::func::FuncOp target;
  llvm::DenseMap<mlir::Value, Buffer> buffers;
  int64_t workspaceBytes = 0;
  int64_t cut = -1;
  bool keepsMuch = false;
  llvm::SmallPtrSet<Step *, 16> recomputed; ///< steps below the cut that the walk down needs
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_SCHEDULE_FRAME_H
