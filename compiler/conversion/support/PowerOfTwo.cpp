//===- PowerOfTwo.cpp - Rescaling without rounding ------------------------===//

#include "compiler/conversion/support/PowerOfTwo.h"

#include <numbers>

using namespace mlir;

namespace espalier::scalar {

/// The exponent field of x as an integer, at most the largest whose reciprocal is a normal number.
static Value exponentField(ScalarBuilder &b, Value x) {
  bool isDouble = x.getType().isF64();
  Type integer = b.getIntegerType(isDouble ? 64 : 32);
  int64_t mask = isDouble ? 0x7ff0000000000000 : 0x7f800000, most = isDouble ? 0x7fd0000000000000 : 0x7e800000;
  Value bits = arith::BitcastOp::create(b, integer, x);
  Value field = arith::AndIOp::create(b, bits, arith::ConstantOp::create(b, b.getIntegerAttr(integer, mask)));
  return arith::MinSIOp::create(b, field, arith::ConstantOp::create(b, b.getIntegerAttr(integer, most)));
}

Value reciprocalPowerOfTwo(ScalarBuilder &b, Value x) {
  Value field = exponentField(b, x);
  bool isDouble = x.getType().isF64();
  Value twice =
      arith::ConstantOp::create(b, b.getIntegerAttr(field.getType(), isDouble ? 0x7fe0000000000000 : 0x7f000000));
  return arith::BitcastOp::create(b, x.getType(), arith::SubIOp::create(b, twice, field));
}

Value logPowerOfTwo(ScalarBuilder &b, Value x) {
  Value field = exponentField(b, x);
  bool isDouble = x.getType().isF64();
  Value width = arith::ConstantOp::create(b, b.getIntegerAttr(field.getType(), isDouble ? 52 : 23));
  Value bias = arith::ConstantOp::create(b, b.getIntegerAttr(field.getType(), isDouble ? 1023 : 127));
  Value exponent = arith::SubIOp::create(b, arith::ShRUIOp::create(b, field, width), bias);
  if (isDouble)
    exponent = arith::TruncIOp::create(b, b.getI32Type(), exponent);
  Type f64 = b.getF64Type();
  return mul(b, arith::SIToFPOp::create(b, f64, exponent), constant(b, f64, std::numbers::ln2));
}

LogParts splitLog(ScalarBuilder &b, Value x) {
  constexpr double ln2Rest = 0x1.abc9e3b39803fp-56; // ln 2 less its rounded value
  Type type = x.getType();
  Value count = wholeNumber(b, mul(b, logPowerOfTwo(b, x), constant(b, type, std::numbers::log2e)));
  Value ln2 = constant(b, type, std::numbers::ln2), product = mul(b, count, ln2), whole = wholeNumber(b, product);
  Value error = fma(b, count, constant(b, type, ln2Rest), productError(b, count, ln2, product));
  Value mantissa = log(b, mul(b, x, reciprocalPowerOfTwo(b, x)));
  return {whole, add(b, add(b, sub(b, product, whole), error), mantissa)};
}

} // namespace espalier::scalar
