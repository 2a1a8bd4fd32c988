//===- Reader.h - Programs as terms ------------------------------*- C++ -*-===//
//
// Two readers turn a function into normal forms of its answers: one knows the `net` dialect, the other `bp`, and
// neither the other's. What a reader cannot read, because it is no step of a program on this tree, becomes a term that
// says so and that equals no other.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_PROOF_READER_H
#define ESPALIER_COMPILER_PROOF_READER_H

#include "compiler/proof/Rewrite.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace espalier::proof {

/// The patch of every level, {m} for sequences and {rows, columns} for images.
using Patches = std::vector<std::vector<int64_t>>;

struct ProgramTerms {
  std::vector<TermRef> answers; ///< normal forms of the function's results
  std::string precision;        ///< "f32" or "f64": of features or messages, to which kernels were rounded
};

/// `normalizer` has the networks' rules. The layers must stand on the tree of `patches`.
ProgramTerms readNetwork(mlir::func::FuncOp function, const Patches &patches, Normalizer &normalizer);

/// `normalizer` has the message-passing programs' rules.
ProgramTerms readMessages(mlir::func::FuncOp function, Normalizer &normalizer);

/// What both readers need.
class Reader {
protected:
  Reader(mlir::func::FuncOp function, Normalizer &normalizer) : function(function), normalizer(normalizer) {}

  Terms &terms() { return normalizer.terms; }
  /// The number of the function's argument that `value` is; -1 for other values.
  static int64_t argumentNumber(mlir::Value value);
  /// The term of each returned value, as `termOf` has it.
  std::vector<TermRef> answers(llvm::function_ref<TermRef(mlir::Value)> termOf);
  const Table *table(mlir::ElementsAttr attr);
  /// Null where an entry is negative, infinite or no number.
  const Table *weights(mlir::ElementsAttr attr);

  mlir::func::FuncOp function;
  Normalizer &normalizer;

private:
  llvm::DenseMap<mlir::Attribute, const Table *> tables;
};

} // namespace espalier::proof

#endif // ESPALIER_COMPILER_PROOF_READER_H
