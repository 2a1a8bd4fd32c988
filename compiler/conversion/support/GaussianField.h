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

/// What leaves send in the linear domain, for programs in single precision.
struct GaussianMessage {
  /// [ranks x states x batch], f32: exp(h(a) - r), 1 where the leaf is missing. r is close to the largest h.
  mlir::Value message;
  /// [ranks x batch], f64: r - p/2 log(2 pi sigma^2); 0 where the leaf is missing.
  mlir::Value logDensity;
};

/// Arguments as above. Fields are f64 until only their difference from r is left, and are formed by two multiply-adds
/// each: off by 2^-52 of |z| lambda |e| / sigma^2, where buildGaussianField is off by 2^-52 of the difference.
GaussianMessage buildGaussianMessage(IndexSpaceBuilder &builder, llvm::ArrayRef<int64_t> ranks, mlir::Value observation,
                                     mlir::Value lambda, mlir::Value sigma, llvm::ArrayRef<double> values,
                                     int64_t states, int64_t size);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_GAUSSIANFIELD_H
