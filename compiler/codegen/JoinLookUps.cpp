//===- JoinLookUps.cpp - Siblings' symbols, looked up together ------------===//
//
// A parent of leaves multiplies what each child's symbol chooses from a table. Where that pays (LookUpCost.h), the
// symbols become the digits of one number, and one table holds the products. Where the parent then passes the product
// on through a kernel and does nothing else with it, the table holds what comes out of the kernel, and the parent is
// itself a node that looks up what it sends: so the same can pay once more at its own parent.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/LookUpCost.h"
#include "compiler/codegen/Passes.h"
#include "compiler/conversion/support/IndexSpace.h"
#include "dialects/support/Tables.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
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

/// A family's product times a kernel of the parent's rank: what alone becomes of it.
struct Edge {
  linalg::GenericOp op;
  std::vector<double> kernel; ///< [ranks, states sent, states of the parent]; one rank where all have the same
  int64_t ranks = 0, states = 0;
};

bool isPeriodic(ArrayRef<double> values, size_t period) {
  return values.drop_front(period) == values.drop_back(period);
}

/// Nothing where others read the family's product, or kernels differ by node.
std::optional<Edge> findEdge(Family &family) {
  Value product = family.product.getResult(0);
  auto op = product.hasOneUse() ? dyn_cast<linalg::GenericOp>(*product.getUsers().begin()) : linalg::GenericOp();
  int64_t depth = family.product->getAttrOfType<IntegerAttr>(kDepthAttr).getInt();
  if (!op || family.isByNode() || depth < 1 || op->hasAttr(kOverRanksAttr) || op.getNumDpsInputs() != 2 ||
      op->getAttrOfType<IntegerAttr>(kDepthAttr).getInt() != depth || op.getInputs()[1] != product)
    return std::nullopt;
  // result[path, t, b] += kernel[rank, t, f] * product[path, f, b]
  auto dims = [&](ArrayRef<int64_t> positions) {
    SmallVector<AffineExpr> results;
    for (int64_t position : positions)
      results.push_back(getAffineDimExpr(position, op.getContext()));
    return AffineMap::get(depth + 3, 0, results, op.getContext());
  };
  auto path = llvm::to_vector(llvm::seq<int64_t>(depth));
  auto onPath = [&](int64_t states) {
    SmallVector<int64_t> positions(path);
    positions.append({states, depth + 2});
    return dims(positions);
  };
  if (op.getIndexingMapsArray() !=
      ArrayRef<AffineMap>{dims({depth - 1, depth, depth + 1}), onPath(depth + 1), onPath(depth)})
    return std::nullopt;
  auto operations = op.getBody()->without_terminator();
  auto fma = llvm::hasSingleElement(operations) ? dyn_cast<math::FmaOp>(*operations.begin()) : math::FmaOp();
  auto fill = op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  auto constant = op.getInputs()[0].getDefiningOp<arith::ConstantOp>();
  if (!fma || fma->getOperands() != op.getBody()->getArguments() || !fill ||
      !matchPattern(fill.getInputs()[0], m_AnyZeroFloat()) || !constant)
    return std::nullopt;
  FailureOr<std::vector<double>> kernel = readReals(cast<ElementsAttr>(constant.getValue()));
  if (failed(kernel))
    return std::nullopt;
  auto shape = cast<RankedTensorType>(constant.getType()).getShape();
  bool same = isPeriodic(*kernel, shape[1] * shape[2]);
  return Edge{op, std::move(*kernel), same ? 1 : shape[0], shape[1]};
}

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
  if (family.shape.size() == 2) {
    // One for all siblings.
    family.shape.insert(family.shape.begin(), family.siblings);
    std::vector<double> one = family.table;
    for (int64_t rank = 1; rank < family.siblings; ++rank)
      family.table.insert(family.table.end(), one.begin(), one.end());
  }
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
  bool pays(const Family &family, const Edge &edge) const {
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

  /// Products for every number that the siblings' symbols form, the first sibling's digit the most significant:
  /// [parents' path..., S_parent, joint], in the order in which the op multiplies.
  std::vector<double> products(Family &family) const {
    int64_t symbols = family.symbols(), states = family.states(), joint = family.joint(kMostBytesThroughKernel);
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

  /// What the edge makes of them: [ranks, states sent, joint].
  std::vector<double> throughKernel(Family &family, const Edge &edge) const {
    std::vector<double> parent = products(family), result;
    int64_t states = family.states(), joint = parent.size() / states;
    for (int64_t row = 0; row < edge.ranks * edge.states; ++row)
      for (int64_t number = 0; number < joint; ++number) {
        double sum = 0;
        for (int64_t s = 0; s < states; ++s)
          sum += edge.kernel[row * states + s] * parent[s * joint + number];
        result.push_back(sum);
      }
    return result;
  }

  /// The family's number, and what it chooses from [axes from `first` on of the parent's path..., states, joint].
  void join(Family &family, linalg::GenericOp last, int64_t states, ArrayRef<double> entries, int64_t first) {
    OpBuilder builder(last);
    Value symbols = family.lookUp.getInputs()[0];
    SmallVector<int64_t> ranks(family.lookUp.getStaticLoopRanges());
    ranks.resize(family.lookUp->getAttrOfType<IntegerAttr>(kDepthAttr).getInt());
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

  void join(Family &family) {
    int64_t depth = family.product->getAttrOfType<IntegerAttr>(kDepthAttr).getInt();
    if (std::optional<Edge> edge = findEdge(family); edge && pays(family, *edge))
      join(family, edge->op, edge->states, throughKernel(family, *edge), edge->ranks == 1 ? depth : depth - 1);
    else if (pays(family))
      join(family, family.product, family.states(), products(family), family.isByNode() ? 0 : depth);
  }

  void runOnOperation() override {
    SmallVector<linalg::GenericOp> candidates(getOperation().getOps<linalg::GenericOp>());
    // From the leaves up.
    SmallVector<linalg::GenericOp> products;
    for (linalg::GenericOp op : candidates)
      if (op->hasAttr(kOverRanksAttr))
        products.push_back(op);
    for (linalg::GenericOp op : products)
      if (std::optional<Family> family = findFamily(op))
        join(*family);
  }
};

} // namespace
