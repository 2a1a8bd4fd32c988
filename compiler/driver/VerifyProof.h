//===- VerifyProof.h - The proof beside the samples --------------*- C++ -*-===//
//
// What `espalier verify --proof` adds: proves the networks of each module that is verified, before they are lowered.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_VERIFYPROOF_H
#define ESPALIER_COMPILER_DRIVER_VERIFYPROOF_H

#include "compiler/proof/Report.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace espalier {

class VerifyProof {
public:
  /// `module` is what the user gave, from `path`. Fails after printing where it is lowered too far for a proof.
  mlir::LogicalResult prepare(mlir::ModuleOp module, const std::string &path);

  /// Proves the networks of a module with both programs.
  mlir::LogicalResult prove(mlir::ModuleOp programs);

  proof::Report report;

private:
  /// Message passing in double precision, where it is ours to write: what networks that compute in double precision on
  /// single-precision arrays are compared with.
  mlir::OwningOpRef<mlir::ModuleOp> wide;
};

/// One line on the first network that is not proved.
std::string proofFailure(const proof::Report &report);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_VERIFYPROOF_H
