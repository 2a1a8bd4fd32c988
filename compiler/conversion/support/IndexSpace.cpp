//===- IndexSpace.cpp - Linalg on the tree's index space ------------------===//

#include "compiler/conversion/support/IndexSpace.h"

#include "dialects/support/Tables.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace espalier {

static constexpr size_t kLiteralLimit = 4096;

Value IndexSpaceBuilder::map(ArrayRef<int64_t> ranks, ArrayRef<Loop> loops, Type elementType,
                             ArrayRef<Operand> operands, Body body) {
  return generic(ranks, loops, empty(ranks, loops, elementType), /*overRanks=*/false, operands, body);
}

Value IndexSpaceBuilder::reduce(ArrayRef<int64_t> ranks, ArrayRef<Loop> loops, Type elementType, double init,
                                ArrayRef<Operand> operands, Body body) {
  return generic(ranks, loops, filled(empty(ranks, loops, elementType), init), /*overRanks=*/false, operands, body);
}

Value IndexSpaceBuilder::reduceOverRanks(ArrayRef<int64_t> ranks, ArrayRef<Loop> loops, double init, Value input,
                                         Body body) {
  ArrayRef<int64_t> parents = ranks.drop_back();
  SmallVector<Loop> all = {{'j', ranks.back(), /*reduction=*/true}};
  llvm::append_range(all, loops);
  std::string letters = "j";
  for (const Loop &loop : loops)
    letters += loop.name;
  letters += 'b';
  Value start = filled(empty(parents, loops, getElementTypeOrSelf(input.getType())), init);
  return generic(parents, all, start, /*overRanks=*/true, {{input, Prefix::Path, letters}}, body);
}

Value IndexSpaceBuilder::empty(ArrayRef<int64_t> ranks, ArrayRef<Loop> loops, Type elementType) {
  SmallVector<int64_t> shape(ranks);
  for (const Loop &loop : loops)
    if (!loop.reduction)
      shape.push_back(loop.extent);
  shape.push_back(ShapedType::kDynamic);
  return tensor::EmptyOp::create(builder, loc, shape, elementType, batch);
}

Value IndexSpaceBuilder::filled(Value destination, double init) {
  Type elementType = getElementTypeOrSelf(destination.getType());
  TypedAttr attr = isa<FloatType>(elementType)
                       ? TypedAttr(builder.getFloatAttr(elementType, init))
                       : TypedAttr(builder.getIntegerAttr(elementType, static_cast<int64_t>(init)));
  Value value = arith::ConstantOp::create(builder, loc, attr);
  return linalg::FillOp::create(builder, loc, value, destination).getResult(0);
}

/// The indices of an operand: its rank axes, then its letters.
static AffineMap accessMap(MLIRContext *context, size_t depth, ArrayRef<Loop> loops, Prefix prefix, StringRef letters) {
  SmallVector<AffineExpr> indices;
  size_t first = prefix == Prefix::Rank ? depth - 1 : 0;
  size_t last = prefix == Prefix::None ? 0 : prefix == Prefix::Parent ? depth - 1 : depth;
  for (size_t i = first; i < last; ++i)
    indices.push_back(getAffineDimExpr(i, context));
  for (char letter : letters) {
    const Loop *loop = llvm::find_if(loops, [&](const Loop &l) { return l.name == letter; });
    assert((letter == 'b' || loop != loops.end()) && "an operand's letter must name a loop");
    indices.push_back(getAffineDimExpr(depth + (loop - loops.begin()), context));
  }
  return AffineMap::get(depth + loops.size() + 1, 0, indices, context);
}

Value IndexSpaceBuilder::generic(ArrayRef<int64_t> ranks, ArrayRef<Loop> loops, Value init, bool overRanks,
                                 ArrayRef<Operand> operands, Body body) {
  MLIRContext *context = builder.getContext();
  size_t depth = ranks.size();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Operand &operand : operands) {
    inputs.push_back(operand.value);
    maps.push_back(accessMap(context, depth, loops, operand.prefix, operand.loops));
  }
  std::string resultLetters;
  SmallVector<utils::IteratorType> iterators(depth, utils::IteratorType::parallel);
  for (const Loop &loop : loops) {
    iterators.push_back(loop.reduction ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    if (!loop.reduction)
      resultLetters += loop.name;
  }
  iterators.push_back(utils::IteratorType::parallel);
  maps.push_back(accessMap(context, depth, loops, Prefix::Path, resultLetters + "b"));

  auto op = linalg::GenericOp::create(builder, loc, init.getType(), inputs, init, maps, iterators,
                                      [&](OpBuilder &nested, Location at, ValueRange arguments) {
                                        ImplicitLocOpBuilder inner(at, nested);
                                        linalg::YieldOp::create(inner, body(inner, arguments));
                                      });
  op->setAttr(kDepthAttr, builder.getI64IntegerAttr(depth));
  if (overRanks)
    op->setAttr(kOverRanksAttr, builder.getUnitAttr());
  return op.getResult(0);
}

Value IndexSpaceBuilder::table(ArrayRef<int64_t> shape, ArrayRef<double> values, Type elementType) {
  auto type = RankedTensorType::get(shape, elementType);
  auto constant = [&](auto entries) {
    ArrayRef<char> bytes(reinterpret_cast<const char *>(entries.data()), entries.size() * sizeof(entries[0]));
    return entries.size() >= kLiteralLimit ? Attribute(makeResource(type, bytes, "table"))
                                           : Attribute(DenseElementsAttr::get(type, entries));
  };
  Attribute attr;
  if (elementType.isF32()) {
    SmallVector<float> rounded(values.begin(), values.end());
    attr = constant(ArrayRef<float>(rounded));
  } else {
    attr = constant(values);
  }
  return arith::ConstantOp::create(builder, loc, type, cast<TypedAttr>(attr));
}

Operand IndexSpaceBuilder::kernel(ArrayRef<int64_t> ranks, ArrayRef<int64_t> shape, ArrayRef<double> values,
                                  Type elementType, StringRef rowColumn) {
  Prefix prefix = shape[0] == 1 ? Prefix::None : shape[0] == ranks.back() ? Prefix::Rank : Prefix::Path;
  SmallVector<int64_t> extents;
  if (prefix == Prefix::Path)
    llvm::append_range(extents, ranks);
  else if (prefix == Prefix::Rank)
    extents.push_back(shape[0]);
  llvm::append_range(extents, shape.drop_front());
  return {table(extents, values, elementType), prefix, rowColumn};
}

} // namespace espalier
