//===- EmitObject.h - From the llvm dialect to object files ------*- C++ -*-===//
//
// Translates modules to LLVM IR, adds the description of the model that runtime/ABI.h defines, optimizes, and writes
// object files, several at a time.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_EMITOBJECT_H
#define ESPALIER_COMPILER_CODEGEN_EMITOBJECT_H

#include "compiler/codegen/Target.h"

#include "mlir/IR/BuiltinOps.h"

namespace espalier {

/// A model's code for one target: a module with one tfg.model and functions in the llvm dialect.
struct Variant {
  mlir::ModuleOp module;
  Target target;
};

using ObjectFile = llvm::SmallVector<char, 0>;

/// The object files that together are the model, the same for any number of threads. Of `variants`, best first and at
/// least one, it takes functions and constants out. Where it fails, a diagnostic says why.
llvm::FailureOr<std::vector<ObjectFile>> emitObjects(llvm::ArrayRef<Variant> variants);

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_EMITOBJECT_H
