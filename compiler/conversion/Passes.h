//===- Passes.h - From one dialect to the next -------------------*- C++ -*-===//
//
// Declares and registers the conversions; Passes.td says what each does, and each has a folder of its own.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_PASSES_H
#define ESPALIER_COMPILER_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class ModuleOp;
}

namespace espalier {

#define GEN_PASS_DECL
#include "compiler/conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/conversion/Passes.h.inc"

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_PASSES_H
