//===- ReluWriter.h - Networks of ReLUs --------------------------*- C++ -*-===//
//
// Draws the paper's network: every log sum K exp is W1 ReLU(W2 ReLU(W3 [u; 1])), with knots chosen for the tolerance
// that the model states (compiler/analysis/relu). Only the model's own channel has such a network: nothing bounds what
// soft evidence may be, and it keeps the network of exps and logs.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_TFGTONET_RELUWRITER_H
#define ESPALIER_COMPILER_CONVERSION_TFGTONET_RELUWRITER_H

#include "compiler/conversion/support/Programs.h"

namespace espalier {

/// Whether the model asks for ReLUs in this program.
bool isRelu(const Model &model, const ProgramSpec &spec);

/// Adds the network to the module, with its certificate; says why where there is none that meets the tolerance.
mlir::LogicalResult drawReluNetwork(const Model &model, const ProgramSpec &spec, mlir::FloatType arrays,
                                    mlir::ModuleOp module, mlir::Location loc);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_TFGTONET_RELUWRITER_H
