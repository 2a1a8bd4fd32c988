//===- EvenMessage.h - Gaussian leaves of evenly spaced values ---*- C++ -*-===//
//
// The likelihoods of e(a) = e0 + a step, the default of model files. In units of the step, with r the state nearest to
// z and t how far z lies from it, the field relative to r is
//
//     -c k (k - 2 t),    k = a - r,    c = (lambda step)^2 / (2 sigma^2),
//
// so that a state costs four operations in single precision and one exp2, whatever p(z) is. Where c is large, all that
// counts is how close t is to 1/2: k - 2 t is formed as (k - s) + (s - 2 t), s = +-1 on the side of t, whose second
// term is rounded from double precision, so that it keeps its digits where it is small.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_EVENMESSAGE_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_EVENMESSAGE_H

#include "compiler/conversion/support/GaussianField.h"

namespace espalier {

/// Whether values are e0, e0 + d, e0 + 2 d, ... but for rounding, with d not 0: then the nearest one is found by
/// rounding.
bool isEvenlySpaced(llvm::ArrayRef<double> values);

class EvenMessageBuilder {
public:
  /// `observation` is [ranks x 1 x batch], `lambda` and `sigma` are f64, `values` are evenly spaced.
  EvenMessageBuilder(IndexSpaceBuilder &builder, llvm::ArrayRef<int64_t> ranks, mlir::Value observation,
                     mlir::Value lambda, mlir::Value sigma, llvm::ArrayRef<double> values);

  GaussianMessage build();

private:
  mlir::Value nearestPlace();
  mlir::Value side();
  mlir::Value slope();
  mlir::Value curvature();
  mlir::Value logDensity();

  IndexSpaceBuilder &builder;
  llvm::ArrayRef<int64_t> ranks;
  Operand z = {{}, Prefix::Path, "pb"}; ///< about the centre (Centre.h), as are first and step
  mlir::Value lambda, sigma;
  double first, step;
  int64_t states;
  mlir::Type f32, f64;
  mlir::Value c, perStep;     ///< scalars: c in units of log 2, and 1 / (lambda step)
  mlir::Value place, nearest; ///< [ranks x batch], f64: z in units of the step, and r
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_EVENMESSAGE_H
