//===- LookUpFamily.h - Siblings that look up what they send -----*- C++ -*-===//
//
// What the joining of look-ups must find in a function: nodes that send up what a symbol chooses from a table, the
// product at their parent, and the kernel that it then goes through.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_LOOKUPFAMILY_H
#define ESPALIER_COMPILER_CODEGEN_LOOKUPFAMILY_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>
#include <vector>

namespace espalier {

/// A product (or a sum of logs) over siblings of what their symbols choose from a table.
struct LookUpFamily {
  mlir::linalg::GenericOp product, lookUp;
  std::vector<double> table; ///< [ranks, path... or none, S_parent, symbols]
  llvm::SmallVector<int64_t> shape;
  int64_t siblings = 0;

  /// Nothing where `product` is no such product, or others read what the symbols choose.
  static std::optional<LookUpFamily> find(mlir::linalg::GenericOp product);

  int64_t symbols() const { return shape.back(); }
  int64_t states() const { return shape[shape.size() - 2]; }
  int64_t depth() const; ///< level of the parents
  bool isByNode() const { return shape.size() > 3; }
  bool isShared() const { return shape.size() == 2; }
  mlir::Type element() const;

  /// Values of all siblings' symbols together; `limit` + 1 where there are more.
  int64_t joint(int64_t limit) const;

  /// Products for every number that the siblings' symbols form, the first sibling's digit the most significant:
  /// [parents' path..., S_parent, joint], in the order in which the op multiplies.
  std::vector<double> products() const;
};

/// A family's product times a kernel of the parent's rank: what alone becomes of it.
struct FamilyEdge {
  mlir::linalg::GenericOp op;
  std::vector<double> kernel; ///< [ranks, states sent, S_parent]; one rank where all have the same
  int64_t ranks = 0, states = 0;

  /// Nothing where others read the family's product, or kernels differ by node.
  static std::optional<FamilyEdge> find(const LookUpFamily &family);

  /// What parents send for every number: [ranks, states sent, joint]. Rounded step by step, as the program would: rows
  /// of kernels sum to exactly 1 then, and leaves of which nothing is seen change nothing.
  std::vector<double> sent(const LookUpFamily &family) const;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_LOOKUPFAMILY_H
