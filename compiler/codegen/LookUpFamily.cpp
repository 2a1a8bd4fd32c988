//===- LookUpFamily.cpp - Siblings that look up what they send ------------===//

#include "compiler/codegen/LookUpFamily.h"

#include "compiler/conversion/support/IndexSpace.h"
#include "dialects/support/Tables.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace espalier {

/// -1 where a module that was edited by hand says none: the schedule reports that.
static int64_t depthOf(linalg::GenericOp op) {
  auto depth = op->getAttrOfType<IntegerAttr>(kDepthAttr);
  return depth ? depth.getInt() : -1;
}

/// As the program would round it.
static double rounded(double x, bool single) { return single ? static_cast<float>(x) : x; }

/// The entries of a constant; nothing where the value is none, or holds no data.
static std::optional<std::vector<double>> entriesOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  FailureOr<std::vector<double>> entries = failure();
  if (constant)
    entries = readReals(cast<ElementsAttr>(constant.getValue()));
  return failed(entries) ? std::nullopt : std::optional(std::move(*entries));
}

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

std::optional<LookUpFamily> LookUpFamily::find(linalg::GenericOp product) {
  LookUpFamily family;
  family.product = product;
  auto operations = product.getBody()->without_terminator();
  if (!product->hasAttr(kOverRanksAttr) || product.getNumDpsInputs() != 1 || !llvm::hasSingleElement(operations) ||
      !isa<arith::MulFOp, arith::AddFOp>(*operations.begin()))
    return std::nullopt;
  family.lookUp = product.getInputs()[0].getDefiningOp<linalg::GenericOp>();
  if (!family.lookUp || !family.lookUp->hasOneUse() || family.lookUp.getNumDpsInputs() != 1 || family.depth() < 0 ||
      depthOf(family.lookUp) != family.depth() + 1)
    return std::nullopt;
  auto extracts = family.lookUp.getBody()->getOps<tensor::ExtractOp>();
  if (!llvm::hasSingleElement(extracts))
    return std::nullopt;
  Value table = (*extracts.begin()).getTensor();
  std::optional<std::vector<double>> entries = entriesOf(table);
  if (!entries || cast<RankedTensorType>(table.getType()).getRank() < 2)
    return std::nullopt;
  family.table = std::move(*entries);
  family.shape.assign(cast<RankedTensorType>(table.getType()).getShape());
  family.siblings = family.lookUp.getStaticLoopRanges()[depthOf(product)];
  return family;
}

int64_t LookUpFamily::depth() const { return depthOf(product); }

Type LookUpFamily::element() const { return getElementTypeOrSelf(lookUp->getResult(0).getType()); }

int64_t LookUpFamily::joint(int64_t limit) const {
  int64_t count = 1;
  for (int64_t rank = 0; rank < siblings && count <= limit; ++rank)
    count *= symbols();
  return std::min(count, limit + 1);
}

std::vector<double> LookUpFamily::products() const {
  int64_t all = joint(std::numeric_limits<int32_t>::max()), matrices = table.size() / (states() * symbols());
  int64_t families = isShared() ? 1 : matrices / siblings;
  bool log = isa<arith::AddFOp>(linalg::GenericOp(product).getBody()->front()), single = element().isF32();
  std::vector<double> result;
  for (int64_t parent = 0; parent < families; ++parent)
    for (int64_t s = 0; s < states(); ++s)
      for (int64_t number = 0; number < all; ++number) {
        double value = log ? 0 : 1;
        int64_t scale = all;
        for (int64_t rank = 0; rank < siblings; ++rank) {
          scale /= symbols();
          int64_t row = (isShared() ? 0 : parent * siblings + rank) * states() + s;
          double factor = table[row * symbols() + number / scale % symbols()];
          value = rounded(log ? value + factor : value * factor, single);
        }
        result.push_back(value);
      }
  return result;
}

//===----------------------------------------------------------------------===//
// Edges
//===----------------------------------------------------------------------===//

/// Whether an op is result[path, t, b] += kernel[rank, t, f] * message[path, f, b], the accumulator last in the body,
/// or the same with a kernel[t, f].
static bool isProductByRank(linalg::GenericOp op) {
  int64_t depth = depthOf(op);
  auto access = [&](ArrayRef<int64_t> positions) {
    SmallVector<AffineExpr> results;
    for (int64_t position : positions)
      results.push_back(getAffineDimExpr(position, op.getContext()));
    return AffineMap::get(depth + 3, 0, results, op.getContext());
  };
  auto onPath = [&](int64_t states) {
    auto positions = llvm::to_vector(llvm::seq<int64_t>(depth));
    positions.append({states, depth + 2});
    return access(positions);
  };
  AffineMap message = onPath(depth + 1), result = onPath(depth);
  if (op.getIndexingMapsArray() != ArrayRef<AffineMap>{access({depth - 1, depth, depth + 1}), message, result} &&
      op.getIndexingMapsArray() != ArrayRef<AffineMap>{access({depth, depth + 1}), message, result})
    return false;
  auto operations = op.getBody()->without_terminator();
  auto fma = llvm::hasSingleElement(operations) ? dyn_cast<math::FmaOp>(*operations.begin()) : math::FmaOp();
  auto fill = op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  return fma && fma->getOperands() == op.getBody()->getArguments() && fill &&
         matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

static bool isPeriodic(ArrayRef<double> values, size_t period) {
  return values.drop_front(period) == values.drop_back(period);
}

std::optional<FamilyEdge> FamilyEdge::find(const LookUpFamily &family) {
  Value product = family.product->getResult(0);
  auto op = product.hasOneUse() ? dyn_cast<linalg::GenericOp>(*product.getUsers().begin()) : linalg::GenericOp();
  if (!op || family.isByNode() || family.depth() < 1 || op->hasAttr(kOverRanksAttr) || op.getNumDpsInputs() != 2 ||
      depthOf(op) != family.depth() || op.getInputs()[1] != product || !isProductByRank(op))
    return std::nullopt;
  std::optional<std::vector<double>> kernel = entriesOf(op.getInputs()[0]);
  if (!kernel)
    return std::nullopt;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(op.getInputs()[0].getType()).getShape(), matrix = shape.take_back(2);
  bool same = isPeriodic(*kernel, matrix[0] * matrix[1]);
  return FamilyEdge{op, std::move(*kernel), same ? 1 : shape[0], matrix[0]};
}

std::vector<double> FamilyEdge::sent(const LookUpFamily &family) const {
  const std::vector<double> parent = family.products();
  int64_t from = family.states(), joint = parent.size() / from;
  bool single = family.element().isF32();
  std::vector<double> result;
  for (int64_t row = 0; row < ranks * states; ++row)
    for (int64_t number = 0; number < joint; ++number) {
      double sum = 0;
      for (int64_t s = 0; s < from; ++s)
        sum = rounded(std::fma(kernel[row * from + s], parent[s * joint + number], sum), single);
      result.push_back(sum);
    }
  return result;
}

} // namespace espalier
