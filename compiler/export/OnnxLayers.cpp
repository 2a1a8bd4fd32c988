//===- OnnxLayers.cpp - Layers of a network as ONNX operators -------------===//
//
// The dispatch, and the layers that move no features between positions: activations, pooling, skips.
//
//===----------------------------------------------------------------------===//

#include "compiler/export/OnnxLayers.h"

#include "compiler/analysis/FanOut.h"
#include "compiler/conversion/support/Contraction.h"
#include "dialects/support/Tables.h"

#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace espalier {

std::vector<double> onnxLogs(llvm::ArrayRef<double> weights) {
  std::vector<double> logs;
  logs.reserve(weights.size());
  for (double weight : weights)
    logs.push_back(weight > 0 ? std::log(weight) : kOnnxFloor);
  return logs;
}

OnnxGraph::Type onnxType(Value map) {
  return getElementTypeOrSelf(map.getType()).isF64() ? onnx::TensorProto::DOUBLE : onnx::TensorProto::FLOAT;
}

std::vector<int64_t> onnxShape(Value map) {
  std::vector<int64_t> shape = cast<RankedTensorType>(map.getType()).getShape();
  shape.front() = 0;
  return shape;
}

/// Whether a sum over so many channel groups keeps its digits in two parts alone.
static bool sumsInParts(OnnxGraph::Type type, int64_t groups) {
  return type == onnx::TensorProto::DOUBLE && isWide(groups);
}

/// Whether a feature map is what ONNX says of one: floats or doubles at the positions of a level.
static bool isExportable(const Model &model, RankedTensorType type) {
  bool isReal = type.getElementType().isF32() || type.getElementType().isF64();
  for (int64_t l = 0; isReal && l <= model.depth(); ++l)
    if (ArrayRef<int64_t>(model.shape(l)) == type.getShape().drop_front(2))
      return true;
  return false;
}

