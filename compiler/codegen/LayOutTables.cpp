//===- LayOutTables.cpp - Tables as look-ups read them --------------------===//
//
// A look-up reads table[..., state, symbol] for one symbol per sample. Rows of few symbols stay as they are, padded to
// whole vectors: a row is then within reach of in-register permutations, one for all samples of a vector. Longer ones
// are turned into table[..., symbol, state], padded too, to be read as a vector of states per sample and transposed.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/LookUpCost.h"
#include "compiler/codegen/Passes.h"
#include "dialects/support/Tables.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace espalier {
#define GEN_PASS_DEF_LAYOUTTABLES
#include "compiler/codegen/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

/// The bytes of a constant, row-major; none where a resource holds no data.
ArrayRef<char> bytesOf(ElementsAttr attr, SmallVectorImpl<char> &storage) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getData() : ArrayRef<char>();
  }
  auto dense = cast<DenseElementsAttr>(attr);
  ArrayRef<char> raw = dense.getRawData();
  if (!dense.isSplat())
    return raw;
  for (int64_t i = 0; i < dense.getNumElements(); ++i)
    storage.append(raw.begin(), raw.end());
  return storage;
}

TypedAttr constantOf(RankedTensorType type, ArrayRef<char> bytes, bool isResource) {
  if (!isResource)
    return cast<TypedAttr>(Attribute(DenseElementsAttr::getFromRawBuffer(type, bytes)));
  return cast<TypedAttr>(Attribute(makeResource(type, bytes, "table")));
}

struct LayOutTables : espalier::impl::LayOutTablesBase<LayOutTables> {
  using LayOutTablesBase::LayOutTablesBase;

  LogicalResult layOut(tensor::ExtractOp extract) {
    auto constant = extract.getTensor().getDefiningOp<arith::ConstantOp>();
    int64_t rank = extract.getTensor().getType().getRank();
    if (!constant || rank < 2 || !extract.getIndices()[rank - 1].getDefiningOp<arith::IndexCastOp>())
      return extract.emitOpError() << "expects a constant read at a state and, last, at a symbol";
    auto attr = cast<ElementsAttr>(constant.getValue());
    auto type = cast<RankedTensorType>(attr.getType());
    SmallVector<char> storage;
    ArrayRef<char> bytes = bytesOf(attr, storage);
    if (bytes.empty())
      return extract.emitOpError() << "expects a table with data, found none";

    int64_t states = type.getShape()[rank - 2], symbols = type.getShape()[rank - 1];
    bool transposed = symbols > permutedEntries(type.getElementType(), lanes, permuteBits);
    int64_t rows = transposed ? symbols : states,
            columns = transposed ? rowWidth(states, lanes) : llvm::alignTo(symbols, lanes);
    int64_t matrices = type.getNumElements() / (states * symbols), width = type.getElementTypeBitWidth() / 8;
    SmallVector<char> laidOut(matrices * rows * columns * width, 0);
    for (int64_t matrix = 0; matrix < matrices; ++matrix)
      for (int64_t s = 0; s < states; ++s)
        for (int64_t symbol = 0; symbol < symbols; ++symbol) {
          int64_t from = (matrix * states + s) * symbols + symbol;
          int64_t to = (matrix * rows + (transposed ? symbol : s)) * columns + (transposed ? s : symbol);
          std::copy_n(bytes.begin() + from * width, width, laidOut.begin() + to * width);
        }
    SmallVector<int64_t> shape(type.getShape().drop_back(2));
    shape.append({rows, columns});
    SmallVector<Value> indices(extract.getIndices());
    if (transposed)
      std::swap(indices[rank - 2], indices[rank - 1]);
    OpBuilder outside(constant);
    Value table = arith::ConstantOp::create(
        outside, constant.getLoc(),
        constantOf(RankedTensorType::get(shape, type.getElementType()), laidOut, isa<DenseResourceElementsAttr>(attr)));
    OpBuilder inside(extract);
    extract.replaceAllUsesWith(tensor::ExtractOp::create(inside, extract.getLoc(), table, indices).getResult());
    extract.erase();
    return success();
  }

  void runOnOperation() override {
    SmallVector<tensor::ExtractOp> extracts;
    getOperation().walk([&](tensor::ExtractOp extract) {
      // Rows of four are laid out already.
      if (!readsOwnRow(extract.getIndices()))
        extracts.push_back(extract);
    });
    for (tensor::ExtractOp extract : extracts)
      if (failed(layOut(extract)))
        return signalPassFailure();
  }
};

} // namespace
