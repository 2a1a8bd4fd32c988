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

void transpose(ImplicitLocOpBuilder &b, SmallVectorImpl<Value> &vectors) {
  int64_t size = vectors.size();
  for (int64_t block = size / 2; block >= 1; block /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < size; ++lane) {
      low.push_back(lane & block ? size + lane - block : lane);
      high.push_back(lane & block ? size + lane : lane + block);
    }
    for (int64_t row = 0; row < size; ++row) {
      if (row & block)
        continue;
      Value first = vectors[row], second = vectors[row + block];
      vectors[row] = vector::ShuffleOp::create(b, first, second, low);
      vectors[row + block] = vector::ShuffleOp::create(b, first, second, high);
    }
  }
}

/// Of every eight vectors, the last four behind the first four.
static SmallVector<Value> joinFours(ImplicitLocOpBuilder &b, ArrayRef<Value> vectors) {
  auto places = llvm::to_vector(llvm::seq<int64_t>(2 * cast<VectorType>(vectors[0].getType()).getNumElements()));
  SmallVector<Value> joined;
  for (size_t i = 0; i < vectors.size(); ++i)
    if (i % 8 < 4)
      joined.push_back(vector::ShuffleOp::create(b, vectors[i], vectors[i + 4], places));
  return joined;
}

/// The same shuffle in every block of four: places 0 to 3 are the first vector's, 4 to 7 the second's.
static Value shuffleBlocks(ImplicitLocOpBuilder &b, Value first, Value second, std::array<int64_t, 4> places,
                           int64_t blocks) {
  SmallVector<int64_t> mask;
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t place : places)
      mask.push_back(4 * block + place % 4 + (place < 4 ? 0 : 4 * blocks));
  return vector::ShuffleOp::create(b, first, second, mask);
}

SmallVector<Value> columnsOfFours(ImplicitLocOpBuilder &b, ArrayRef<Value> rows) {
  constexpr int64_t kColumns = 4;
  const int64_t lanes = static_cast<int64_t>(rows.size());
  SmallVector<Value> read(rows);
  while (read.size() < kColumns)
    read.push_back(read.back());
  // Row i, i + 4, i + 8 ... in one vector, so that each step of the transpose does as much as a vector holds.
  while (read.size() > kColumns)
    read = joinFours(b, read);
  int64_t blocks = std::max<int64_t>(lanes / kColumns, 1);
  SmallVector<Value> pairs, columns;
  for (int64_t half : {0, 2})
    for (int64_t row : {0, 2})
      pairs.push_back(shuffleBlocks(b, read[row], read[row + 1], {half, 4 + half, half + 1, 5 + half}, blocks));
  for (int64_t half : {0, 2})
    for (int64_t column : {0, 2})
      columns.push_back(
          shuffleBlocks(b, pairs[half], pairs[half + 1], {column, column + 1, column + 4, column + 5}, blocks));
  if (lanes < kColumns)
    for (Value &column : columns)
      column = vector::ExtractStridedSliceOp::create(b, column, {0}, {lanes}, {1});
  return columns;
}

} // namespace espalier
