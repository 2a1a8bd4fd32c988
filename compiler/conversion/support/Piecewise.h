//===- Piecewise.h - Piecewise linear functions ------------------*- C++ -*-===//
//
// offset + sum_j out[j] ReLU(in[j] x + bias[j]) for one x, as the body of a linalg op.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_PIECEWISE_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_PIECEWISE_H

#include "compiler/conversion/support/Arithmetic.h"

namespace espalier {

/// Sums the units in order, by a multiply-add, a maximum and a multiply-add each.
mlir::Value evaluateUnits(scalar::ScalarBuilder &b, mlir::Value x, llvm::ArrayRef<double> in,
                          llvm::ArrayRef<double> bias, llvm::ArrayRef<double> out, double offset);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_PIECEWISE_H
