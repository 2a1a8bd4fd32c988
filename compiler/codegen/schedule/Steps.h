//===- Steps.h - The steps of a function ------------------------*- C++ -*-===//
//
// What the schedule needs to know of a function on the tree's index space: its linalg ops as steps, each with the nest
// that it belongs to, what waits for what, and which answers need it.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_SCHEDULE_STEPS_H
#define ESPALIER_COMPILER_CODEGEN_SCHEDULE_STEPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/SetVector.h"

#include <optional>
#include <vector>

namespace espalier {

/// One linalg.generic of the function, and what the schedule needs to know of it.
struct Step {
  mlir::linalg::GenericOp op;
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

/// Which nodes stand in the lanes, in place of samples: those of level `level` for one sample. What is computed above
/// them has its one sample in the first of `width` lanes. Level 0: samples do.
struct NodesInLanes {
  int64_t level = 0, width = 0, mostBatch = 0;
};

class Steps {
public:
  Steps(mlir::func::FuncOp source, NodesInLanes nodes) : source(source), nodes(nodes) {}

  /// Reads the function. Fails with an error where an op is none that the schedule knows, and without one where nodes
  /// cannot stand in the lanes.
  mlir::LogicalResult read();

  auto begin() { return steps.begin(); }
  auto end() { return steps.end(); }
  mlir::func::FuncOp function() const { return source; }
  mlir::func::ReturnOp returnOp();

  /// The step that computes a value, or null.
  Step *producer(mlir::Value value);

  /// The last result is the log-likelihood; those before it are selected from where there are several.
  int64_t selectable();

  /// L: what reads the evidence, reads it at the leaves.
  int64_t leafLevel();

  /// The deepest level of the first nest, or of the second.
  int64_t deepest(bool upward) const { return deepestLevel[upward]; }

  /// Extent of rank axis k (0-based): children of a node on level k.
  int64_t rankExtent(int64_t k) const { return extents[k]; }

  /// Levels whose nodes have no siblings.
  int64_t onlyChildren() const { return llvm::count(extents, 1); }

  /// Whether an op over ranks runs behind the loop over the children.
  bool gathersTogether(Step &step);

  /// The second nest reads this value of the first.
  bool isKept(Step &step);

  /// Siblings' results are needed side by side.
  bool isReadBehindSiblings(Step &step);

  /// The answer that a step computes where nothing else reads its result.
  std::optional<int64_t> soleAnswer(Step &step);

  /// The only answer that needs a step; -1 where several do, or there is nothing to select from.
  int64_t guardOf(Step &step);

  /// The one operation of a sum or product; null where there are others beside those that leave a sibling out.
  static mlir::Operation *combinerOf(mlir::linalg::GenericOp op);

private:
  mlir::LogicalResult collect();
  mlir::LogicalResult classify();
  mlir::LogicalResult classifyByLanes();
  bool isSameForAll(Step &step);
  Step *lastOfChild(Step &gather);

  mlir::func::FuncOp source;
  NodesInLanes nodes;
  std::vector<Step> steps;
  llvm::DenseMap<mlir::Value, size_t> stepOf;
  std::vector<int64_t> extents;     ///< by rank axis
  int64_t deepestLevel[2] = {0, 0}; ///< by `upward`
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_SCHEDULE_STEPS_H
