//===- NetCancelLogs.cpp - Networks on messages instead of logarithms -----===//
//
// Two kinds of rewrites. A layer on logarithms is log, the same layer on weights, exp:
//   sum_pool(x) = log product_pool(exp x),  norm(x) = log rescale(exp x),  logsumexp_conv(x) = log conv(exp x),  ...
// and what then meets cancels: exp(log x) = x. Two facts about the network go before: the subtracted skip is a sum over
// siblings, and norm layers that range analysis does not ask for do nothing to what comes out.
//
// A rescaled map is its norm up to a factor per position. No head sees the factor: those after a shift get it back
// from the shift, the others divide by a sum over channels.
//
//===----------------------------------------------------------------------===//

#include "compiler/optimization/DrawnNetwork.h"
#include "compiler/optimization/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace espalier {
#define GEN_PASS_DEF_NETCANCELLOGS
#include "compiler/optimization/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

//===----------------------------------------------------------------------===//
// The subtracted skip
//===----------------------------------------------------------------------===//

/// Nothing after this map sees a constant that is added at a position: exp, convolution and log pass it on to a norm
/// layer that takes it away.
bool isUpToConstants(Value map) {
  auto becomesNorm = [](Value told) {
    return llvm::all_of(told.getUsers(), [](Operation *user) {
      auto norm = dyn_cast<net::NormOp>(user);
      return norm && !norm.getShift();
    });
  };
  return llvm::all_of(map.getUsers(), [&](Operation *user) {
    if (auto fused = dyn_cast<net::LogSumExpConvTransposeOp>(user))
      return becomesNorm(fused.getResult());
    return isa<net::ExpOp>(user) && llvm::all_of(user->getUsers(), [&](Operation *conv) {
             return isa<net::ConvTransposeOp>(conv) && llvm::all_of(conv->getUsers(), [&](Operation *log) {
                      return isa<net::LogOp>(log) && becomesNorm(log->getResult(0));
                    });
           });
  });
}

/// upsample(norm(above + norm(sum_pool(q)))) - q = upsample(above) + sibling_sum(q), up to a constant per position.
struct SubtractedSkip : OpRewritePattern<net::SubtractOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::SubtractOp op, PatternRewriter &rewriter) const override {
    auto copies = op.getInput().getDefiningOp<net::UpsampleOp>();
    std::optional<DrawnBelief> belief = copies ? readBelief(copies.getInput()) : std::nullopt;
    if (!belief || belief->children != op.getSkip() || !isUpToConstants(op.getResult()))
      return failure();
    Value above = belief->fromAbove;
    if (!above)
      above = net::ConstantOp::create(rewriter, op.getLoc(), belief->prior.getType(), belief->prior.getWeights(),
                                      belief->prior.getInput());
    Value told = net::UpsampleOp::create(rewriter, op.getLoc(), op.getType(), above, copies.getGroups());
    Value siblings = net::SiblingSumOp::create(rewriter, op.getLoc(), op.getType(), op.getSkip(), copies.getGroups());
    rewriter.replaceOpWithNewOp<net::AddOp>(op, op.getType(), told, siblings);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Norm layers that are not needed
//===----------------------------------------------------------------------===//

/// norm(x) = x, and nothing was taken, where the range of the weights allows it.
struct NeedlessNorm : OpRewritePattern<net::NormOp> {
  NeedlessNorm(MLIRContext *context, const DenseSet<Operation *> &needed) : OpRewritePattern(context), needed(needed) {}

  LogicalResult matchAndRewrite(net::NormOp op, PatternRewriter &rewriter) const override {
    if (needed.contains(op))
      return failure();
    rewriter.replaceAllUsesWith(op.getResult(), op.getInput());
    if (op.getShift())
      rewriter.replaceAllUsesWith(
          op.getShift(), net::ZeroShiftOp::create(rewriter, op.getLoc(), op.getShift().getType(), op.getInput()));
    rewriter.eraseOp(op);
    return success();
  }

  const DenseSet<Operation *> &needed;
};

/// shift_pool(0, own) = own, and shift_pool(x, 0) = shift_pool(x). Tried from the leaves to the root, once: the second
/// form must not hide from the first that all below is zero.
struct PoolOfZeroShift : OpRewritePattern<net::ShiftPoolOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::ShiftPoolOp op, PatternRewriter &rewriter) const override {
    if (!op.getOwn())
      return failure();
    if (op.getInput().getDefiningOp<net::ZeroShiftOp>()) {
      rewriter.replaceOp(op, op.getOwn());
      return success();
    }
    if (!op.getOwn().getDefiningOp<net::ZeroShiftOp>())
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getOwnMutable().clear(); });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// log, a layer on weights, exp
//===----------------------------------------------------------------------===//

Value expOf(PatternRewriter &rewriter, Value map) {
  return net::ExpOp::create(rewriter, map.getLoc(), map.getType(), map);
}