LogicalResult OnnxLayers::write(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (type && type.getRank() >= 3 && !isExportable(model, type))
    return op->emitError() << "expects features in f32 or f64 at the positions of a level, got " << type;
  graph.enter(op->getName().stripDialect());
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<net::SymbolStemOp, net::GaussianStemOp, net::OneHotOp, net::LookUpOp, net::GaussianLikelihoodOp,
            net::ClipOp, net::ReluOp, net::PiecewiseOp, net::GroupNormOp, net::PointwiseOp, net::ExpOp, net::LogOp,
            net::SoftmaxOp, net::NormOp, net::RescaleOp, net::ProportionOp, net::CastOp, net::ConvOp,
            net::ConvTransposeOp, net::LogSumExpConvOp, net::LogSumExpConvTransposeOp, net::ReadoutOp, net::SumPoolOp,
            net::ProductPoolOp, net::UpsampleOp, net::SiblingSumOp, net::SiblingProductOp, net::AddOp, net::SubtractOp,
            net::MultiplyOp, net::BiasOp, net::ScaleOp, net::ConstantOp, net::WeightConstantOp>([&](auto layer) {
        bind(layer->getResult(0), written(layer));
        return success();
      })
      .Default([](Operation *other) { return other->emitError() << "'" << other->getName() << "' has no ONNX form"; });
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

std::string OnnxLayers::floored(Type type, const Name &x) {
  return graph.add("Max", {x, graph.real(type, kOnnxFloor)});
}

std::string OnnxLayers::flooredLog(Type type, const Name &x) { return floored(type, graph.add("Log", x)); }

std::string OnnxLayers::divided(Type type, const Name &x, const Name &by) {
  // 0 stays 0 where there is nothing but zeros.
  double least = type == onnx::TensorProto::DOUBLE ? std::numeric_limits<double>::min()
                                                   : static_cast<double>(std::numeric_limits<float>::min());
  return graph.add("Div", {x, graph.add("Max", {by, graph.real(type, least)})});
}

std::string OnnxLayers::written(net::ExpOp op) { return graph.add("Exp", nameOf(op.getInput())); }

std::string OnnxLayers::written(net::LogOp op) { return flooredLog(onnxType(op.getResult()), nameOf(op.getInput())); }

std::string OnnxLayers::written(net::ReluOp op) { return graph.add("Relu", nameOf(op.getInput())); }

// Written out as the three layers that it stands for.
std::string OnnxLayers::written(net::PiecewiseOp op) {
  Type type = onnxType(op.getResult());
  int64_t units = static_cast<int64_t>(op.getIn().size());
  std::vector<int64_t> shape = onnxShape(op.getInput());
  Name hidden = pointwise(type, nameOf(op.getInput()), shape, {units, 1, op.getIn().vec(), op.getBias().vec()});
  shape[1] *= units;
  return pointwise(type, graph.add("Relu", hidden), shape,
                   {1, units, op.getOut().vec(), {op.getOffset().convertToDouble()}});
}

std::string OnnxLayers::written(net::SoftmaxOp op) {
  return graph.add("Softmax", nameOf(op.getInput()), OnnxGraph::Attribute{"axis", int64_t{1}});
}

std::string OnnxLayers::written(net::NormOp op) {
  Name x = nameOf(op.getInput());
  return floored(onnxType(op.getResult()), graph.add("Sub", {x, graph.reduce("ReduceMax", x, 1)}));
}

std::string OnnxLayers::written(net::GroupNormOp op) {
  Name x = grouped(op.getInput(), op.getGroups());
  Name centred = graph.add("Sub", {x, graph.reduce("ReduceMax", x, 2)});
  return graph.reshape(floored(onnxType(op.getResult()), centred), onnxShape(op.getResult()));
}

// Messages count up to a factor, so it may be the largest channel itself where net.rescale takes a power of two.
std::string OnnxLayers::written(net::RescaleOp op) {
  Name x = nameOf(op.getInput());
  return divided(onnxType(op.getResult()), x, graph.reduce("ReduceMax", x, 1));
}

std::string OnnxLayers::written(net::ProportionOp op) {
  Name x = nameOf(op.getInput());
  return divided(onnxType(op.getResult()), x, graph.reduce("ReduceSum", x, 1));
}

std::string OnnxLayers::written(net::CastOp op) { return graph.cast(nameOf(op.getInput()), onnxType(op.getResult())); }

//===----------------------------------------------------------------------===//
// Pooling, up-sampling, skips
//===----------------------------------------------------------------------===//

std::string OnnxLayers::grouped(Value x, int64_t groups) {
  std::vector<int64_t> shape = onnxShape(x);
  int64_t positions = llvm::product_of(llvm::drop_begin(shape, 2));
  return graph.reshape(nameOf(x), {0, groups, shape[1] / groups, positions});
}

OnnxLayers::Parts OnnxLayers::split(const Name &x, int64_t groups) {
  Type real = onnx::TensorProto::DOUBLE;
  double scale = std::ldexp(1.0, static_cast<int>(fractionBits(groups)));
  Name whole = graph.add("Round", graph.add("Mul", {x, graph.real(real, scale)}));
  Name high = graph.add("Mul", {whole, graph.real(real, 1 / scale)});
  return {high, graph.add("Sub", {x, high})};
}

std::string OnnxLayers::centred(const Parts &sums, int64_t channels) {
  Name about = graph.add("Sub", {sums.high, graph.reduce("ReduceMax", sums.high, channels)});
  return graph.add("Add", {about, sums.low});
}

std::string OnnxLayers::written(net::SumPoolOp op) {
  int64_t groups = op.getGroups();
  Name x = grouped(op.getInput(), groups);
  auto sum = [&](const Name &part) { return graph.reduce("ReduceSum", part, 1); };
  if (!sumsInParts(onnxType(op.getResult()), groups))
    return graph.reshape(sum(x), onnxShape(op.getResult()));
  Parts parts = split(x, groups);
  return graph.reshape(centred({sum(parts.high), sum(parts.low)}, 2), onnxShape(op.getResult()));
}

std::string OnnxLayers::written(net::ProductPoolOp op) {
  Name product = graph.reduce("ReduceProd", grouped(op.getInput(), op.getGroups()), 1);
  return graph.reshape(product, onnxShape(op.getResult()));
}

std::string OnnxLayers::written(net::UpsampleOp op) {
  int64_t groups = op.getGroups();
  Name copies = graph.add("Expand", {grouped(op.getInput(), 1), graph.integers({4}, {1, groups, 1, 1})});
  return graph.reshape(copies, onnxShape(op.getResult()));
}

/// [n x n] with `diagonal` on the diagonal and `other` elsewhere.
static std::vector<double> diagonalMatrix(int64_t n, double diagonal, double other) {
  std::vector<double> matrix(n * n, other);
  for (int64_t i = 0; i < n; ++i)
    matrix[i * n + i] = diagonal;
  return matrix;
}

/// The sums of the entries before each and of those after it, along an axis.
std::string OnnxLayers::sumOfOthers(const Name &x, int64_t axis) {
  auto cumulated = [&](int64_t reverse) {
    return graph.add("CumSum", {x, graph.integers({}, axis)}, {{"exclusive", int64_t{1}}, {"reverse", reverse}});
  };
  return graph.add("Add", {cumulated(0), cumulated(1)});
}

// The groups are the channels of a product with 1 - I, or, where there are many, sums from both ends.
std::string OnnxLayers::written(net::SiblingSumOp op) {
  std::vector<int64_t> shape = onnxShape(op.getResult());
  int64_t groups = op.getGroups(), rest = llvm::product_of(llvm::drop_begin(shape)) / groups;
  if (sumsInParts(onnxType(op.getResult()), groups)) {
    Parts parts = split(grouped(op.getInput(), groups), groups);
    return graph.reshape(centred({sumOfOthers(parts.high, 1), sumOfOthers(parts.low, 1)}, 2), shape);
  }
  Name x = graph.reshape(nameOf(op.getInput()), {0, 1, groups, rest});
  Name sums = product(onnxType(op.getResult()), diagonalMatrix(groups, 0, 1), {1, 1, groups, groups}, x);
  return graph.reshape(sums, shape);
}

// Each group's own message is replaced by 1 before the product is taken: never a division.
std::string OnnxLayers::written(net::SiblingProductOp op) {
  std::vector<int64_t> shape = onnxShape(op.getResult());
  int64_t groups = op.getGroups(), rest = llvm::product_of(llvm::drop_begin(shape)) / groups;
  Type type = onnxType(op.getResult());
  Name x = graph.reshape(nameOf(op.getInput()), {0, 1, groups, rest});
  Name own = graph.reals(type, {1, groups, groups, 1}, diagonalMatrix(groups, 1, 0));
  Name isOwn = graph.cast(own, onnx::TensorProto::BOOL);
  Name others = graph.add("Where", {isOwn, graph.real(type, 1), x});
  return graph.reshape(graph.reduce("ReduceProd", others, 2), shape);
}

std::string OnnxLayers::written(net::AddOp op) {
  return graph.add("Add", {nameOf(op.getInput()), nameOf(op.getSkip())});
}

std::string OnnxLayers::written(net::SubtractOp op) {
  return graph.add("Sub", {nameOf(op.getInput()), nameOf(op.getSkip())});
}

std::string OnnxLayers::written(net::MultiplyOp op) {
  return graph.add("Mul", {nameOf(op.getInput()), nameOf(op.getSkip())});
}

std::string OnnxLayers::perChannel(Value like, ArrayRef<double> values) {
  std::vector<int64_t> shape(cast<RankedTensorType>(like.getType()).getRank(), 1);
  shape[1] = static_cast<int64_t>(values.size());
  return graph.reals(onnxType(like), shape, values);
}

std::string OnnxLayers::repeated(Value like, ArrayRef<double> values) {
  return graph.add("Expand", {perChannel(like, values), graph.add("Shape", nameOf(like))});
}

std::string OnnxLayers::written(net::BiasOp op) {
  Name bias = perChannel(op.getResult(), onnxLogs(*readTable(op.getWeights())));
  return graph.add("Add", {nameOf(op.getInput()), bias});
}

std::string OnnxLayers::written(net::ScaleOp op) {
  return graph.add("Mul", {nameOf(op.getInput()), perChannel(op.getResult(), *readTable(op.getWeights()))});
}

std::string OnnxLayers::written(net::ConstantOp op) {
  return repeated(op.getLike(), onnxLogs(*readTable(op.getWeights())));
}

std::string OnnxLayers::written(net::WeightConstantOp op) {
  return repeated(op.getLike(), *readTable(op.getWeights()));
}

} // namespace espalier
