//===- NetLowering.h - The layers of one network -----------------*- C++ -*-===//
//
// Writes the layers of a function on the tree's index space, one after the other: a lower() for every op, by kind in
// files of their own.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_NETTOLINALG_NETLOWERING_H
#define ESPALIER_COMPILER_CONVERSION_NETTOLINALG_NETLOWERING_H

#include "compiler/conversion/support/Arithmetic.h"
#include "compiler/conversion/support/Contraction.h"
#include "compiler/conversion/support/IndexSpace.h"
#include "dialects/net/NetOps.h"
#include "dialects/support/Tables.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <limits>

namespace espalier {

/// log 0 inside a network.
inline constexpr double kFloor = -1e30;

/// A feature map, or a shift, on the index space.
struct FeatureMap {
  mlir::Value tensor;
  int64_t level = 0;    ///< of its positions
  bool grouped = false; ///< a channel group per child rank: the tensor is on the index space of the level below
  mlir::Value low = {}; ///< the low part of features that are in two parts (SplitLog)
  bool copies = false;  ///< grouped, all groups alike: the tensor is on the index space of the positions themselves
  int64_t units = 0;    ///< where not 0, channels are states x units, and the tensor has an axis for each
  /// Rank axes of the tensor.
  int64_t depth() const { return level + grouped; }
};

/// Lowers the net ops of one function, in order.
class NetLowering {
public:
  NetLowering(mlir::func::FuncOp function, llvm::ArrayRef<int64_t> branching)
      : function(function), branching(branching), builder(function.getContext()),
        index(builder, function.getLoc(), batchExtent()) {}

  mlir::LogicalResult run();

private:
  /// Turns the evidence into a tensor on the index space of the leaves, and returns the batch's extent.
  mlir::Value batchExtent();

  mlir::LogicalResult finish(llvm::ArrayRef<mlir::Operation *> lowered);

  int64_t depth() const { return branching.size(); }

  llvm::ArrayRef<int64_t> ranks(const FeatureMap &map) const { return branching.take_front(map.depth()); }

  /// Whether a map has as many channel groups as there are child ranks.
  bool isGroupedByRank(const FeatureMap &map, int64_t groups) const {
    return map.grouped && ranks(map).back() == groups;
  }

  /// A map whose features may be in two parts.
  FeatureMap parts(mlir::Value value);

  /// A map in one part.
  FeatureMap get(mlir::Value value);

  /// A map in one part, whose groups may be copies of each other that operandOf reads where they are.
  FeatureMap view(mlir::Value value);

  static Operand operandOf(const FeatureMap &map) {
    return {map.tensor, map.copies ? Prefix::Parent : Prefix::Path, "sb"};
  }

  mlir::Value sum(const FeatureMap &like, mlir::Value x, mlir::Value y);

  static SplitLog logs(const FeatureMap &map) { return {map.tensor, map.low}; }

  mlir::Type f64() { return builder.getF64Type(); }

  static int64_t channels(const FeatureMap &map);

  static mlir::Type elementOf(const FeatureMap &map) { return getElementTypeOrSelf(map.tensor.getType()); }

  /// One op per channel and sample of a map.
  mlir::LogicalResult each(mlir::Value result, const FeatureMap &map, llvm::ArrayRef<Operand> others,
                           IndexSpaceBuilder::Body body);

  static mlir::Value floored(scalar::ScalarBuilder &b, mlir::Value x) {
    return scalar::max(b, x, scalar::constant(b, x.getType(), kFloor));
  }

  /// log x, the floor for x = 0.
  static mlir::Value flooredLog(scalar::ScalarBuilder &b, mlir::Value x) { return floored(b, scalar::log(b, x)); }

  static std::vector<double> logWeights(mlir::ElementsAttr attr);

  /// The maximum over the channels of every position; to the nearest whole number where features are in two parts.
  mlir::Value maximumOf(const FeatureMap &map);

  /// exp of what features lie above `maximum`.
  mlir::Value weightsAbout(const FeatureMap &map, mlir::Value maximum);

  static double lowest() { return -std::numeric_limits<double>::infinity(); }

  /// A maximum in double precision; -inf where every channel was at the floor.
  mlir::Value exactMaximum(scalar::ScalarBuilder &b, mlir::Value maximum);

  //===--------------------------------------------------------------------===//
  // What leaves say, as features
  //===--------------------------------------------------------------------===//

