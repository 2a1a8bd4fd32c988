//===- OnnxLayers.h - Layers of a network as ONNX operators ------*- C++ -*-===//
//
// Writes net ops, each on its own, as standard operators of ONNX. A feature map keeps its layout, batch x channels x
// positions, and its type. What layers compute for the log-likelihood alone, their shifts, is left out.
//
// Some choices are for the sake of runtimes. Convolutions and transposed convolutions exist in single precision only,
// so in double precision they are products of matrices. The batch is never an axis along which constants broadcast in a
// product: runtimes refuse that for a batch of 0. Log-sum-exp is written out, because ReduceLogSumExp overflows in
// some.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_EXPORT_ONNXLAYERS_H
#define ESPALIER_COMPILER_EXPORT_ONNXLAYERS_H

#include "compiler/analysis/Model.h"
#include "compiler/export/OnnxGraph.h"
#include "dialects/net/NetOps.h"

#include "llvm/ADT/DenseMap.h"

namespace espalier {

class OnnxLayers {
public:
  /// `model` is asked for its tree only.
  OnnxLayers(OnnxGraph &graph, const Model &model) : graph(graph), model(model) {}

  /// Names what stands for a value that no layer computes. Symbols are int64 with -1 for missing.
  void bind(mlir::Value value, const std::string &name) { names[value] = name; }
  std::string nameOf(mlir::Value value) const { return names.lookup(value); }

  /// Writes a layer whose operands have been bound or written. Fails, saying why, for an op that has no ONNX form.
  llvm::LogicalResult write(mlir::Operation *op);

private:
  using Type = OnnxGraph::Type;
  using Name = std::string;
  template <typename T> using ArrayRef = llvm::ArrayRef<T>;

  /// Matrices [count x parent states x child states] of one layer, and where they stand: one for all, one per tap, or
  /// one per child position.
  struct Kernel {
    std::vector<double> entries;
    bool isShared;
    int64_t taps, parents, children; ///< taps; states of parent and child
    std::vector<int64_t> coarse, patch;
    std::vector<int64_t> order; ///< of each parent's position, its number in rank order; empty where taps share

    int64_t positions() const;
    /// Taps that have matrices of their own.
    int64_t groups() const { return isShared ? 1 : taps; }
    const double *matrix(int64_t tap, int64_t position) const;
    /// [groups x positions, or 1 where taps share, x to x from], `from` being the children upward, the parents
    /// downward.
    std::vector<double> matrices(bool upward) const;
  };

  /// What every group of channels of a 1x1 convolution goes through.
  struct Filter {
    int64_t out, in;
    std::vector<double> weights, bias; ///< [out x in], [out]
  };

  Name written(net::SymbolStemOp op);
  Name written(net::GaussianStemOp op);
  Name written(net::OneHotOp op);
  Name written(net::LookUpOp op);
  Name written(net::GaussianLikelihoodOp op);
  Name written(net::ClipOp op);

  Name written(net::ExpOp op);
  Name written(net::LogOp op);
  Name written(net::ReluOp op);
  Name written(net::PiecewiseOp op);
  Name written(net::SoftmaxOp op);
  Name written(net::NormOp op);
  Name written(net::GroupNormOp op);
  Name written(net::RescaleOp op);
  Name written(net::ProportionOp op);
  Name written(net::CastOp op);

  Name written(net::ConvOp op);
  Name written(net::ConvTransposeOp op);
  Name written(net::PointwiseOp op);
  Name written(net::LogSumExpConvOp op);
  Name written(net::LogSumExpConvTransposeOp op);
  Name written(net::ReadoutOp op);
  /// The mean of the values less their centres.
  Name aboutCentre(net::ReadoutOp op, ArrayRef<double> centres);

  Name written(net::SumPoolOp op);
  Name written(net::ProductPoolOp op);
  Name written(net::UpsampleOp op);
  Name written(net::SiblingSumOp op);
  Name written(net::SiblingProductOp op);
  Name written(net::AddOp op);
  Name written(net::SubtractOp op);
  Name written(net::MultiplyOp op);
  Name written(net::BiasOp op);
  Name written(net::ScaleOp op);
  Name written(net::ConstantOp op);
  Name written(net::WeightConstantOp op);

  // OnnxStems.cpp
  /// Rows of a table by symbol, moved to the channels; row 0 is for missing ones.
  Name embed(mlir::Value symbols, mlir::Value result, double seen, double other);
  /// log p(z | state) relative to the nearest state, in double precision: batch x states x positions.
  Name field(mlir::Value observation, mlir::Value lambda, mlir::Value sigma, mlir::ElementsAttr values);
  /// z [batch x 1 x p x positions] less lambda times its component's centre, for which the products are exact.
  Name centredObservation(const Name &z, const Name &lambda, ArrayRef<double> centres);
  /// The value e of the state nearest to each z [batch x 1 x p x positions], in the same shape.
  Name nearestValue(const Name &z, const Name &lambda, ArrayRef<double> values, int64_t states, int64_t positions);

  // OnnxConvolutions.cpp
  Kernel kernelOf(mlir::ElementsAttr weights, ArrayRef<int64_t> patch, mlir::Value coarse) const;
  /// Batch x channels x positions of the children as batch x taps x channels x (number of the parent's position).
  Name splitTaps(const Name &x, const Kernel &kernel, int64_t channels);
  /// The way back.
  Name joinTaps(const Name &x, const Kernel &kernel, int64_t channels);
  /// matrices [groups x positions or 1 x to x from] times x [batch x groups x from x positions].
  Name product(Type type, ArrayRef<double> matrices, ArrayRef<int64_t> shape, const Name &x);
  /// The same for logarithms: log sum exp(log matrices + x).
  Name logProduct(Type type, const Kernel &kernel, bool upward, const Name &x);
  Name denseWeights(Type type, const Kernel &kernel);
  /// The 1x1 convolution of x, which has this shape, with one filter for all its groups of channels.
  Name pointwise(Type type, const Name &x, std::vector<int64_t> shape, const Filter &filter);
  template <typename Op> Name convolve(Op op, bool upward, bool logSumExp);

  // OnnxLayers.cpp
  Name floored(Type type, const Name &x);
  Name flooredLog(Type type, const Name &x);
  /// x with its channels in `groups`, positions in a row: batch x groups x channels of one x positions.
  Name grouped(mlir::Value x, int64_t groups);
  /// Logarithms of many siblings in two parts, as SplitLog has them.
  struct Parts {
    Name high, low;
  };
  Parts split(const Name &x, int64_t groups);
  /// Sums of both parts as one, about the largest of the channels: features count up to a constant per position.
  Name centred(const Parts &sums, int64_t channels);
  Name sumOfOthers(const Name &x, int64_t axis);
  Name divided(Type type, const Name &x, const Name &by);
  /// One value per channel, to be broadcast over batch and positions.
  Name perChannel(mlir::Value like, ArrayRef<double> values);
  Name repeated(mlir::Value like, ArrayRef<double> values);

  OnnxGraph &graph;
  const Model &model;
  llvm::DenseMap<mlir::Value, std::string> names;
};

/// log 0 inside a network.
inline constexpr double kOnnxFloor = -1e30;

/// log w, floored.
std::vector<double> onnxLogs(llvm::ArrayRef<double> weights);

/// The ONNX type of a map.
OnnxGraph::Type onnxType(mlir::Value map);

/// The shape of a map with 0 for the batch: what OnnxGraph::reshape() takes.
std::vector<int64_t> onnxShape(mlir::Value map);

} // namespace espalier

#endif // ESPALIER_COMPILER_EXPORT_ONNXLAYERS_H
