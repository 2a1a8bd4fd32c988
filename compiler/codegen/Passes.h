//===- Passes.h - From linalg to machine code --------------------*- C++ -*-===//
//
// Declares and registers the code generator's passes; Passes.td says what each does.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_PASSES_H
#define ESPALIER_COMPILER_CODEGEN_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/Pass.h"

namespace espalier {

/// On every scheduled function: {dtype, tile (samples), workspace (bytes)} and more, for whoever calls it.
inline constexpr llvm::StringLiteral kKernelAttr = "espalier.kernel";

/// Ends the name of a kernel for one sample, with nodes in the lanes.
inline constexpr llvm::StringLiteral kPositionsSuffix = "_positions";

/// On the argument that is scratch memory: what is written there matters only to the function itself.
inline constexpr llvm::StringLiteral kWorkspaceAttr = "espalier.workspace";

/// On a buffer of the workspace that a function is given the address of.
inline constexpr llvm::StringLiteral kEscapesAttr = "espalier.escapes";

/// On what makes a buffer out of an address: nobody but this function reads what it writes there.
inline constexpr llvm::StringLiteral kPrivateAttr = "espalier.private";

/// On a linalg.generic: by operand, how many rows ahead of what is read or written lines of the cache are asked for; 0:
/// none are.
inline constexpr llvm::StringLiteral kAheadAttr = "espalier.ahead";

/// On a step where a long chain of only children was written: which link it belongs to.
inline constexpr llvm::StringLiteral kLinkAttr = "espalier.link";

#define GEN_PASS_DECL
#include "compiler/codegen/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/codegen/Passes.h.inc"

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_PASSES_H