/// Replaces a map by the logarithm of a map of weights.
void replaceByLog(PatternRewriter &rewriter, Value map, Value weights) {
  rewriter.replaceAllUsesWith(map, net::LogOp::create(rewriter, map.getLoc(), map.getType(), weights));
}

/// norm(x) = log rescale(exp x), up to a factor that no head sees.
struct Norm : OpRewritePattern<net::NormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::NormOp op, PatternRewriter &rewriter) const override {
    auto scaled = net::RescaleOp::create(rewriter, op.getLoc(), op->getResultTypes(), expOf(rewriter, op.getInput()));
    replaceByLog(rewriter, op.getResult(), scaled.getResult());
    if (op.getShift())
      rewriter.replaceAllUsesWith(op.getShift(), scaled.getShift());
    rewriter.eraseOp(op);
    return success();
  }
};

/// symbol_stem(x) = log one_hot(x).
struct SymbolStem : OpRewritePattern<net::SymbolStemOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::SymbolStemOp op, PatternRewriter &rewriter) const override {
    replaceByLog(rewriter, op, net::OneHotOp::create(rewriter, op.getLoc(), op.getType(), op.getSymbols()));
    rewriter.eraseOp(op);
    return success();
  }
};

/// gaussian_stem(z) = log gaussian_likelihood(z), with one shift.
struct GaussianStem : OpRewritePattern<net::GaussianStemOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::GaussianStemOp op, PatternRewriter &rewriter) const override {
    auto weights =
        net::GaussianLikelihoodOp::create(rewriter, op.getLoc(), op.getResult().getType(), op.getShift().getType(),
                                          op.getObservation(), op.getLambda(), op.getSigma(), op.getValues());
    replaceByLog(rewriter, op.getResult(), weights.getResult());
    rewriter.replaceAllUsesWith(op.getShift(), weights.getShift());
    rewriter.eraseOp(op);
    return success();
  }
};

/// soft_stem(w) = log rescale(w), up to the factor that the shift knows.
struct SoftStem : OpRewritePattern<net::SoftStemOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::SoftStemOp op, PatternRewriter &rewriter) const override {
    Value weights = op.getWeights();
    if (weights.getType() != op.getResult().getType())
      weights = net::CastOp::create(rewriter, op.getLoc(), op.getResult().getType(), weights);
    auto scaled = net::RescaleOp::create(rewriter, op.getLoc(), op->getResultTypes(), weights);
    replaceByLog(rewriter, op.getResult(), scaled.getResult());
    rewriter.replaceAllUsesWith(op.getShift(), scaled.getShift());
    rewriter.eraseOp(op);
    return success();
  }
};

/// A sum over channel groups is the log of a product over them.
template <typename SumOp, typename ProductOp> struct GroupSum : OpRewritePattern<SumOp> {
  using OpRewritePattern<SumOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(SumOp op, PatternRewriter &rewriter) const override {
    Value factors = expOf(rewriter, op.getInput());
    replaceByLog(rewriter, op, ProductOp::create(rewriter, op.getLoc(), op.getType(), factors, op.getGroups()));
    rewriter.eraseOp(op);
    return success();
  }
};

/// upsample(log x) = log upsample(x).
struct Upsample : OpRewritePattern<net::UpsampleOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::UpsampleOp op, PatternRewriter &rewriter) const override {
    auto log = op.getInput().getDefiningOp<net::LogOp>();
    if (!log)
      return failure();
    replaceByLog(rewriter, op,
                 net::UpsampleOp::create(rewriter, op.getLoc(), op.getType(), log.getInput(), op.getGroups()));
    rewriter.eraseOp(op);
    return success();
  }
};

/// x + y = log (exp x * exp y).
struct Add : OpRewritePattern<net::AddOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::AddOp op, PatternRewriter &rewriter) const override {
    Value x = expOf(rewriter, op.getInput()), y = expOf(rewriter, op.getSkip());
    replaceByLog(rewriter, op, net::MultiplyOp::create(rewriter, op.getLoc(), op.getType(), x, y));
    rewriter.eraseOp(op);
    return success();
  }
};

/// x + log w = log (exp x * w).
struct Bias : OpRewritePattern<net::BiasOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::BiasOp op, PatternRewriter &rewriter) const override {
    Value x = expOf(rewriter, op.getInput());
    replaceByLog(rewriter, op, net::ScaleOp::create(rewriter, op.getLoc(), op.getType(), x, op.getWeights()));
    rewriter.eraseOp(op);
    return success();
  }
};

/// constant log w = log weight_constant w.
struct Constant : OpRewritePattern<net::ConstantOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::ConstantOp op, PatternRewriter &rewriter) const override {
    replaceByLog(rewriter, op,
                 net::WeightConstantOp::create(rewriter, op.getLoc(), op.getType(), op.getWeights(), op.getLike()));
    rewriter.eraseOp(op);
    return success();
  }
};