  /// `seen` in the channel of the symbol, and everywhere where it is missing; `other` elsewhere.
  template <typename SymbolOp> mlir::LogicalResult embed(SymbolOp op, double seen, double other);
  mlir::LogicalResult lower(net::SymbolStemOp op);
  mlir::LogicalResult lower(net::OneHotOp op);
  mlir::LogicalResult lower(net::LookUpOp op);
  /// `function` of what the symbols choose, as the map of `result`.
  mlir::LogicalResult lookUp(net::LookUpOp op, mlir::Value result, llvm::function_ref<double(double)> function);
  /// The leaf field as `body` states it, from its floored logarithm.
  template <typename GaussianOp>
  mlir::LogicalResult field(GaussianOp op, llvm::function_ref<mlir::Value(scalar::ScalarBuilder &, mlir::Value)> body);
  /// The same in two parts.
  mlir::LogicalResult splitField(net::GaussianStemOp op);
  mlir::LogicalResult lower(net::GaussianStemOp op);
  mlir::LogicalResult lower(net::GaussianLikelihoodOp op);
  mlir::LogicalResult lower(net::ClipOp op);
  mlir::LogicalResult lower(net::SoftStemOp op);
  /// Logarithms of weights over the largest of their leaf, in two parts.
  FeatureMap splitRatios(const FeatureMap &weights, mlir::Value largest);

  //===--------------------------------------------------------------------===//
  // Layers on one feature map
  //===--------------------------------------------------------------------===//

  mlir::LogicalResult lower(net::ExpOp op);
  mlir::LogicalResult lower(net::LogOp op);
  /// Hidden units, where there are any, on an axis of their own.
  mlir::LogicalResult lower(net::ReluOp op);
  mlir::LogicalResult lower(net::PointwiseOp op);
  mlir::LogicalResult lower(net::PiecewiseOp op);
  mlir::LogicalResult lower(net::SoftmaxOp op);
  mlir::LogicalResult lower(net::ProportionOp op);
  mlir::LogicalResult lower(net::GroupNormOp op);
  mlir::LogicalResult lower(net::NormOp op);
  mlir::LogicalResult lower(net::RescaleOp op);
  /// Along the taps upward: positions of level l become channel groups of level l-1, or back.
  template <typename ConvolutionOp> mlir::LogicalResult convolve(ConvolutionOp op, bool upward, bool logSumExp);
  mlir::LogicalResult lower(net::ConvOp op);
  mlir::LogicalResult lower(net::LogSumExpConvOp op);
  mlir::LogicalResult lower(net::ConvTransposeOp op);
  mlir::LogicalResult lower(net::LogSumExpConvTransposeOp op);

  //===--------------------------------------------------------------------===//
  // Between children and parents, and skips
  //===--------------------------------------------------------------------===//

  mlir::LogicalResult lower(net::SumPoolOp op);
  mlir::LogicalResult lower(net::ProductPoolOp op);
  mlir::LogicalResult lower(net::UpsampleOp op);
  mlir::LogicalResult lower(net::SiblingSumOp op);
  mlir::LogicalResult lower(net::SiblingProductOp op);
  template <typename SkipOp> mlir::LogicalResult join(SkipOp op, IndexSpaceBuilder::Body body);
  mlir::LogicalResult lower(net::AddOp op);
  mlir::LogicalResult lower(net::SubtractOp op);
  mlir::LogicalResult lower(net::MultiplyOp op);
  mlir::LogicalResult lower(net::BiasOp op);
  mlir::LogicalResult lower(net::ScaleOp op);
  /// `values` for every sample, as a feature map of the root.
  template <typename ConstantOp> mlir::LogicalResult repeat(ConstantOp op, llvm::ArrayRef<double> values);
  mlir::LogicalResult lower(net::ConstantOp op);
  mlir::LogicalResult lower(net::WeightConstantOp op);

  //===--------------------------------------------------------------------===//
  // Answers, and the log-likelihood
  //===--------------------------------------------------------------------===//

  mlir::LogicalResult lower(net::ReadoutOp op);
  mlir::LogicalResult lower(net::CastOp op);
  mlir::LogicalResult lower(net::ShiftPoolOp op);
  mlir::LogicalResult lower(net::ZeroShiftOp op);
  mlir::LogicalResult lower(net::EvidenceOp op);
  mlir::LogicalResult lower(net::WeightEvidenceOp op);

  mlir::func::FuncOp function;
  llvm::ArrayRef<int64_t> branching; ///< children per node, by level
  mlir::OpBuilder builder;
  IndexSpaceBuilder index;
  llvm::DenseMap<mlir::Value, FeatureMap> maps;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_NETTOLINALG_NETLOWERING_H
