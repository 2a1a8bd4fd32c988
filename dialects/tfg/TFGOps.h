//===- TFGOps.h - The tfg dialect --------------------------------*- C++ -*-===//
//
// Declares the dialect, types, enums and ops that TFGOps.td defines; docs/rationale-tfg.md says why they are so.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_DIALECTS_TFG_TFGOPS_H
#define ESPALIER_DIALECTS_TFG_TFGOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/tfg/TFGOpsEnums.h.inc"

#include "dialects/tfg/TFGOpsDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/tfg/TFGOpsTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/tfg/TFGOps.h.inc"

#endif // ESPALIER_DIALECTS_TFG_TFGOPS_H
