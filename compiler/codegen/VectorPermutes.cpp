//===- VectorPermutes.cpp - Elements in other lanes --------------*- C++ -*-===//

#include "compiler/codegen/VectorPermutes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace espalier {

static Value intrinsic(ImplicitLocOpBuilder &b, StringRef name, VectorType type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), operands).getResult(0);
}

Value permute(ImplicitLocOpBuilder &b, ArrayRef<Value> row, Value symbols) {
  auto type = cast<VectorType>(row.front().getType());
  Type integer = b.getIntegerType(type.getElementTypeBitWidth());
  auto indexType = VectorType::get(type.getShape(), integer);
  if (indexType != symbols.getType())
    symbols = arith::ExtUIOp::create(b, indexType, symbols);
  bool wide = type.getNumElements() * type.getElementTypeBitWidth() == 512, isDouble = type.getElementType().isF64();
  Value result;
  for (size_t first = 0; first < row.size();) {
    Value part;
    size_t taken = wide && first + 1 < row.size() ? 2 : 1;
    if (taken == 2)
      part = intrinsic(b, isDouble ? "llvm.x86.avx512.vpermi2var.pd.512" : "llvm.x86.avx512.vpermi2var.ps.512", type,
                       {row[first], symbols, row[first + 1]});
    else
      part = intrinsic(b,
                       !wide      ? "llvm.x86.avx2.permps"
                       : isDouble ? "llvm.x86.avx512.permvar.df.512"
                                  : "llvm.x86.avx512.permvar.sf.512",
                       type, {row[first], symbols});
    if (result) {
      auto least = DenseElementsAttr::get(indexType, b.getIntegerAttr(integer, first * type.getNumElements()));
      Value beyond = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, symbols, arith::ConstantOp::create(b, least));
      result = arith::SelectOp::create(b, beyond, part, result);
    } else {
      result = part;
    }
    first += taken;
  }
  return result;
}

static int64_t lanesOf(Value vector) { return cast<VectorType>(vector.getType()).getNumElements(); }

/// Every vector of the first half of each group of `width` with its counterpart of the second half behind it.
static SmallVector<Value> joinHalves(ImplicitLocOpBuilder &b, ArrayRef<Value> vectors, int64_t width) {
  auto places = llvm::to_vector(llvm::seq<int64_t>(2 * lanesOf(vectors[0])));
  SmallVector<Value> joined;
  for (int64_t i = 0; i < static_cast<int64_t>(vectors.size()); ++i)
    if (i % (2 * width) < width)
      joined.push_back(vector::ShuffleOp::create(b, vectors[i], vectors[i + width], places));
  return joined;
}

/// Exchanges the upper half of every `2 * block` lanes of the first vector with the lower half of the second.
static void exchange(ImplicitLocOpBuilder &b, Value &first, Value &second, int64_t block) {
  int64_t lanes = lanesOf(first);
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    low.push_back(lane & block ? lanes + lane - block : lane);
    high.push_back(lane & block ? lanes + lane : lane + block);
  }
  Value lower = vector::ShuffleOp::create(b, first, second, low);
  second = vector::ShuffleOp::create(b, first, second, high);
  first = lower;
}

/// The same shuffle in every block of four: places 0 to 3 are the first vector's, 4 to 7 the second's.
static Value shuffleFours(ImplicitLocOpBuilder &b, Value first, Value second, std::array<int64_t, 4> places) {
  int64_t lanes = lanesOf(first);
  SmallVector<int64_t> mask;
  for (int64_t block = 0; block < lanes; block += 4)
    for (int64_t place : places)
      mask.push_back(block + place % 4 + (place < 4 ? 0 : lanes));
  return vector::ShuffleOp::create(b, first, second, mask);
}

/// Transposes squares of 4 x 4 by what x86 has single instructions for in floats.
static void transposeFours(ImplicitLocOpBuilder &b, MutableArrayRef<Value> rows) {
  SmallVector<Value> pairs;
  for (int64_t half : {0, 2})
    for (int64_t row : {0, 2})
      pairs.push_back(shuffleFours(b, rows[row], rows[row + 1], {half, 4 + half, half + 1, 5 + half}));
  for (int64_t half : {0, 2})
    for (int64_t column : {0, 2})
      rows[half + column / 2] =
          shuffleFours(b, pairs[half], pairs[half + 1], {column, column + 1, column + 4, column + 5});
}

SmallVector<Value> columnsOf(ImplicitLocOpBuilder &b, ArrayRef<Value> rows) {
  const int64_t width = lanesOf(rows.front()), lanes = static_cast<int64_t>(rows.size());
  SmallVector<Value> vectors(rows);
  while (static_cast<int64_t>(vectors.size()) < width)
    vectors.push_back(vectors.back());
  // Row i, i + width, i + 2 width ... in one vector, so that each step of the transpose does as much as a vector holds.
  while (static_cast<int64_t>(vectors.size()) > width)
    vectors = joinHalves(b, vectors, width);
  int64_t innermost = cast<VectorType>(rows.front().getType()).getElementTypeBitWidth() == 32 ? 4 : 1;
  for (int64_t block = width / 2; block >= innermost; block /= 2)
    for (int64_t row = 0; row < width; ++row)
      if (!(row & block))
        exchange(b, vectors[row], vectors[row + block], block);
  if (innermost == 4)
    for (int64_t row = 0; row < width; row += 4)
      transposeFours(b, MutableArrayRef(vectors).slice(row, 4));
  if (lanes < width)
    for (Value &column : vectors)
      column = vector::ExtractStridedSliceOp::create(b, column, {0}, {lanes}, {1});
  return vectors;
}

} // namespace espalier
