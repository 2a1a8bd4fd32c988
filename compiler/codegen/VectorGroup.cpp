//===- VectorGroup.cpp - Ops that share a loop nest -----------------------===//
//
// Writes groups of ops as loops over states and vectors of samples. Reductions keep a block of rows x columns
// accumulators in registers; results stay in registers for the ops behind, and reach memory only where others read
// them.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/VectorGroup.h"

#include "compiler/codegen/LookUpCost.h"
#include "compiler/codegen/Passes.h"
#include "compiler/codegen/VectorPermutes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace espalier {

constexpr int64_t kLineBits = 512; ///< of a cache

/// Terms of a reduction up to which they are written out: a loop would take as many instructions again.
constexpr int64_t kWrittenOut = 4;

Tile::Tile(linalg::GenericOp op, linalg::FillOp init) : op(op), init(init) {
  auto kinds = op.getIteratorTypesArray();
  for (int64_t loop = 0; loop + 1 < static_cast<int64_t>(kinds.size()); ++loop)
    (kinds[loop] == utils::IteratorType::reduction ? sums : states).push_back(loop);
}

SmallVector<int64_t> Tile::stateExtents() const {
  SmallVector<int64_t> ranges = generic().getStaticLoopRanges(), extents;
  for (int64_t loop : states)
    extents.push_back(ranges[loop]);
  return extents;
}

bool Tile::isHeavy() const {
  return llvm::any_of(*generic().getBody(),
                      [](Operation &inner) { return isa<math::ExpOp, math::Exp2Op, math::LogOp>(inner); });
}

bool Tile::isWide(const RegisterBlock &shape) const {
  return shape.lanes * cast<ShapedType>(result().getType()).getElementTypeBitWidth() > shape.vectorBits;
}

bool Tile::isLong() const {
  constexpr size_t kLong = 16;
  return generic().getBody()->getOperations().size() > kLong;
}

memref::LoadOp Tile::lookUp() const {
  auto loads = generic().getBody()->getOps<memref::LoadOp>();
  bool looksUp = sums.empty() && !states.empty() && !loads.empty() && !readsOwnRow((*loads.begin()).getIndices());
  return looksUp ? *loads.begin() : memref::LoadOp();
}

memref::LoadOp Tile::rowLookUp() const {
  memref::LoadOp load = lookUp();
  return load && !load.getIndices().back().getDefiningOp<arith::IndexCastOp>() ? load : memref::LoadOp();
}

bool Tile::readsInPlace(OpOperand *operand) const {
  return generic().getMatchingIndexingMap(operand) == generic().getMatchingIndexingMap(generic().getDpsInitOperand(0));
}

namespace {

/// Writes one group of tiles as a loop nest.
class GroupWriter {
public:
  GroupWriter(ArrayRef<Tile> tiles, RegisterBlock shape, OpBuilder &builder)
      : tiles(tiles), shape(shape), b(tiles.front().generic().getLoc(), builder) {
    batch = cast<ShapedType>(tiles.front().result().getType()).getShape().back();
    int64_t reductions = llvm::count_if(tiles, [](const Tile &tile) { return !tile.sums.empty(); });
    bool looksUpRows = llvm::any_of(tiles, [](const Tile &tile) { return static_cast<bool>(tile.rowLookUp()); });
    bool looksUp = llvm::any_of(tiles, [](const Tile &tile) { return static_cast<bool>(tile.lookUp()); });
    bool heavy = llvm::any_of(tiles, [](const Tile &tile) { return tile.isHeavy(); });
    // Accumulators of one reduction wait in registers while the next one's are summed.
    int64_t height = reductions > 1 ? std::max<int64_t>(shape.rows / 2, 1) : shape.rows;
    rows = looksUpRows                 ? shape.lanes
           : heavy                     ? 1
           : reductions > 0 || looksUp ? height
                                       : std::max<int64_t>(shape.rows / 2, 1);
    columns = looksUpRows || tiles.front().isWide(shape) ? 1 : shape.columns;
    while (batch % (columns * shape.lanes) != 0)
      --columns;
  }

  void write() {
    SmallVector<int64_t> extents = tiles.front().stateExtents();
    writeStates(extents);
  }

private:
  Value indexConstant(int64_t value) { return arith::ConstantIndexOp::create(b, value); }

