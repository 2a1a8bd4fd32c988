//===- EmitObject.h - From the llvm dialect to an object file ----*- C++ -*-===//
//
// Translates a module to LLVM IR, adds the description of the model that runtime/ABI.h defines, optimizes, and writes
// an object file.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_EMITOBJECT_H
#define ESPALIER_COMPILER_CODEGEN_EMITOBJECT_H

#include "compiler/codegen/Target.h"

#include "mlir/IR/BuiltinOps.h"

namespace espalier {

/// The object file's bytes. `module` holds one tfg.model and functions in the llvm dialect; it is left as it is.
llvm::Expected<llvm::SmallVector<char, 0>> emitObject(mlir::ModuleOp module, const Target &target);

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_EMITOBJECT_H
