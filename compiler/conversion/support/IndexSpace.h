//===- IndexSpace.h - Linalg on the tree's index space -----------*- C++ -*-===//
//
// Builds linalg ops on tensors `ranks... x inner... x batch`: one axis per child rank on the path from the root, then
// states or components, then the batch. Every linalg.generic made here carries `depth`, the number of leading rank
// axes that it is parallel in, and `over_ranks` where its next axis reduces over a node's children: that is all the
// schedule needs to know. Both lowerings meet here, and only here.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_INDEXSPACE_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_INDEXSPACE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace espalier {

/// Names of the attributes that linalg ops on the index space carry.
inline constexpr llvm::StringLiteral kDepthAttr = "depth";
inline constexpr llvm::StringLiteral kOverRanksAttr = "over_ranks";
/// On a product or sum over siblings that leaves the node itself out, and starts from 1 or 0.
inline constexpr llvm::StringLiteral kLeaveOneOutAttr = "leave_one_out";

/// A loop inside the rank axes, called by one letter; 'b', the batch, is always there and last.
struct Loop {
  char name;
  int64_t extent;
  bool reduction = false;
};

/// Which rank axes an operand has: all on the path, all but the last, only the last, or none.
enum class Prefix { Path, Parent, Rank, None };

/// An operand: its rank axes, then one axis per letter of `loops`.
struct Operand {
  mlir::Value value;
  Prefix prefix;
  llvm::StringRef loops;
};

class IndexSpaceBuilder {
public:
  /// Gets the operands' elements (and the accumulator, last, in a reduction); returns the result's element.
  using Body = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;

  /// `batch` is the batch's extent, an index.
  IndexSpaceBuilder(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value batch)
      : builder(builder), loc(loc), batch(batch) {}

  /// result[ranks, result loops] = body(operands) for every index.
  mlir::Value map(llvm::ArrayRef<int64_t> ranks, llvm::ArrayRef<Loop> loops, mlir::Type elementType,
                  llvm::ArrayRef<Operand> operands, Body body);

  /// The same, reduced over the loops marked so, starting from `init`.
  mlir::Value reduce(llvm::ArrayRef<int64_t> ranks, llvm::ArrayRef<Loop> loops, mlir::Type elementType, double init,
                     llvm::ArrayRef<Operand> operands, Body body);

  /// Reduces `input` [ranks, loops] over its last rank axis: a tensor of the level above.
  mlir::Value reduceOverRanks(llvm::ArrayRef<int64_t> ranks, llvm::ArrayRef<Loop> loops, double init, mlir::Value input,
                              Body body);

  /// A constant tensor with entries converted to `elementType`.
  mlir::Value table(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values, mlir::Type elementType);

  /// Matrices [count x rows x columns], one for all, by rank or by node, as an operand read at loops `rowColumn`.
  Operand kernel(llvm::ArrayRef<int64_t> ranks, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values,
                 mlir::Type elementType, llvm::StringRef rowColumn);

  /// For scalars that are computed once per call, before every loop.
  mlir::ImplicitLocOpBuilder scalars() { return mlir::ImplicitLocOpBuilder(loc, builder); }

private:
  mlir::Value generic(llvm::ArrayRef<int64_t> ranks, llvm::ArrayRef<Loop> loops, mlir::Value init, bool overRanks,
                      llvm::ArrayRef<Operand> operands, Body body);
  mlir::Value empty(llvm::ArrayRef<int64_t> ranks, llvm::ArrayRef<Loop> loops, mlir::Type elementType);
  mlir::Value filled(mlir::Value destination, double init);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Value batch;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_INDEXSPACE_H
