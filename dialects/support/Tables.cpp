//===- Tables.cpp - Tables of doubles as attributes -----------------------===//

#include "dialects/support/Tables.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Operation.h"

using namespace mlir;

namespace espalier {

static constexpr size_t kLiteralLimit = 4096;

ElementsAttr makeTable(MLIRContext *context, ArrayRef<int64_t> shape, ArrayRef<double> values, StringRef name) {
  auto type = RankedTensorType::get(shape, Float64Type::get(context));
  if (values.size() < kLiteralLimit)
    return DenseElementsAttr::get(type, values);
  ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(double));
  return cast<ElementsAttr>(makeResource(type, bytes, name));
}

DenseResourceElementsAttr makeResource(RankedTensorType type, ArrayRef<char> bytes, StringRef name) {
  auto &manager = DenseResourceElementsHandle::getManagerInterface(type.getContext());
  std::string candidate = name.str();
  for (int64_t number = 1; auto *entry = manager.getBlobManager().lookup(candidate); ++number) {
    if (const AsmResourceBlob *blob = entry->getBlob(); blob && blob->getData() == bytes)
      return DenseResourceElementsAttr::get(
          type, DenseResourceElementsHandle(entry, cast<BuiltinDialect>(manager.getDialect())));
    candidate = (name + "_" + Twine(number)).str();
  }
  constexpr size_t kAlignment = 64;
  return DenseResourceElementsAttr::get(
      type, candidate, HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, kAlignment, /*dataIsMutable=*/false));
}

FailureOr<std::vector<double>> readTable(ElementsAttr table) {
  int64_t count = table.getNumElements();
  if (auto dense = dyn_cast<DenseElementsAttr>(table)) {
    auto entries = dense.getValues<double>();
    return std::vector<double>(entries.begin(), entries.end());
  }
  if (auto resource = dyn_cast<DenseF64ResourceElementsAttr>(table))
    if (std::optional<ArrayRef<double>> entries = resource.tryGetAsArrayRef())
      if (static_cast<int64_t>(entries->size()) == count)
        return entries->vec();
  return failure();
}

FailureOr<std::vector<double>> readReals(ElementsAttr table) {
  if (auto resource = dyn_cast<DenseF32ResourceElementsAttr>(table)) {
    std::optional<ArrayRef<float>> entries = resource.tryGetAsArrayRef();
    if (!entries || static_cast<int64_t>(entries->size()) != table.getNumElements())
      return failure();
    return std::vector<double>(entries->begin(), entries->end());
  }
  auto dense = dyn_cast<DenseElementsAttr>(table);
  if (!dense || !dense.getElementType().isF32())
    return readTable(table);
  auto entries = dense.getValues<float>();
  return std::vector<double>(entries.begin(), entries.end());
}

ArrayRef<int64_t> tableShape(ElementsAttr table) {
  auto type = dyn_cast<RankedTensorType>(table.getType());
  return type && type.getElementType().isF64() ? type.getShape() : ArrayRef<int64_t>();
}

LogicalResult verifyTable(Operation *op, StringRef what, ElementsAttr table, ArrayRef<int64_t> shape) {
  auto expected = RankedTensorType::get(shape, Float64Type::get(op->getContext()));
  if (table.getType() != expected)
    return op->emitOpError() << "expects " << what << " of type " << expected << ", got " << table.getType();
  int64_t present = table.getNumElements();
  if (auto resource = dyn_cast<DenseF64ResourceElementsAttr>(table))
    present = resource.tryGetAsArrayRef().value_or(ArrayRef<double>()).size();
  if (present != table.getNumElements())
    return op->emitOpError() << "expects " << what << " with " << table.getNumElements() << " entries, got " << present;
  return success();
}

} // namespace espalier
