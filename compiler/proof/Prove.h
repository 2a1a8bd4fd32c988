//===- Prove.h - The network is belief propagation ---------------*- C++ -*-===//
//
// The only place that sees networks and message-passing programs: it has each read and normalized by itself, and
// compares what comes out.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_PROOF_PROVE_H
#define ESPALIER_COMPILER_PROOF_PROVE_H

#include "compiler/proof/Report.h"

#include "mlir/IR/BuiltinOps.h"

namespace espalier::proof {

/// Compares every network `net_...` of `networks` with the program `bp_...` of `messages`, which may be the same
/// module, and adds a claim for each. A name that one side lacks is a claim that is not proved. Networks whose kernels
/// are in another precision than the program's are compared with the one in `wide` where it is given. Fails after a
/// diagnostic where a module states no model or holds what is no program.
mlir::LogicalResult prove(mlir::ModuleOp networks, mlir::ModuleOp messages, mlir::ModuleOp wide, Report &report);

} // namespace espalier::proof

#endif // ESPALIER_COMPILER_PROOF_PROVE_H
