//===- Piecewise.cpp - Piecewise linear functions -------------------------===//

#include "compiler/conversion/support/Piecewise.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace espalier {
using namespace scalar;

/// Lines up to which computing all of them takes less time than looking two up, measured with vectors of 8.
static constexpr size_t kMostLines = 20;

Piecewise::Piecewise(const Units &units, Type type) : units(units), type(type), lines(units) {
  if (!lines.isConvex && !lines.isConcave)
    return;
  if (lines.lines.size() > kMostLines)
    buckets = findBuckets(lines, type.isF32());
  chosen = buckets ? Form::LookUp : Form::Lines;
}

Value Piecewise::table(IndexSpaceBuilder &index) const {
  if (chosen != Form::LookUp)
    return Value();
  std::vector<double> rows;
  for (const auto &[left, right] : buckets->lines)
    rows.insert(rows.end(), {left.slope, left.intercept, right.slope, right.intercept});
  return index.table({static_cast<int64_t>(buckets->lines.size()), 4}, rows, type);
}

Value Piecewise::at(ScalarBuilder &b, Value x, Value table) const {
  return chosen == Form::Units ? ofUnits(b, x) : chosen == Form::Lines ? ofLines(b, x) : lookUp(b, x, table);
}

Value Piecewise::ofUnits(ScalarBuilder &b, Value x) const {
  Value zero = constant(b, type, 0), sum = constant(b, type, units.offset);
  for (size_t j = 0; j < units.in.size(); ++j) {
    Value shift = constant(b, type, units.bias[j]);
    Value unit = units.in[j] == 1    ? add(b, x, shift)
                 : units.in[j] == -1 ? sub(b, shift, x)
                                     : fma(b, constant(b, type, units.in[j]), x, shift);
    sum = fma(b, constant(b, type, units.out[j]), max(b, unit, zero), sum);
  }
  return sum;
}

Value Piecewise::join(ScalarBuilder &b, Value x, Value y) const { return lines.isConvex ? max(b, x, y) : min(b, x, y); }

Value Piecewise::ofLines(ScalarBuilder &b, Value x) const {
  Value best;
  for (const Line &line : lines.lines) {
    Value value = constant(b, type, line.intercept);
    if (line.slope != 0)
      value = fma(b, constant(b, type, line.slope), x, value);
    best = best ? join(b, value, best) : value;
  }
  return best;
}

Value Piecewise::bucketOf(ScalarBuilder &b, Value x) const {
  Value low = constant(b, type, buckets->low), high = constant(b, type, buckets->high);
  // NaN ends up in a bucket as well.
  Value clipped = min(b, max(b, x, low), high);
  Type integer = b.getIntegerType(type.getIntOrFloatBitWidth());
  if (!buckets->byBits)
    return arith::FPToSIOp::create(b, integer, mul(b, sub(b, clipped, low), constant(b, type, buckets->scale)));
  Value above = arith::SubIOp::create(b, arith::BitcastOp::create(b, integer, clipped),
                                      arith::BitcastOp::create(b, integer, low));
  return arith::ShRUIOp::create(b, above, arith::ConstantOp::create(b, b.getIntegerAttr(integer, buckets->shift)));
}

Value Piecewise::lookUp(ScalarBuilder &b, Value x, Value table) const {
  Value bucket = arith::IndexCastOp::create(b, b.getIndexType(), bucketOf(b, x));
  Value entry[4];
  for (int64_t i = 0; i < 4; ++i)
    entry[i] = tensor::ExtractOp::create(b, table, ValueRange{bucket, arith::ConstantIndexOp::create(b, i)});
  return join(b, fma(b, entry[0], x, entry[1]), fma(b, entry[2], x, entry[3]));
}

} // namespace espalier
