//===- JoinLookUps.cpp - Siblings' symbols, looked up together ------------===//
//
// A parent of leaves multiplies what each child's symbol chooses from a table. Where that pays (LookUpCost.h), the
// symbols become the digits of one number, and one table holds the products.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/LookUpCost.h"
#include "compiler/codegen/Passes.h"
#include "compiler/conversion/support/IndexSpace.h"
#include "dialects/support/Tables.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace espalier {
#define GEN_PASS_DEF_JOINLOOKUPS
#include "compiler/codegen/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

/// Most entries of a joint table for one parent's state where a row is permuted, and most bytes of a joint table that
/// is read row by row: about a half of the innermost cache.
constexpr int64_t kMostPermuted = 32;
constexpr int64_t kMostBytes = 24 << 10;

/// A product (or a sum of logs) over siblings of what their symbols choose from a table.
struct Family {
  linalg::GenericOp product, lookUp;
  tensor::ExtractOp extract;
  std::vector<double> table; ///< [ranks or path..., S_parent, symbols]
  SmallVector<int64_t> shape;
  int64_t siblings = 0;

  int64_t symbols() const { return shape.back(); }
  int64_t states() const { return shape[shape.size() - 2]; }
  bool isByNode() const { return shape.size() > 3; }
  Type element() const {
    return cast<RankedTensorType>(linalg::GenericOp(lookUp).getResult(0).getType()).getElementType();
  }
  bool isLog() { return !product.getBody()->getOps<arith::AddFOp>().empty(); }

  /// Values of all siblings' symbols together; `limit` + 1 where there are more.
  int64_t joint(int64_t limit) const {
    int64_t count = 1;
    for (int64_t rank = 0; rank < siblings && count <= limit; ++rank)
      count *= symbols();
    return std::min(count, limit + 1);
  }
};

/// Nothing where `product` is no such product, or others read what the symbols choose.
std::optional<Family> findFamily(linalg::GenericOp product) {
  Family family;
  family.product = product;
  auto operations = product.getBody()->without_terminator();
  if (!product->hasAttr(kOverRanksAttr) || product.getNumDpsInputs() != 1 || !llvm::hasSingleElement(operations) ||
      !isa<arith::MulFOp, arith::AddFOp>(*operations.begin()))
    return std::nullopt;
  family.lookUp = product.getInputs()[0].getDefiningOp<linalg::GenericOp>();
  if (!family.lookUp || !family.lookUp->hasOneUse() || family.lookUp.getNumDpsInputs() != 1)
    return std::nullopt;
  auto extracts = family.lookUp.getBody()->getOps<tensor::ExtractOp>();
  if (!llvm::hasSingleElement(extracts))
    return std::nullopt;
  family.extract = *extracts.begin();
  auto constant = family.extract.getTensor().getDefiningOp<arith::ConstantOp>();
  if (!constant)
    return std::nullopt;
  FailureOr<std::vector<double>> table = readReals(cast<ElementsAttr>(constant.getValue()));
  if (failed(table))
    return std::nullopt;
  family.table = std::move(*table);
  family.shape.assign(family.extract.getTensor().getType().getShape().begin(),
                      family.extract.getTensor().getType().getShape().end());
  family.siblings = family.lookUp.getStaticLoopRanges()[product->getAttrOfType<IntegerAttr>(kDepthAttr).getInt()];
  return family;
}

struct JoinLookUps : espalier::impl::JoinLookUpsBase<JoinLookUps> {
  using JoinLookUpsBase::JoinLookUpsBase;

  bool pays(const Family &family) const {
    int64_t within = permutedEntries(family.element(), lanes, permuteBits);
    if (family.joint(kMostPermuted) <= std::min(within, kMostPermuted))
      return true;
    if (family.symbols() <= within)
      return false;
    // By rows; one table for every parent would have to be fetched for each.
    int64_t rowBytes = llvm::alignTo(family.states(), lanes) * family.element().getIntOrFloatBitWidth() / 8;
    return family.joint(kMostBytes) * rowBytes <= (family.isByNode() ? kMostBytes / 16 : kMostBytes);
  }

  /// Products for every number that the siblings' symbols form, the first sibling's digit the most significant:
  /// [parents' path..., S_parent, joint], in the order in which the op multiplies.
  std::vector<double> products(Family &family) const {
    int64_t symbols = family.symbols(), states = family.states(), joint = family.joint(kMostBytes);
    int64_t families = family.table.size() / (family.siblings * states * symbols);
    bool log = family.isLog(), single = family.element().isF32();
    std::vector<double> result;
    for (int64_t parent = 0; parent < families; ++parent)
      for (int64_t s = 0; s < states; ++s)
        for (int64_t number = 0; number < joint; ++number) {
          double product = log ? 0 : 1;
          int64_t scale = joint;
          for (int64_t rank = 0; rank < family.siblings; ++rank) {
            scale /= symbols;
            double factor =
                family.table[((parent * family.siblings + rank) * states + s) * symbols + number / scale % symbols];
            product = log ? product + factor : product * factor;
            if (single)
              product = static_cast<float>(product);
          }
          result.push_back(product);
        }
    return result;
  }

  void join(Family &family) {
    OpBuilder builder(family.product);
    Value symbols = family.lookUp.getInputs()[0];
    SmallVector<int64_t> ranks(family.lookUp.getStaticLoopRanges());
    ranks.resize(family.lookUp->getAttrOfType<IntegerAttr>(kDepthAttr).getInt());
    Value batch = tensor::DimOp::create(builder, family.product.getLoc(), symbols, ranks.size());
    IndexSpaceBuilder index(builder, family.product.getLoc(), batch);
    Type integer = getElementTypeOrSelf(symbols.getType());
    Value number = index.reduceOverRanks(ranks, {}, 0, symbols, [&](ImplicitLocOpBuilder &b, ValueRange x) -> Value {
      Value base = arith::ConstantOp::create(b, b.getIntegerAttr(integer, family.symbols()));
      return arith::AddIOp::create(b, arith::MulIOp::create(b, x[1], base), x[0]);
    });
    SmallVector<int64_t> parent(ArrayRef<int64_t>(ranks).drop_back()), shape;
    if (family.isByNode())
      shape = parent;
    shape.append({family.states(), family.joint(kMostBytes)});
    Value table = index.table(shape, products(family), family.element());
    int64_t first = family.isByNode() ? 0 : parent.size();
    Value joined = index.map(parent, {{'s', family.states()}}, family.element(), {{number, Prefix::Path, "b"}},
                             [&](ImplicitLocOpBuilder &b, ValueRange x) -> Value {
                               SmallVector<Value> indices;
                               for (int64_t axis = first; axis <= static_cast<int64_t>(parent.size()); ++axis)
                                 indices.push_back(linalg::IndexOp::create(b, axis));
                               indices.push_back(arith::IndexCastOp::create(b, b.getIndexType(), x[0]));
                               return tensor::ExtractOp::create(b, table, indices);
                             });
    family.product.getResult(0).replaceAllUsesWith(joined);
    family.product.erase();
    family.lookUp.erase();
  }

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> candidates(getOperation().getOps<linalg::GenericOp>());
    for (linalg::GenericOp op : candidates)
      if (op->hasAttr(kOverRanksAttr))
        if (std::optional<Family> family = findFamily(op); family && pays(*family))
          join(*family);
  }
};

} // namespace
