//===- LogDomain.h - Sums of numbers given by their logarithms ----*- C++ -*-===//
//
// The three operations of belief propagation on vectors of logarithms: normalise, multiply by a matrix, turn
// into probabilities. log 0 is -inf and goes through all of them without becoming a NaN.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_REFERENCE_LOGDOMAIN_H
#define ESPALIER_COMPILER_REFERENCE_LOGDOMAIN_H

#include "compiler/reference/Fields.h"

namespace espalier::reference {

/// Subtracts the largest entry from all and returns it; leaves x alone and returns 0 where all are -inf.
Real normalize(std::span<Real> x);

/// log sum_i exp x[i]; -inf where all are -inf.
Real logSumExp(std::span<const Real> x);

/// A matrix of non-negative entries in memory: entry (r, c) = data[r * rowStride + c * columnStride].
struct MatrixView {
  const double *data;
  int64_t rows, columns;
  int64_t rowStride, columnStride;
};

/// out[r] = log sum_c matrix(r, c) exp x[c], exact to rounding for each r alone, however far apart the outputs
/// are.
void logMultiply(const MatrixView &matrix, std::span<const Real> x, std::span<Real> out);

/// exp(x[i]) / sum_j exp(x[j]); all zero where all are -inf.
std::vector<double> softmax(std::span<const Real> x);

} // namespace espalier::reference

#endif // ESPALIER_COMPILER_REFERENCE_LOGDOMAIN_H
