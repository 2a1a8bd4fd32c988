//===- Plan.h - How many knots each block gets --------------------*- C++ -*-===//
//
// Chords of exp and log have errors that fall with the square of their number. Spread a tolerance over all of them such
// that the hidden units are fewest: minimize sum c_i n_i, n_i = A_i x_i^(-1/2), with sum g_i x_i the tolerance, c_i the
// units per knot, x_i the error, g_i what the answer makes of it. Lagrange's condition is x_i ~ (c_i A_i / g_i)^(2/3).
// Then whole numbers, and knots taken away one by one as long as the certificate holds.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_PLAN_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_PLAN_H

#include "compiler/analysis/relu/Certify.h"

namespace espalier::relu {

struct Plan {
  std::vector<ReluBlock> up, down; ///< [l - 1] is level l
  ReluCertificate certificate;
  bool feasible = false;
  double least = 0; ///< the least certificate that was seen, where none is feasible
};

/// Knots for the tolerance on the ranges given. The certificate holds only where it is within `inflation`; without one,
/// it is the one of the ranges alone, a first guess.
Plan planKnots(const ModelPair &models, const ReluOptions &options, const Ranges &ranges, const Inflation *inflation);

} // namespace espalier::relu

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_PLAN_H
