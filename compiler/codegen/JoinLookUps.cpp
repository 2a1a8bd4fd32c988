//===- JoinLookUps.cpp - Siblings' symbols, looked up together ------------===//
//
// A parent of leaves multiplies what each child's symbol chooses from a table. Where that pays (LookUpCost.h), the
// symbols become the digits of one number, and one table holds the products. Where the parent then passes the product
// on through a kernel and does nothing else with it, the table holds what comes out of the kernel, and the parent is
// itself a node that looks up what it sends: so the same can pay once more at its own parent.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/LookUpCost.h"
#include "compiler/codegen/LookUpFamily.h"
#include "compiler/codegen/Passes.h"
#include "compiler/conversion/support/IndexSpace.h"

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
/// is read row by row: about a half of the innermost cache, or, of one that stands for a product with a kernel as well,
/// about a half of a core's own.
constexpr int64_t kMostPermuted = 32;
constexpr int64_t kMostBytes = 24 << 10;
constexpr int64_t kMostBytesThroughKernel = 512 << 10;

/// About as many instructions as a node costs beside its look-ups and products: loops, addresses, stores.
constexpr int64_t kNodeCost = 24;

struct JoinLookUps : espalier::impl::JoinLookUpsBase<JoinLookUps> {
  using JoinLookUpsBase::JoinLookUpsBase;

  bool pays(const LookUpFamily &family) const {
    int64_t within = permutedEntries(family.element(), lanes, permuteBits);
    if (family.joint(kMostPermuted) <= std::min(within, kMostPermuted))
      return true;
    if (family.symbols() <= within)
      return false;
    // By rows; one table for every parent would have to be fetched for each.
    int64_t rowBytes = rowWidth(family.states(), lanes) * family.element().getIntOrFloatBitWidth() / 8;
    return family.joint(kMostBytes) * rowBytes <= (family.isByNode() ? kMostBytes / 16 : kMostBytes);
  }

  /// About as many instructions as reading what symbols choose of `entries` takes for `states` states and a vector of
  /// samples: loads of rows and of what chooses them, and the transposition, or permutations.
  int64_t lookUpCost(Type element, int64_t entries, int64_t states) const {
    int64_t width = rowWidth(states, lanes), block = std::min<int64_t>(width, lanes);
    int64_t byRows = width / block * (2 * lanes + block * llvm::Log2_64_Ceil(block));
    if (entries > permutedEntries(element, lanes, permuteBits))
      return byRows;
    return states * (entries <= lanes * (permuteBits == 512 ? 2 : 1) ? 1 : 4);
  }

  /// Whether one look-up is cheaper than those of all siblings, their product and that with the kernel.
  bool pays(const LookUpFamily &family, const FamilyEdge &edge) const {
    Type element = family.element();
    int64_t joint = family.joint(kMostBytesThroughKernel), bytes = element.getIntOrFloatBitWidth() / 8;
    if (edge.ranks * joint * rowWidth(edge.states, lanes) * bytes > kMostBytesThroughKernel)
      return false;
    bool joined = pays(family);
    int64_t before = joined
                         ? lookUpCost(element, joint, family.states())
                         : family.siblings * (lookUpCost(element, family.symbols(), family.states()) + family.states());
    return lookUpCost(element, joint, edge.states) < before + family.states() * edge.states + kNodeCost;
  }

  /// The family's number, and what it chooses from [axes from `first` on of the parent's path..., states, joint].
  void join(LookUpFamily &family, linalg::GenericOp last, int64_t states, ArrayRef<double> entries, int64_t first) {
    OpBuilder builder(last);
    Value symbols = family.lookUp.getInputs()[0];
    SmallVector<int64_t> ranks(family.lookUp.getStaticLoopRanges());
    ranks.resize(family.depth() + 1);
    Value batch = tensor::DimOp::create(builder, last.getLoc(), symbols, ranks.size());
    IndexSpaceBuilder index(builder, last.getLoc(), batch);
    Type integer = getElementTypeOrSelf(symbols.getType());
    Value number = index.reduceOverRanks(ranks, {}, 0, symbols, [&](ImplicitLocOpBuilder &b, ValueRange x) -> Value {
      Value base = arith::ConstantOp::create(b, b.getIntegerAttr(integer, family.symbols()));
      return arith::AddIOp::create(b, arith::MulIOp::create(b, x[1], base), x[0]);
    });
    SmallVector<int64_t> parent(ArrayRef<int64_t>(ranks).drop_back()),
        shape(ArrayRef<int64_t>(parent).drop_front(first));
    shape.append({states, family.joint(kMostBytesThroughKernel)});
    Value table = index.table(shape, entries, family.element());
    Value joined = index.map(parent, {{'s', states}}, family.element(), {{number, Prefix::Path, "b"}},
                             [&](ImplicitLocOpBuilder &b, ValueRange x) -> Value {
                               SmallVector<Value> indices;
                               for (int64_t axis = first; axis <= static_cast<int64_t>(parent.size()); ++axis)
                                 indices.push_back(linalg::IndexOp::create(b, axis));
                               indices.push_back(arith::IndexCastOp::create(b, b.getIndexType(), x[0]));
                               return tensor::ExtractOp::create(b, table, indices);
                             });
    last.getResult(0).replaceAllUsesWith(joined);
    if (last != family.product)
      last.erase();
    family.product.erase();
    family.lookUp.erase();
  }

  void join(LookUpFamily &family) {
    if (std::optional<FamilyEdge> edge = FamilyEdge::find(family); edge && pays(family, *edge))
      join(family, edge->op, edge->states, edge->sent(family), edge->ranks == 1 ? family.depth() : family.depth() - 1);
    else if (pays(family))
      join(family, family.product, family.states(), family.products(), family.isByNode() ? 0 : family.depth());
  }

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> products;
    for (auto op : getOperation().getOps<linalg::GenericOp>())
      if (op->hasAttr(kOverRanksAttr))
        products.push_back(op);
    // From the leaves up, as they stand: what is joined becomes part of the next family.
    for (linalg::GenericOp op : products)
      if (std::optional<LookUpFamily> family = LookUpFamily::find(op))
        join(*family);
  }
};

} // namespace
