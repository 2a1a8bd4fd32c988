//===- Passes.h - Rewrites within a dialect ----------------------*- C++ -*-===//
//
// Declares and registers the optimizations; Passes.td says what each does.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_OPTIMIZATION_PASSES_H
#define ESPALIER_COMPILER_OPTIMIZATION_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace espalier {

#define GEN_PASS_DECL
#include "compiler/optimization/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/optimization/Passes.h.inc"

} // namespace espalier

#endif // ESPALIER_COMPILER_OPTIMIZATION_PASSES_H
