//===- Piecewise.cpp - Piecewise linear functions -------------------------===//

#include "compiler/conversion/support/Piecewise.h"

using namespace mlir;

namespace espalier {
using namespace scalar;

Value evaluateUnits(ScalarBuilder &b, Value x, ArrayRef<double> in, ArrayRef<double> bias, ArrayRef<double> out,
                    double offset) {
  Type type = x.getType();
  Value zero = constant(b, type, 0), sum = constant(b, type, offset);
  for (size_t j = 0; j < in.size(); ++j) {
    Value shift = constant(b, type, bias[j]);
    Value unit = in[j] == 1    ? add(b, x, shift)
                 : in[j] == -1 ? sub(b, shift, x)
                               : fma(b, constant(b, type, in[j]), x, shift);
    sum = fma(b, constant(b, type, out[j]), max(b, unit, zero), sum);
  }
  return sum;
}

} // namespace espalier