  /// Loops over all states but the last as they are, over the last in register blocks with a remainder.
  void writeStates(ArrayRef<int64_t> extents) {
    if (extents.size() <= 1) {
      int64_t extent = extents.empty() ? 1 : extents[0], whole = extent - extent % rows;
      if (whole > 0)
        writeBlocks(0, whole, rows);
      if (whole < extent)
        writeBlocks(whole, extent, extent - whole);
      return;
    }
    auto loop = scf::ForOp::create(b, indexConstant(0), indexConstant(extents[0]), indexConstant(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    outer.push_back(loop.getInductionVar());
    writeStates(extents.drop_front());
    outer.pop_back();
  }

  /// Register blocks of `height` states from `first` up to `last`, for all samples.
  void writeBlocks(int64_t first, int64_t last, int64_t blockHeight) {
    OpBuilder::InsertionGuard guard(b);
    Value row = indexConstant(first);
    if (last - first > blockHeight) {
      auto loop = scf::ForOp::create(b, row, indexConstant(last), indexConstant(blockHeight));
      b.setInsertionPointToStart(loop.getBody());
      row = loop.getInductionVar();
    }
    int64_t step = columns * shape.lanes;
    Value sample = indexConstant(0);
    if (batch > step) {
      auto loop = scf::ForOp::create(b, sample, indexConstant(batch), indexConstant(step));
      b.setInsertionPointToStart(loop.getBody());
      sample = loop.getInductionVar();
    }
    writeBlock(row, blockHeight, sample);
  }

  void writeBlock(Value row, int64_t blockHeight, Value sample) {
    height = blockHeight;
    rowIndex.clear();
    for (int64_t r = 0; r < height; ++r)
      rowIndex.push_back(r == 0 ? row : arith::AddIOp::create(b, row, indexConstant(r)).getResult());
    sampleIndex.clear();
    for (int64_t c = 0; c < columns; ++c)
      sampleIndex.push_back(c == 0 ? sample
                                   : arith::AddIOp::create(b, sample, indexConstant(c * shape.lanes)).getResult());
    registers.clear();
    rowsRead.clear();
    for (const Tile &tile : tiles)
      writeTile(tile);
  }

  //===--------------------------------------------------------------------===//
  // One tile in one register block
  //===--------------------------------------------------------------------===//

  void writeTile(const Tile &tile) {
    loops.assign(tile.batchLoop() + 1, Value());
    for (auto [loop, value] : llvm::zip(tile.states, outer))
      loops[loop] = value;
    SmallVector<Value> values = initial(tile);
    if (memref::LoadOp load = tile.rowLookUp())
      values = lookUpRows(tile, load);
    else
      values = tile.sums.empty() ? evaluate(tile, values) : reduce(tile, tile.sums, values);
    bool stored = isReadElsewhere(tile);
    for (int64_t r = 0; r < height; ++r)
      for (int64_t c = 0; c < columns; ++c) {
        Value value = values[r * columns + c];
        registers[{tile.result(), r * columns + c}] = value;
        if (!stored)
          continue;
        OpOperand *result = tile.generic().getDpsInitOperand(0);
        SmallVector<Value> at = indices(tile, result, r, c);
        vector::StoreOp::create(b, value, tile.result(), at);
        askAhead(tile, result, at, c);
      }
  }

  /// A result that only this group reads need not reach memory.
  bool isReadElsewhere(const Tile &tile) {
    Operation *source = tile.result().getDefiningOp();
    auto view = dyn_cast_or_null<memref::ViewOp>(source);
    auto workspace = view ? dyn_cast<BlockArgument>(view.getSource()) : BlockArgument();
    auto function = tiles.front().generic()->getParentOfType<func::FuncOp>();
    bool isScratch = workspace && function.getArgAttr(workspace.getArgNumber(), kWorkspaceAttr);
    if ((!isScratch && !(source && source->hasAttr(kPrivateAttr))) || source->hasAttr(kEscapesAttr))
      return true;
    return llvm::any_of(tile.result().getUsers(), [&](Operation *user) {
      return llvm::none_of(tiles, [&](const Tile &other) { return user == other.op || user == other.init; });
    });
  }

  VectorType vectorType(Value memref) {
    return VectorType::get({shape.lanes}, cast<ShapedType>(memref.getType()).getElementType());
  }

  /// Accumulators: the fill's constant, what the group or memory holds, or nothing for a body that does not read them.
  SmallVector<Value> initial(const Tile &tile) {
    SmallVector<Value> values(height * columns);
    linalg::GenericOp op = tile.op;
    linalg::FillOp init = tile.init;
    if (!op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
      return values;
    for (int64_t r = 0; r < height; ++r)
      for (int64_t c = 0; c < columns; ++c)
        values[r * columns + c] =
            init ? vector::BroadcastOp::create(b, vectorType(tile.result()), init.getInputs()[0]).getResult()
                 : read(tile, op.getDpsInitOperand(0), r, c);
    return values;
  }

  /// Loops over the reductions, accumulators in registers.
  SmallVector<Value> reduce(const Tile &tile, ArrayRef<int64_t> sums, ArrayRef<Value> accumulators) {
    int64_t extent = tile.generic().getStaticLoopRanges()[sums.front()];
    auto body = [&](SmallVector<Value> values) {
      return sums.size() > 1 ? reduce(tile, sums.drop_front(), values) : evaluate(tile, values);
    };
    if (extent == 1 || (sums.size() == 1 && extent <= kWrittenOut)) {
      SmallVector<Value> values(accumulators);
      for (int64_t i = 0; i < extent; ++i) {
        loops[sums.front()] = indexConstant(i);
        values = body(values);
      }
      return values;
    }
    auto loop = scf::ForOp::create(b, indexConstant(0), indexConstant(extent), indexConstant(1), accumulators);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      loops[sums.front()] = loop.getInductionVar();
      scf::YieldOp::create(b, body(SmallVector<Value>(loop.getRegionIterArgs())));
    }
    return SmallVector<Value>(loop.getResults());
  }

  /// The body for every vector of the block. Operands that do not depend on the row (or column) are read once. Where it
  /// computes exp or log, a long chain each, all vectors take every step together: processors look only so far ahead.
  /// Of other long bodies those of a row do, so that their constants are loaded once.
  SmallVector<Value> evaluate(const Tile &tile, ArrayRef<Value> accumulators) {
    linalg::GenericOp op = tile.op;
    SmallVector<IRMapping> mappings;
    DenseMap<std::pair<unsigned, int64_t>, Value> once;
    int64_t together = tile.isHeavy() ? height * columns : tile.isLong() ? columns : 1;
    for (int64_t r = 0; r < height; ++r)
      for (int64_t c = 0; c < columns; ++c) {
        IRMapping mapping;
        for (OpOperand *operand : op.getDpsInputOperands()) {
          int64_t position = (dependsOn(tile, operand, rowLoop(tile)) ? r : 0) * columns +
                             (dependsOn(tile, operand, tile.batchLoop()) ? c : 0);
          Value &value = once[{operand->getOperandNumber(), position}];
          if (!value)
            value = read(tile, operand, r, c);
          mapping.map(op.getMatchingBlockArgument(operand), value);
        }
        if (Value accumulator = accumulators[r * columns + c])
          mapping.map(op.getMatchingBlockArgument(op.getDpsInitOperand(0)), accumulator);
        mappings.push_back(std::move(mapping));
        int64_t last = r * columns + c;
        if ((last + 1) % together != 0)
          continue;
        for (Operation &inner : op.getBody()->without_terminator())
          for (int64_t i = last + 1 - together; i <= last; ++i)
            cloneInner(tile, inner, mappings[i], i / columns, i % columns);
      }
    SmallVector<Value> results;
    for (IRMapping &mapping : mappings)
      results.push_back(toVector(mapping.lookupOrDefault(op.getBody()->getTerminator()->getOperand(0))));
    return results;
  }

  /// The loop over the last state, or -1.
  int64_t rowLoop(const Tile &tile) { return tile.states.empty() ? -1 : tile.states.back(); }

  bool dependsOn(const Tile &tile, OpOperand *operand, int64_t loop) {
    return loop >= 0 && tile.generic().getMatchingIndexingMap(operand).isFunctionOfDim(loop);
  }

  Value loopValue(const Tile &tile, int64_t loop, int64_t r, int64_t c) {
    if (loop == rowLoop(tile))
      return rowIndex[r];
    return loop == tile.batchLoop() ? sampleIndex[c] : loops[loop];
  }

  SmallVector<Value> indices(const Tile &tile, OpOperand *operand, int64_t r, int64_t c) {
    SmallVector<Value> values;
    for (AffineExpr result : tile.generic().getMatchingIndexingMap(operand).getResults())
      values.push_back(loopValue(tile, cast<AffineDimExpr>(result).getPosition(), r, c));
    return values;
  }

  /// An operand: from the group's registers, as a vector of samples, or as a scalar where it has no batch.
  Value read(const Tile &tile, OpOperand *operand, int64_t r, int64_t c) {
    if (Value value = registers.lookup({operand->get(), r * columns + c}))
      return value;
    SmallVector<Value> at = indices(tile, operand, r, c);
    if (dependsOn(tile, operand, tile.batchLoop())) {
      askAhead(tile, operand, at, c);
      return vector::LoadOp::create(b, vectorType(operand->get()), operand->get(), at);
    }
    return memref::LoadOp::create(b, operand->get(), at);
  }

  /// Asks for the cache lines that are as many rows ahead of what is read or written as the schedule says.
  void askAhead(const Tile &tile, OpOperand *operand, ArrayRef<Value> at, int64_t c) {
    auto ahead = tile.generic()->getAttrOfType<DenseI64ArrayAttr>(kAheadAttr);
    int64_t rows = ahead && tile.readsInPlace(operand) ? ahead[operand->getOperandNumber()] : 0;
    int64_t perLine = kLineBits / cast<MemRefType>(operand->get().getType()).getElementTypeBitWidth();
    if (rows == 0 || at.size() < 2 || c * shape.lanes % perLine != 0)
      return;
    SmallVector<Value> later(at);
    Value &row = later[later.size() - 2];
    row = arith::AddIOp::create(b, row, indexConstant(rows));
    bool isWrite = operand == tile.generic().getDpsInitOperand(0);
    memref::PrefetchOp::create(b, operand->get(), later, isWrite, /*localityHint=*/3, /*isDataCache=*/true);
  }

  //===--------------------------------------------------------------------===//
  // Bodies
  //===--------------------------------------------------------------------===//

  /// An op of the scalar body on vectors: what depends on a vector becomes one, everything else stays scalar.
  void cloneInner(const Tile &tile, Operation &inner, IRMapping &mapping, int64_t r, int64_t c) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      mapping.map(index.getResult(), loopValue(tile, index.getDim(), r, c));
    else if (auto symbol = dyn_cast<arith::IndexCastOp>(inner); symbol && symbol.getOut().getType().isIndex())
      mapping.map(symbol.getOut(), mapping.lookup(symbol.getIn()));
    else if (auto load = dyn_cast<memref::LoadOp>(inner))
      mapping.map(load.getResult(),
                  readsOwnRow(load.getIndices()) ? entryOfRows(load, mapping) : permuteRow(load, mapping));
    else
      cloneElementwise(inner, mapping);
  }

  Value toVector(Value value) {
    if (isa<VectorType>(value.getType()))
      return value;
    return vector::BroadcastOp::create(b, VectorType::get({shape.lanes}, value.getType()), value);
  }

  void cloneElementwise(Operation &inner, IRMapping &mapping) {
    SmallVector<Value> operands;
    for (Value operand : inner.getOperands())
      operands.push_back(mapping.lookupOrDefault(operand));
    bool vectors = llvm::any_of(operands, [](Value value) { return isa<VectorType>(value.getType()); });
    SmallVector<Type> types(inner.getResultTypes());
    if (vectors) {
      for (Value &operand : operands)
        operand = toVector(operand);
      for (Type &type : types)
        type = VectorType::get({shape.lanes}, type);
    }
    Operation *clone = b.create(inner.getLoc(), inner.getName().getIdentifier(), operands, types, inner.getAttrs());
    mapping.map(inner.getResults(), clone->getResults());
  }

  //===--------------------------------------------------------------------===//
  // Tables
  //===--------------------------------------------------------------------===//

  /// Reads a table at a vector of symbols: loads the whole row, one or a few vectors, and permutes it by the symbols.
  Value permuteRow(memref::LoadOp load, IRMapping &mapping) {
    auto type = VectorType::get({shape.lanes}, load.getMemRefType().getElementType());
    Value symbols = mapping.lookup(load.getIndices().back());
    SmallVector<Value> at, row;
    for (Value index : load.getIndices().drop_back())
      at.push_back(mapping.lookupOrDefault(index));
    at.push_back(Value());
    for (int64_t first = 0; first < load.getMemRefType().getShape().back(); first += shape.lanes) {
      at.back() = indexConstant(first);
      row.push_back(vector::LoadOp::create(b, type, load.getMemRef(), at));
    }
    return permute(b, row, symbols);
  }

  /// One entry of the row of four that every lane chooses.
  Value entryOfRows(memref::LoadOp load, IRMapping &mapping) {
    Value rows = mapping.lookup(load.getIndices().front());
    SmallVector<Value> &columns = rowsRead[{load.getMemRef(), rows}];
    if (columns.empty())
      columns = readRows(load, rows);
    APInt entry;
    matchPattern(load.getIndices().back(), m_ConstantInt(&entry));
    return columns[entry.getZExtValue()];
  }

  /// The rows of four that the lanes choose, by column: a load per lane, then a transpose.
  SmallVector<Value> readRows(memref::LoadOp load, Value rows) {
    auto rowType = VectorType::get({4}, load.getMemRefType().getElementType());
    SmallVector<Value> read;
    for (int64_t lane = 0; lane < shape.lanes; ++lane) {
      Value row = arith::IndexCastOp::create(b, b.getIndexType(), vector::ExtractOp::create(b, rows, lane));
      read.push_back(vector::LoadOp::create(b, rowType, load.getMemRef(), ValueRange{row, indexConstant(0)}));
    }
    return columnsOf(b, read);
  }

  /// Reads a table one of whose rows is chosen by the sample: every lane's row, or what a vector holds of it, then a
  /// transpose, so that lanes become samples again. Gathers would take several times as long.
  SmallVector<Value> lookUpRows(const Tile &tile, memref::LoadOp load) {
    linalg::GenericOp op = tile.op;
    OpOperand *symbols = op.getDpsInputOperand(0);
    MemRefType table = load.getMemRefType();
    auto rowType = VectorType::get({std::min(shape.lanes, table.getShape().back())}, table.getElementType());
    SmallVector<Value> rows;
    for (int64_t lane = 0; lane < shape.lanes; ++lane) {
      SmallVector<Value> at = indices(tile, symbols, 0, 0);
      at.back() = arith::AddIOp::create(b, at.back(), indexConstant(lane));
      IRMapping mapping;
      mapping.map(op.getMatchingBlockArgument(symbols), memref::LoadOp::create(b, symbols->get(), at).getResult());
      SmallVector<Value> rowAt;
      for (Value index : load.getIndices())
        rowAt.push_back(scalarIndex(tile, index, mapping));
      rows.push_back(vector::LoadOp::create(b, rowType, load.getMemRef(), rowAt));
    }
    SmallVector<Value> columns = columnsOf(b, rows);
    columns.resize(height);
    return columns;
  }

  /// An index of a table read, for one sample.
  Value scalarIndex(const Tile &tile, Value index, IRMapping &mapping) {
    if (auto loop = index.getDefiningOp<linalg::IndexOp>())
      return loopValue(tile, loop.getDim(), 0, 0);
    Value symbol = symbolOf(index);
    if (!symbol)
      return index;
    Value value = mapping.lookup(symbol);
    return symbol == index.getDefiningOp<arith::IndexCastOp>().getIn()
               ? arith::IndexCastOp::create(b, b.getIndexType(), value).getResult()
               : arith::IndexCastUIOp::create(b, b.getIndexType(), value).getResult();
  }

  ArrayRef<Tile> tiles;
  RegisterBlock shape;
  ImplicitLocOpBuilder b;
  int64_t rows, columns, batch;
  SmallVector<Value> outer;                                       ///< loops over all states but the last
  int64_t height = 1;                                             ///< states in the current block
  SmallVector<Value> rowIndex, sampleIndex;                       ///< of the current block
  SmallVector<Value> loops;                                       ///< loop values of the current tile
  DenseMap<std::pair<Value, int64_t>, Value> registers;           ///< results of the group, by row * columns + column
  DenseMap<std::pair<Value, Value>, SmallVector<Value>> rowsRead; ///< by table and chosen rows, the columns
};

} // namespace

void writeGroup(ArrayRef<Tile> tiles, RegisterBlock shape, OpBuilder &builder) {
  GroupWriter(tiles, shape, builder).write();
}

} // namespace espalier
