//===- NetFoldPiecewise.cpp - Layers of ReLUs as functions of one variable ===//
//
// A 1x1 convolution that makes hidden units of every channel, a ReLU, and a 1x1 convolution that sums them are a
// piecewise linear function of the channel. As one layer its hidden units need no memory, and where they are many the
// piece can be looked up. Symbols, whose exp is one-hot, need no products.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimization/Passes.h"
#include "dialects/net/NetOps.h"
#include "dialects/support/Tables.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace espalier {
#define GEN_PASS_DEF_NETFOLDPIECEWISE
#include "compiler/optimization/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

struct FoldPiecewise : OpRewritePattern<net::PointwiseOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::PointwiseOp sum, PatternRewriter &rewriter) const override {
    auto relu = sum.getInput().getDefiningOp<net::ReluOp>();
    auto spread = relu ? relu.getInput().getDefiningOp<net::PointwiseOp>() : net::PointwiseOp();
    if (!spread || !relu->hasOneUse() || !spread->hasOneUse())
      return failure();
    int64_t units = tableShape(sum.getWeights())[1];
    if (tableShape(sum.getWeights())[0] != 1 || tableShape(spread.getWeights())[1] != 1 ||
        tableShape(spread.getWeights())[0] != units)
      return failure();
    auto entries = [&](ElementsAttr table) { return rewriter.getDenseF64ArrayAttr(*readTable(table)); };
    rewriter.replaceOpWithNewOp<net::PiecewiseOp>(sum, sum.getType(), spread.getInput(), entries(spread.getWeights()),
                                                  entries(spread.getBias()), entries(sum.getWeights()),
                                                  rewriter.getF64FloatAttr(readTable(sum.getBias())->front()));
    return success();
  }
};

/// What symbols see of exp, 1 at 0 and 0 at log 0, makes them one-hot; and a convolution of those is a look-up.
struct LookUpSymbols : OpRewritePattern<net::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::ConvOp op, PatternRewriter &rewriter) const override {
    auto function = op.getInput().getDefiningOp<net::PiecewiseOp>();
    auto stem = function ? function.getInput().getDefiningOp<net::SymbolStemOp>() : net::SymbolStemOp();
    if (!stem || valueAt(function, 0) != 1 || valueAt(function, kLogZero) != 0)
      return failure();
    rewriter.replaceOpWithNewOp<net::LookUpOp>(op, op.getType(), stem.getSymbols(), op.getPatch(), op.getWeights());
    return success();
  }

  /// What net.symbol_stem gives for log 0.
  static constexpr double kLogZero = -1e30;

  static double valueAt(net::PiecewiseOp function, double x) {
    double sum = function.getOffset().convertToDouble();
    for (auto [in, bias, out] : llvm::zip(function.getIn(), function.getBias(), function.getOut()))
      sum += out * std::max(0.0, in * x + bias);
    return sum;
  }
};

struct NetFoldPiecewise : espalier::impl::NetFoldPiecewiseBase<NetFoldPiecewise> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldPiecewise, LookUpSymbols>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
