//===- GaussianField.h - The leaf field of gaussian observations -*- C++ -*-===//
//
// h(a) = -|z - lambda e(a)|^2 / (2 sigma^2), relative to the nearest state, in double precision whatever the program's
// type: at sigma = 1e-3 a field reaches 1e6, and single precision would lose the digits that decide between states.
// What is right here is right where nothing leaves the range of doubles: runtime/GaussianRange.h says where kernels are
// asked, and answers elsewhere by itself.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_GAUSSIANFIELD_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_GAUSSIANFIELD_H

#include "compiler/conversion/support/Contraction.h"
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

/// Fields for programs in the log domain, where kernels with zeros may leave a leaf no state but one that its
/// observation speaks against by any amount: of fields of up to 2^51, no digit that decides is lost.
struct SplitGaussianField {
  /// As above in two parts, of which each is NaN where the leaf is missing.
  SplitLog field;
  mlir::Value logDensity; ///< as above
};

SplitGaussianField buildSplitGaussianField(IndexSpaceBuilder &builder, llvm::ArrayRef<int64_t> ranks,
                                           mlir::Value observation, mlir::Value lambda, mlir::Value sigma,
                                           llvm::ArrayRef<double> values, int64_t states, int64_t size);

/// A field in two parts with 0 where the leaf is missing.
SplitLog seen(IndexSpaceBuilder &builder, llvm::ArrayRef<int64_t> ranks, int64_t states, SplitLog field);

/// `z` [ranks x p x batch] less lambda times `centres` (Centre.h), rounded once; `z` itself where all are 0.
Operand centredObservation(IndexSpaceBuilder &builder, llvm::ArrayRef<int64_t> ranks, Operand z, mlir::Value lambda,
                           llvm::ArrayRef<double> centres);

/// What leaves send in the linear domain, for programs in single precision.
struct GaussianMessage {
  /// [ranks x states x batch], f32: exp(h(a) - r), 1 where the leaf is missing. r is close to the largest h.
  mlir::Value message;
  /// [ranks x batch], f64: r - p/2 log(2 pi sigma^2); 0 where the leaf is missing.
  mlir::Value logDensity;
};

/// Arguments as above. Fields are f64 until only their difference from r is left, and are formed by two multiply-adds
/// each: off by 2^-52 of |w| lambda |x| / sigma^2, w and x being z and e about their centre, where buildGaussianField
/// is off by 2^-51 of the difference for numbers and of its largest component for vectors.
GaussianMessage buildGaussianMessage(IndexSpaceBuilder &builder, llvm::ArrayRef<int64_t> ranks, mlir::Value observation,
                                     mlir::Value lambda, mlir::Value sigma, llvm::ArrayRef<double> values,
                                     int64_t states, int64_t size);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_GAUSSIANFIELD_H