/// logsumexp_conv(x) = log conv(exp x), and transposed: exact where all that counts stays within the type.
template <typename FusedOp, typename ConvolutionOp> struct LogSumExp : OpRewritePattern<FusedOp> {
  using OpRewritePattern<FusedOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(FusedOp op, PatternRewriter &rewriter) const override {
    Value x = expOf(rewriter, op.getInput());
    replaceByLog(rewriter, op,
                 ConvolutionOp::create(rewriter, op.getLoc(), op.getType(), x, op.getPatch(), op.getWeights()));
    rewriter.eraseOp(op);
    return success();
  }
};

/// softmax(x) = proportion(exp x).
struct Softmax : OpRewritePattern<net::SoftmaxOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::SoftmaxOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<net::ProportionOp>(op, op.getType(), expOf(rewriter, op.getInput()));
    return success();
  }
};

/// evidence(x) = weight_evidence(exp x).
struct EvidenceHead : OpRewritePattern<net::EvidenceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::EvidenceOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<net::WeightEvidenceOp>(op, op.getType(), expOf(rewriter, op.getBelief()), op.getShift(),
                                                       op.getLogPartition());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// What then meets
//===----------------------------------------------------------------------===//

/// exp(log x) = x.
struct ExpOfLog : OpRewritePattern<net::ExpOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::ExpOp op, PatternRewriter &rewriter) const override {
    auto log = op.getInput().getDefiningOp<net::LogOp>();
    if (!log)
      return failure();
    rewriter.replaceOp(op, log.getInput());
    return success();
  }
};

/// A constant needs its map for the batch alone: x does as well as log x.
struct ConstantLikeLog : OpRewritePattern<net::WeightConstantOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::WeightConstantOp op, PatternRewriter &rewriter) const override {
    auto log = op.getLike().getDefiningOp<net::LogOp>();
    if (!log)
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getLikeMutable().assign(log.getInput()); });
    return success();
  }
};

/// conv(one_hot(x)) = look_up(x).
struct ConvOfOneHot : OpRewritePattern<net::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::ConvOp op, PatternRewriter &rewriter) const override {
    auto symbols = op.getInput().getDefiningOp<net::OneHotOp>();
    if (!symbols)
      return failure();
    rewriter.replaceOpWithNewOp<net::LookUpOp>(op, op.getType(), symbols.getSymbols(), op.getPatch(), op.getWeights());
    return success();
  }
};

/// weight_evidence(x, 0) = weight_evidence(x).
struct EvidenceOfZeroShift : OpRewritePattern<net::WeightEvidenceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(net::WeightEvidenceOp op, PatternRewriter &rewriter) const override {
    if (!op.getShift() || !op.getShift().getDefiningOp<net::ZeroShiftOp>())
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getShiftMutable().clear(); });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// The norm layers without which weights could leave the range of their type.
DenseSet<Operation *> neededNorms(const DrawnNetwork &network, const MessageRanges &ranges) {
  DenseSet<Operation *> needed;
  for (auto [level, range] : llvm::zip(network.levels, ranges.levels)) {
    if (range.rescaleUp)
      needed.insert(level.pooled);
    if (range.rescaleDown && level.fromAbove)
      needed.insert(level.fromAbove);
  }
  return needed;
}

struct NetCancelLogs : espalier::impl::NetCancelLogsBase<NetCancelLogs> {
  void runOnOperation() override {
    std::optional<DrawnNetwork> network = readDrawnNetwork(getOperation());
    if (!network)
      return;
    MessageRanges ranges = analyzeMessageRanges(network->model, network->leaves, network->precision);
    if (!ranges.linear)
      return;

    MLIRContext *context = &getContext();
    RewritePatternSet skips(context), norms(context), shifts(context), layers(context);
    skips.add<SubtractedSkip>(context);
    DenseSet<Operation *> needed = neededNorms(*network, ranges);
    norms.add<NeedlessNorm>(context, needed);
    shifts.add<PoolOfZeroShift>(context);
    layers.add<Norm, SymbolStem, GaussianStem, SoftStem, GroupSum<net::SumPoolOp, net::ProductPoolOp>,
               GroupSum<net::SiblingSumOp, net::SiblingProductOp>, Upsample, Add, Bias, Constant,
               LogSumExp<net::LogSumExpConvOp, net::ConvOp>,
               LogSumExp<net::LogSumExpConvTransposeOp, net::ConvTransposeOp>, Softmax, EvidenceHead, ExpOfLog,
               ConstantLikeLog, ConvOfOneHot, EvidenceOfZeroShift>(context);
    if (failed(applyPatternsGreedily(getOperation(), std::move(skips))) ||
        failed(applyPatternsGreedily(getOperation(), std::move(norms))))
      return signalPassFailure();
    walkAndApplyPatterns(getOperation(), std::move(shifts));
    if (failed(applyPatternsGreedily(getOperation(), std::move(layers))))
      signalPassFailure();
  }
};

} // namespace
