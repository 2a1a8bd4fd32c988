//===- TFGModel.h - The model that a module states ---------------*- C++ -*-===//
//
// Asks the tfg dialect for its model. The op stays in the module through every stage, so this works on each of them.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_TFGMODEL_H
#define ESPALIER_COMPILER_ANALYSIS_TFGMODEL_H

#include "compiler/analysis/Model.h"
#include "dialects/tfg/TFGOps.h"

#include "mlir/IR/BuiltinOps.h"

namespace espalier {

/// The module's only tfg.model; an error on the module where there is none or more than one.
mlir::FailureOr<tfg::ModelOp> findModel(mlir::ModuleOp module);

/// The model that `op` states.
Model readModel(tfg::ModelOp op);

/// Makes `op` state the network that is asked for.
void stateNetwork(tfg::ModelOp op, const NetworkSpec &network);

/// Whether `op` asks any of `queries`.
bool asks(tfg::ModelOp op, llvm::ArrayRef<tfg::QueryKind> queries);

} // namespace espalier

#endif // ESPALIER_COMPILER_ANALYSIS_TFGMODEL_H
