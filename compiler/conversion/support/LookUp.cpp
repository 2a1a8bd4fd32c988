//===- LookUp.cpp - Symbols, and kernels times symbols ---------------------===//

#include "compiler/conversion/support/LookUp.h"

#include "compiler/conversion/support/Arithmetic.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

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

static int64_t paddedRow(int64_t states) { return llvm::alignTo(states, kTablePadding); }

std::vector<double> columnTable(ArrayRef<int64_t> shape, ArrayRef<double> kernel, Type elementType) {
  bool single = elementType.isF32();
  auto [count, parents, children] = std::tuple(shape[0], shape[1], shape[2]);
  int64_t row = paddedRow(parents);
  std::vector<double> table(count * (children + 1) * row);
  for (int64_t k = 0; k < count; ++k)
    for (int64_t s = 0; s < parents; ++s) {
      double sum = 0;
      for (int64_t a = 0; a < children; ++a) {
        double weight = kernel[(k * parents + s) * children + a];
        sum = single ? static_cast<float>(sum + weight) : sum + weight;
        table[(k * (children + 1) + a) * row + s] = weight;
      }
      table[(k * (children + 1) + children) * row + s] = sum;
    }
  return table;
}

Value lookUpColumns(IndexSpaceBuilder &index, ArrayRef<int64_t> ranks, Value symbols, ArrayRef<int64_t> shape,
                    ArrayRef<double> columns, Type elementType) {
  // Rank or path axes, then symbol and parent state, are indexed in the body: which column is data.
  Operand table = index.kernel(ranks, {shape[0], shape[2] + 1, paddedRow(shape[1])}, columns, elementType, "");
  int64_t depth = ranks.size(), first = table.prefix == Prefix::Rank ? depth - 1 : 0;
  return index.map(ranks, {{'s', shape[1]}}, elementType, {{symbols, Prefix::Path, "b"}},
                   [&](ScalarBuilder &b, ValueRange x) -> Value {
                     SmallVector<Value> indices;
                     for (int64_t axis = first; axis < depth; ++axis)
                       indices.push_back(linalg::IndexOp::create(b, axis));
                     indices.push_back(arith::IndexCastOp::create(b, b.getIndexType(), x[0]));
                     indices.push_back(linalg::IndexOp::create(b, depth));
                     return tensor::ExtractOp::create(b, table.value, indices);
                   });
}

} // namespace espalier
