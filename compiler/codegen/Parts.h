//===- Parts.h - A model's code in parts that compile alone ------*- C++ -*-===//
//
// Takes the modules of a model's variants apart into modules that become one object file each, so that they can be
// compiled side by side. What they share is told apart from the rest of a program by names that hold a dot, and hidden.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_PARTS_H
#define ESPALIER_COMPILER_CODEGEN_PARTS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include <vector>

namespace espalier {

class Parts {
public:
  explicit Parts(mlir::MLIRContext *context);

  /// Moves the functions and constants of `module`, all in the llvm dialect, into parts of their own; functions are
  /// renamed to `name.suffix`. Equal constants of several modules become one.
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> take(mlir::ModuleOp module, llvm::StringRef suffix);

  /// The part that defines the constants of all others; comes last.
  mlir::OwningOpRef<mlir::ModuleOp> takeConstants() { return std::move(shared); }

private:
  mlir::LLVM::GlobalOp share(mlir::LLVM::GlobalOp global);

  mlir::OwningOpRef<mlir::ModuleOp> shared;
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Type>, mlir::LLVM::GlobalOp> known;
  int64_t count = 0; ///< of the definitions in `shared`
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_PARTS_H
