//===- LookUp.cpp - Symbols, and kernels times symbols --------------------===//

#include "compiler/conversion/support/LookUp.h"

#include "compiler/analysis/FanOut.h"
#include "compiler/conversion/support/Arithmetic.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace espalier {
using namespace scalar;

Value oneHot(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, Value symbols, int64_t states, Type elementType,
             double seen, double other) {
  int64_t depth = ranks.size();
  return index.map(ranks, {{'s', states}}, elementType, {{symbols, Prefix::Path, "b"}},
                   [&](ScalarBuilder &b, ValueRange x) -> Value {
                     Value state = arith::IndexCastOp::create(b, b.getI32Type(), linalg::IndexOp::create(b, depth));
                     Value missing = arith::ConstantOp::create(b, b.getI32IntegerAttr(states));
                     Value here = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x[0], state);
                     Value any = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x[0], missing);
                     return select(b, arith::OrIOp::create(b, here, any), constant(b, elementType, seen),
                                   constant(b, elementType, other));
                   });
}

/// The kernels by symbol, and their row sums in the place of the missing one: [count x S_parent x (S_child + 1)]. Sums
/// are formed as a product would.
std::vector<double> LookUp::entries() const {
  std::vector<double> table;
  for (size_t first = 0; first < weights.size(); first += shape[2]) {
    double sum = 0;
    for (double weight : weights.slice(first, shape[2])) {
      sum = elementType.isF32() ? static_cast<float>(sum + weight) : sum + weight;
      table.push_back(function(weight));
    }
    table.push_back(function(sum));
  }
  return table;
}

/// Reads [rank or path axes x S_parent x values] where `symbols` say. Which entry is data, so the body does it.
Value LookUp::read(ArrayRef<double> entries, Value symbols) {
  Operand table = index.kernel(ranks, {shape[0], shape[1], values()}, entries, elementType, "");
  int64_t depth = ranks.size();
  int64_t first = table.prefix == Prefix::Rank ? depth - 1 : table.prefix == Prefix::None ? depth : 0;
  return index.map(ranks, {{'s', shape[1]}}, elementType, {{symbols, Prefix::Path, "b"}},
                   [&](ImplicitLocOpBuilder &b, ValueRange x) -> Value {
                     SmallVector<Value> indices;
                     for (int64_t axis = first; axis <= depth; ++axis)
                       indices.push_back(linalg::IndexOp::create(b, axis));
                     indices.push_back(arith::IndexCastOp::create(b, b.getIndexType(), x[0]));
                     return tensor::ExtractOp::create(b, table.value, indices);
                   });
}

Value LookUp::message(Value symbols) { return read(entries(), symbols); }

SplitLog LookUp::logs(Value symbols, double least) {
  using Real = long double;
  // Of rows that sum to one in double precision that is the sum; of those that are as written, the one in more.
  bool asWritten = needsWeightsAsWritten(ranks.back());
  int64_t bits = fractionBits(ranks.back());
  std::vector<double> high, low;
  auto append = [&](Real weight) {
    Real logarithm = weight > 0 ? std::log(weight) : Real(least);
    high.push_back(bits == 0 ? static_cast<double>(logarithm) : wholePart(static_cast<double>(logarithm), bits));
    low.push_back(static_cast<double>(logarithm - high.back()));
  };
  for (size_t first = 0; first < weights.size(); first += shape[2]) {
    ArrayRef<double> row = weights.slice(first, shape[2]);
    for (double weight : row)
      append(weight);
    append(asWritten ? std::accumulate(row.begin(), row.end(), Real(0)) : std::accumulate(row.begin(), row.end(), 0.0));
  }
  return {read(high, symbols), bits == 0 ? Value() : read(low, symbols)};
}

} // namespace espalier
