//===- PowerOfTwo.h - Rescaling without rounding -----------------*- C++ -*-===//
//
// A message counts up to a factor. Taken from the powers of two, the factor costs no digits, and its logarithm is an
// integer times ln 2: both are read off the exponent's bits.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_POWEROFTWO_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_POWEROFTWO_H

#include "compiler/conversion/support/Arithmetic.h"

namespace espalier::scalar {

/// 2^-k for x in [2^k, 2^(k+1)), as far as that is a normal number.
Value reciprocalPowerOfTwo(ScalarBuilder &b, Value x);

/// k ln 2 for x in [2^k, 2^(k+1)), in double precision, for the same k.
Value logPowerOfTwo(ScalarBuilder &b, Value x);

/// log x of a double in two parts: a whole number, and a rest of the size of log 2 that is right to 2^-53 although log
/// x may be -745. The rest of 0 is -inf.
struct LogParts {
  Value whole, rest;
};
LogParts splitLog(ScalarBuilder &b, Value x);

} // namespace espalier::scalar

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_POWEROFTWO_H
