//===- Arithmetic.h - Scalar expressions in bodies of linalg ops -*- C++ -*-===//
//
// Short names for the arithmetic that messages need, with the corner cases (zero weights, -inf) decided once.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_ARITHMETIC_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_ARITHMETIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <cmath>

namespace espalier::scalar {

using ScalarBuilder = mlir::ImplicitLocOpBuilder;
using mlir::Value;

inline Value constant(ScalarBuilder &b, mlir::Type type, double value) {
  return mlir::arith::ConstantOp::create(b, b.getFloatAttr(type, value));
}
inline Value add(ScalarBuilder &b, Value x, Value y) { return mlir::arith::AddFOp::create(b, x, y); }
inline Value sub(ScalarBuilder &b, Value x, Value y) { return mlir::arith::SubFOp::create(b, x, y); }
inline Value mul(ScalarBuilder &b, Value x, Value y) { return mlir::arith::MulFOp::create(b, x, y); }
inline Value div(ScalarBuilder &b, Value x, Value y) { return mlir::arith::DivFOp::create(b, x, y); }
inline Value fma(ScalarBuilder &b, Value x, Value y, Value z) { return mlir::math::FmaOp::create(b, x, y, z); }
inline Value exp(ScalarBuilder &b, Value x) { return mlir::math::ExpOp::create(b, x); }
inline Value log(ScalarBuilder &b, Value x) { return mlir::math::LogOp::create(b, x); }
inline Value select(ScalarBuilder &b, Value c, Value x, Value y) { return mlir::arith::SelectOp::create(b, c, x, y); }
inline Value equal(ScalarBuilder &b, Value x, Value y) {
  return mlir::arith::CmpFOp::create(b, mlir::arith::CmpFPredicate::OEQ, x, y);
}
inline Value less(ScalarBuilder &b, Value x, Value y) {
  return mlir::arith::CmpFOp::create(b, mlir::arith::CmpFPredicate::OLT, x, y);
}
inline Value isNaN(ScalarBuilder &b, Value x) {
  return mlir::arith::CmpFOp::create(b, mlir::arith::CmpFPredicate::UNO, x, x);
}

/// x y less its rounded value `product`: exact.
inline Value productError(ScalarBuilder &b, Value x, Value y, Value product) {
  return fma(b, x, y, sub(b, constant(b, x.getType(), 0), product));
}

/// x - y less its rounded value `difference`: exact, whichever of the two is larger (Knuth).
inline Value differenceError(ScalarBuilder &b, Value x, Value y, Value difference) {
  Value back = sub(b, difference, x);
  return sub(b, sub(b, x, sub(b, difference, back)), add(b, y, back));
}

/// The whole number nearest to x, for |x| < 2^51 of doubles; close to x beyond that.
inline Value wholeNumber(ScalarBuilder &b, Value x) {
  // Numbers of this size have no digits behind the point: the sum is rounded.
  int digits = mlir::cast<mlir::FloatType>(x.getType()).getFPMantissaWidth();
  Value large = constant(b, x.getType(), 1.5 * std::ldexp(1.0, digits - 1));
  return sub(b, add(b, x, large), large);
}

/// max(x, y) as one compare and select, which CPUs have as one instruction; y where x is NaN.
inline Value max(ScalarBuilder &b, Value x, Value y) {
  return select(b, mlir::arith::CmpFOp::create(b, mlir::arith::CmpFPredicate::OGT, x, y), x, y);
}

/// min(x, y) in the same way; y where x is NaN.
inline Value min(ScalarBuilder &b, Value x, Value y) { return select(b, less(b, x, y), x, y); }

/// A float in another width; itself where it has that width.
inline Value toFloat(ScalarBuilder &b, Value x, mlir::Type type) {
  unsigned from = x.getType().getIntOrFloatBitWidth(), to = type.getIntOrFloatBitWidth();
  if (from < to)
    return mlir::arith::ExtFOp::create(b, type, x);
  if (from > to)
    return mlir::arith::TruncFOp::create(b, type, x);
  return x;
}

/// The index of loop `dim` as a float.
inline Value indexAsFloat(ScalarBuilder &b, Value index, mlir::Type type) {
  Value integer = mlir::arith::IndexCastOp::create(b, b.getI32Type(), index);
  return mlir::arith::SIToFPOp::create(b, type, integer);
}

/// `x`, or 0 where it is `least` or below: what may be subtracted without making NaN of -inf - (-inf).
inline Value finiteOrZero(ScalarBuilder &b, Value x, double least) {
  Value zero = constant(b, x.getType(), 0);
  return select(b, mlir::arith::CmpFOp::create(b, mlir::arith::CmpFPredicate::OLE, x, constant(b, x.getType(), least)),
                zero, x);
}

} // namespace espalier::scalar

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_ARITHMETIC_H
