//===- TFGOps.cpp - The tfg dialect: verifiers and registration -----------===//

#include "dialects/tfg/TFGOps.h"

#include "dialects/support/Tables.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace espalier::tfg;

#include "dialects/tfg/TFGOpsDialect.cpp.inc"
#include "dialects/tfg/TFGOpsEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/tfg/TFGOpsTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/tfg/TFGOps.cpp.inc"

void TFGDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/tfg/TFGOpsTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/tfg/TFGOps.cpp.inc"
      >();
}

LogicalResult NodesType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> shape, int64_t states) {
  if (states < 1)
    return emitError() << "expects at least 1 state, got " << states;
  if (shape.size() > 2 || llvm::any_of(shape, [](int64_t extent) { return extent < 1; }))
    return emitError() << "expects a shape of at most two positive extents, got [" << shape << "]";
  return success();
}

/// C1 of tfg.root, C2 of tfg.children: weights are finite and >= 0, and no row of `columns` entries is all zero.
static LogicalResult verifyWeights(Operation *op, StringRef what, ElementsAttr table, int64_t columns) {
  FailureOr<std::vector<double>> values = espalier::readTable(table);
  if (failed(values))
    return op->emitOpError() << "expects " << what << " with readable entries";
  double rowSum = 0;
  int64_t column = 0;
  for (double weight : *values) {
    if (!std::isfinite(weight) || weight < 0)
      return op->emitOpError() << "expects " << what << " with finite entries >= 0, got " << weight;
    rowSum += weight;
    if (++column < columns)
      continue;
    if (rowSum == 0)
      return op->emitOpError() << "expects " << what << " without all-zero rows";
    rowSum = column = 0;
  }
  return success();
}

/// C3
LogicalResult ModelOp::verify() {
  if (getActivation() && *getActivation() != "exact" && *getActivation() != "relu")
    return emitOpError() << "expects activation \"exact\" or \"relu\", got \"" << *getActivation() << "\"";
  if (auto tolerance = getTolerance(); tolerance && !(tolerance->isFiniteNonZero() && tolerance->convertToDouble() > 0))
    return emitOpError() << "expects a tolerance in (0, inf), got " << tolerance->convertToDouble();
  std::optional<ArrayRef<double>> box = getBox();
  if (!box)
    return success();
  bool finite = llvm::all_of(*box, [](double bound) { return std::isfinite(bound); });
  if (box->size() != 6 || !finite || (*box)[0] > (*box)[1] || (*box)[2] > (*box)[3] || (*box)[4] > (*box)[5] ||
      !((*box)[2] > 0) || (*box)[4] < 0)
    return emitOpError() << "expects a box of three finite intervals low <= high, z, sigma > 0 and lambda >= 0, got ["
                         << *box << "]";
  return success();
}

LogicalResult ModelOp::verifyRegions() {
  Value level;
  ObserveOp channel;
  for (Operation &op : getBody().front()) {
    if (auto root = dyn_cast<RootOp>(op)) {
      if (level)
        return root.emitOpError() << "expects to be the only root of its model";
      level = root.getNodes();
    } else if (auto children = dyn_cast<ChildrenOp>(op)) {
      if (children.getParent() != level)
        return children.emitOpError() << "expects the level above as its parent: a level has one set of children";
      level = children.getNodes();
    } else if (auto observe = dyn_cast<ObserveOp>(op)) {
      if (channel)
        return observe.emitOpError() << "expects to be the only channel and to see the last level";
      channel = observe;
    } else if (!isa<QueryOp>(op)) {
      return op.emitOpError() << "does not belong into a tfg.model";
    }
  }
  if (!level)
    return emitOpError() << "expects a tfg.root";
  if (!channel)
    return emitOpError() << "expects a tfg.observe after its last level";
  if (channel.getLeaves() != level)
    return channel.emitOpError() << "expects to be the only channel and to see the last level";
  for (QueryOp query : getBody().getOps<QueryOp>()) {
    bool ofRoot = query.getQuery() == QueryKind::Classify || query.getQuery() == QueryKind::Loglik;
    if (ofRoot ? !query.getOf().getDefiningOp<RootOp>() : query.getOf() != level)
      return query.emitOpError() << stringifyQueryKind(query.getQuery()) << " expects the "
                                 << (ofRoot ? "root" : "leaves");
  }
  if (!level.getDefiningOp<ChildrenOp>())
    return emitOpError() << "expects at least one level below the root";
  return success();
}

LogicalResult RootOp::verify() {
  NodesType nodes = getNodes().getType();
  if (!nodes.getShape().empty())
    return emitOpError() << "expects a result of shape [], got [" << nodes.getShape() << "]";
  if (failed(espalier::verifyTable(*this, "a prior", getPrior(), {nodes.getStates()})))
    return failure();
  return verifyWeights(*this, "a prior", getPrior(), nodes.getStates());
}

LogicalResult ChildrenOp::verify() {
  NodesType parent = getParent().getType(), nodes = getNodes().getType();
  ArrayRef<int64_t> patch = getPatch();
  if (patch.empty() || patch.size() > 2 || llvm::any_of(patch, [](int64_t extent) { return extent < 1; }))
    return emitOpError() << "expects a patch of one or two positive extents, got [" << patch << "]";
  SmallVector<int64_t> shape(parent.getShape());
  if (shape.empty())
    shape.assign(patch.size(), 1);
  if (shape.size() != patch.size())
    return emitOpError() << "expects a patch of " << shape.size() << " extents like the level above, got "
                         << patch.size();
  for (auto [extent, factor] : llvm::zip(shape, patch))
    extent *= factor;
  if (nodes.getShape() != ArrayRef(shape))
    return emitOpError() << "expects a result of shape [" << shape << "], got [" << nodes.getShape() << "]";
  int64_t count = getSharing() == SharingKind::Rank   ? llvm::product_of(patch)
                  : getSharing() == SharingKind::None ? llvm::product_of(shape)
                                                      : 1;
  if (failed(espalier::verifyTable(*this, "a kernel", getKernel(), {count, parent.getStates(), nodes.getStates()})))
    return failure();
  return verifyWeights(*this, "a kernel", getKernel(), nodes.getStates());
}

LogicalResult ObserveOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getValues().getType());
  int64_t size = type && type.getRank() == 2 && getVectors() ? type.getDimSize(1) : 1;
  if (failed(espalier::verifyTable(*this, "values", getValues(), {getLeaves().getType().getStates(), size})))
    return failure();
  FailureOr<std::vector<double>> values = espalier::readTable(getValues());
  for (double value : *values)
    if (!std::isfinite(value))
      return emitOpError() << "expects values with finite entries, got " << value;
  return success();
}
