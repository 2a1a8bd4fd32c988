//===- BuildTFG.h - From a parsed model to the tfg dialect -------*- C++ -*-===//
//
// States a model in the tfg dialect, with all four queries asked of it.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_BUILDTFG_H
#define ESPALIER_COMPILER_FRONTEND_BUILDTFG_H

#include "compiler/frontend/ModelFile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace espalier {

/// A module that holds `model` as a tfg.model. Ops carry the places in the model file that they come from.
mlir::OwningOpRef<mlir::ModuleOp> buildTFG(const Model &model, const ModelLocations &places, llvm::StringRef file,
                                           mlir::MLIRContext *context);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_BUILDTFG_H
