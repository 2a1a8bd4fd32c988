//===- Passes.h - Proofs about programs --------------------------*- C++ -*-===//
//
// Declares and registers the proofs; Passes.td says what each does.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_PROOF_PASSES_H
#define ESPALIER_COMPILER_PROOF_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace espalier {

#define GEN_PASS_DECL
#include "compiler/proof/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/proof/Passes.h.inc"

} // namespace espalier

#endif // ESPALIER_COMPILER_PROOF_PASSES_H
