//===- NetworkMaps.h - Feature maps on the tree ------------------*- C++ -*-===//
//
// What the reader of networks keeps of every value, and the checks that a layer stands on the tree.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_PROOF_NETWORKMAPS_H
#define ESPALIER_COMPILER_PROOF_NETWORKMAPS_H

#include "compiler/proof/Reader.h"

#include <optional>

namespace espalier::proof {

/// A feature map or a shift. A map's positions are the nodes of a level; with a channel group per child rank it is on
/// the level of the children.
struct Map {
  TermRef term; ///< null after an op was refused
  bool grouped = false;
};

class NetworkMaps : protected Reader {
protected:
  NetworkMaps(mlir::func::FuncOp function, const Patches &patches, Normalizer &normalizer);

  int64_t depth() const { return ranks.size(); }
  static int64_t channels(mlir::Value map);

  /// Soft evidence is a map of weights as it comes.
  Map get(mlir::Value value);
  void set(mlir::Value value, TermRef term, bool grouped = false);

  /// Makes the results of `op` a term that says why it cannot be read.
  void refuse(mlir::Operation *op, const mlir::Twine &reason);
  void refuseAs(mlir::Operation *op, TermRef reason);
  /// The reason why an operand of `op` could not be read; null where all could.
  TermRef refusedOperand(mlir::Operation *op);
  /// `condition`; where it does not hold, `op` is refused.
  bool expect(mlir::Operation *op, bool condition, const mlir::Twine &reason);

  /// The operand, where it is of that sort, and grouped or not where that is asked; else the null term after refusing.
  Map operand(mlir::Operation *op, mlir::Value value, Sort sort, std::optional<bool> grouped = std::nullopt);
  /// Whether `patch` is that of the edges above `level`.
  bool isPatch(mlir::Operation *op, llvm::ArrayRef<int64_t> patch, int64_t level);
  /// Whether `groups` are the child ranks of `level`.
  bool isRanks(mlir::Operation *op, uint64_t groups, int64_t level);
  /// Whether the axes of `value` after the first `skipped` are the positions of the leaves.
  bool onLeaves(mlir::Value value, int64_t skipped);
  /// Kernels and priors hold weights; null after refusing a layer whose table does not.
  const Table *weightsOf(mlir::Operation *op, mlir::ElementsAttr attr);
  /// The precision of the first map that is noted is the network's.
  void noteType(mlir::Value map);

  const Patches &patches;
  std::vector<int64_t> ranks; ///< of level l at l - 1
  std::string precision;

private:
  llvm::DenseMap<mlir::Value, Map> maps;
};

} // namespace espalier::proof

#endif // ESPALIER_COMPILER_PROOF_NETWORKMAPS_H
