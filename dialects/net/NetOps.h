//===- NetOps.h - The net dialect --------------------------------*- C++ -*-===//
//
// Declares the dialect, types, enums and ops that NetOps.td defines; docs/rationale-net.md says why they are so.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_DIALECTS_NET_NETOPS_H
#define ESPALIER_DIALECTS_NET_NETOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/net/NetOpsDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/net/NetOps.h.inc"

#endif // ESPALIER_DIALECTS_NET_NETOPS_H
