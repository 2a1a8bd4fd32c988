//===- BPOps.h - The bp dialect --------------------------------*- C++ -*-===//
//
// Declares the dialect, types, enums and ops that BPOps.td defines; docs/rationale-bp.md says why they are so.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_DIALECTS_BP_BPOPS_H
#define ESPALIER_DIALECTS_BP_BPOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/bp/BPOpsEnums.h.inc"

#include "dialects/bp/BPOpsDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/bp/BPOpsTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/bp/BPOps.h.inc"

#endif // ESPALIER_DIALECTS_BP_BPOPS_H
