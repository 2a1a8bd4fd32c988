//===- GaussianField.h - The leaf field of gaussian observations -*- C++ -*-===//
//
// h(a) = -|z - lambda e(a)|^2 / (2 sigma^2), relative to the nearest state, in double precision whatever the program's
// type: at sigma = 1e-3 a field reaches 1e6, and single precision would lose the digits that decide between states.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_GAUSSIANFIELD_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_GAUSSIANFIELD_H

#include "compiler/conversion/support/IndexSpace.h"

namespace espalier {

struct GaussianField {
  /// [ranks x states x batch], f64: h(a) - h(a*), a* the state nearest to z; NaN where the leaf is missing.
  mlir::Value field;
  /// [ranks x batch], f64: h(a*) - p/2 log(2 pi sigma^2); 0 where the leaf is missing.
  mlir::Value logDensity;
};

/// `observation` is [ranks x p x batch], `values` e as [states x p], `lambda` and `sigma` are f64.
GaussianField buildGaussianField(IndexSpaceBuilder &builder, llvm::ArrayRef<int64_t> ranks, mlir::Value observation,
                                 mlir::Value lambda, mlir::Value sigma, llvm::ArrayRef<double> values, int64_t states,
                                 int64_t size);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_GAUSSIANFIELD_H
