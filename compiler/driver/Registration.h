//===- Registration.h - Dialects, passes and pipelines -----------*- C++ -*-===//
//
// What both tools know: the dialects of every stage, the passes, and the pipelines by name.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_REGISTRATION_H
#define ESPALIER_COMPILER_DRIVER_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace espalier {

void registerDialects(mlir::DialectRegistry &registry);
void registerPassesAndPipelines();

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_REGISTRATION_H
