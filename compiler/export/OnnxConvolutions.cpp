//===- OnnxConvolutions.cpp - Convolutions as ONNX operators --------------===//
//
// A convolution whose taps have their own matrices is written as Conv or ConvTranspose where runtimes have it: in
// single precision, with weights shared by all positions. Everything else is a product of matrices, one per tap or
// position, with the batch as columns.
//
//===----------------------------------------------------------------------===//

#include "compiler/export/OnnxLayers.h"

#include "compiler/conversion/support/Centre.h"
#include "dialects/support/Tables.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace espalier {

/// A dense kernel is zero at all taps but one of each channel group, so it grows with the square of the taps. Beyond
/// this many entries a product per tap is written instead.
static constexpr int64_t kMostDenseEntries = int64_t{1} << 22;

/// For each position of a level, row by row, its number in rank order: parent * ranks + rank. `patches` are those of
/// the levels from the root to this one.
static std::vector<int64_t> rankOrder(ArrayRef<Level> levels, ArrayRef<int64_t> shape) {
  std::vector<int64_t> order(llvm::product_of(shape), 0);
  int64_t width = shape.back();
  for (size_t i = 0; i < order.size(); ++i) {
    int64_t row = static_cast<int64_t>(i) / width, column = static_cast<int64_t>(i) % width;
    int64_t height = shape.size() == 2 ? shape[0] : 1, cells = width;
    for (const Level &level : levels) {
      int64_t rows = level.patch.size() == 2 ? level.patch[0] : 1, columns = level.patch.back();
      height /= rows;
      cells /= columns;
      order[i] = order[i] * rows * columns + row / height * columns + column / cells;
      row %= height;
      column %= cells;
    }
  }
  return order;
}

/// The levels from the root down to the one that has these positions.
static ArrayRef<Level> levelsTo(const Model &model, ArrayRef<int64_t> positions) {
  int64_t l = 0;
  while (l < model.depth() && ArrayRef<int64_t>(model.shape(l)) != positions)
    ++l;
  return ArrayRef<Level>(model.levels).take_front(l);
}

int64_t OnnxLayers::Kernel::positions() const { return llvm::product_of(coarse); }

const double *OnnxLayers::Kernel::matrix(int64_t tap, int64_t position) const {
  int64_t number = isShared ? 0 : order.empty() ? tap : order[position] * taps + tap;
  return entries.data() + number * parents * children;
}

std::vector<double> OnnxLayers::Kernel::matrices(bool upward) const {
  std::vector<double> result;
  result.reserve(entries.size());
  int64_t places = order.empty() ? 1 : positions();
  for (int64_t tap = 0; tap < groups(); ++tap) {
    for (int64_t position = 0; position < places; ++position) {
      const double *from = matrix(tap, position);
      if (upward) {
        result.insert(result.end(), from, from + parents * children);
        continue;
      }
      for (int64_t a = 0; a < children; ++a)
        for (int64_t s = 0; s < parents; ++s)
          result.push_back(from[s * children + a]);
    }
  }
  return result;
}

OnnxLayers::Kernel OnnxLayers::kernelOf(ElementsAttr weights, ArrayRef<int64_t> patch, Value coarse) const {
  ArrayRef<int64_t> shape = tableShape(weights);
  ArrayRef<int64_t> positions = cast<RankedTensorType>(coarse.getType()).getShape().drop_front(2);
  Kernel kernel = {*readTable(weights),
                   shape[0] == 1,
                   llvm::product_of(patch),
                   shape[1],
                   shape[2],
                   positions.vec(),
                   patch.vec(),
                   {}};
  if (!kernel.isShared && shape[0] != kernel.taps)
    kernel.order = rankOrder(levelsTo(model, positions), positions);
  return kernel;
}

std::string OnnxLayers::splitTaps(const Name &x, const Kernel &kernel, int64_t channels) {
  ArrayRef<int64_t> coarse(kernel.coarse), patch(kernel.patch);
  if (coarse.size() == 1)
    return graph.transpose(graph.reshape(x, {0, channels, coarse[0], patch[0]}), {0, 3, 1, 2});
  Name split = graph.reshape(x, {0, channels, coarse[0], patch[0], coarse[1], patch[1]});
  return graph.reshape(graph.transpose(split, {0, 3, 5, 1, 2, 4}), {0, kernel.taps, channels, kernel.positions()});
}

std::string OnnxLayers::joinTaps(const Name &x, const Kernel &kernel, int64_t channels) {
  ArrayRef<int64_t> coarse(kernel.coarse), patch(kernel.patch);
  if (coarse.size() == 1)
    return graph.reshape(graph.transpose(x, {0, 2, 3, 1}), {0, channels, coarse[0] * patch[0]});
  Name split = graph.reshape(x, {0, patch[0], patch[1], channels, coarse[0], coarse[1]});
  return graph.reshape(graph.transpose(split, {0, 3, 4, 1, 5, 2}),
                       {0, channels, coarse[0] * patch[0], coarse[1] * patch[1]});
}

std::string OnnxLayers::product(Type type, ArrayRef<double> matrices, ArrayRef<int64_t> shape, const Name &x) {
  // [groups x positions x channels x batch] and back.
  Name columns = graph.add("MatMul", {graph.reals(type, shape, matrices), graph.transpose(x, {1, 3, 2, 0})});
  return graph.transpose(columns, {3, 0, 2, 1});
}

std::string OnnxLayers::logProduct(Type type, const Kernel &kernel, bool upward, const Name &x) {
  int64_t from = upward ? kernel.children : kernel.parents, to = upward ? kernel.parents : kernel.children;
  int64_t places = kernel.order.empty() ? 1 : kernel.positions();
  Name logs = graph.reals(type, {1, kernel.groups(), places, to, from}, onnxLogs(kernel.matrices(upward)));
  // [batch x taps x positions x to x from]; the floor keeps what has no weight below everything that counts.
  Name row = graph.reshape(graph.transpose(x, {0, 1, 3, 2}), {0, kernel.taps, kernel.positions(), 1, from});
  Name terms = graph.add("Add", {row, logs});
  Name maximum = graph.reduce("ReduceMax", terms, 4);
  Name sum = graph.reduce("ReduceSum", graph.add("Exp", graph.add("Sub", {terms, maximum})), 4);
  Name result = floored(type, graph.add("Add", {graph.add("Log", sum), maximum}));
  return graph.transpose(graph.reshape(result, {0, kernel.taps, kernel.positions(), to}), {0, 1, 3, 2});
}

/// [taps x parent states, child states, patch]: each channel group at its own tap.
std::string OnnxLayers::denseWeights(Type type, const Kernel &kernel) {
  int64_t rows = kernel.taps * kernel.parents;
  std::vector<double> dense(rows * kernel.children * kernel.taps, 0);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t a = 0; a < kernel.children; ++a) {
      int64_t tap = row / kernel.parents, s = row % kernel.parents;
      dense[(row * kernel.children + a) * kernel.taps + tap] = kernel.matrix(tap, 0)[s * kernel.children + a];
    }
  std::vector<int64_t> shape = {rows, kernel.children};
  llvm::append_range(shape, kernel.patch);
  return graph.reals(type, shape, dense);
}

template <typename Op> std::string OnnxLayers::convolve(Op op, bool upward, bool logSumExp) {
  Name x = nameOf(op.getInput());
  Type type = onnxType(op.getResult());
  Kernel kernel = kernelOf(op.getWeights(), op.getPatch(), upward ? op.getResult() : op.getInput());
  int64_t entries = kernel.taps * kernel.parents * kernel.children;
  if (!logSumExp && type == onnx::TensorProto::FLOAT && kernel.order.empty() &&
      entries <= kMostDenseEntries / kernel.taps)
    return graph.add(upward ? "Conv" : "ConvTranspose", {x, denseWeights(type, kernel)},
                     {{"kernel_shape", kernel.patch}, {"strides", kernel.patch}});

  int64_t from = upward ? kernel.children : kernel.parents, to = upward ? kernel.parents : kernel.children;
  Name split = upward ? splitTaps(x, kernel, from) : graph.reshape(x, {0, kernel.taps, from, kernel.positions()});
  int64_t places = kernel.order.empty() ? 1 : kernel.positions();
  Name result = logSumExp ? logProduct(type, kernel, upward, split)
                          : product(type, kernel.matrices(upward), {kernel.groups(), places, to, from}, split);
  return upward ? graph.reshape(result, onnxShape(op.getResult())) : joinTaps(result, kernel, to);
}

std::string OnnxLayers::written(net::ConvOp op) { return convolve(op, /*upward=*/true, /*logSumExp=*/false); }

std::string OnnxLayers::written(net::ConvTransposeOp op) { return convolve(op, /*upward=*/false, /*logSumExp=*/false); }

std::string OnnxLayers::written(net::LogSumExpConvOp op) { return convolve(op, /*upward=*/true, /*logSumExp=*/true); }

std::string OnnxLayers::written(net::LogSumExpConvTransposeOp op) {
  return convolve(op, /*upward=*/false, /*logSumExp=*/true);
}

std::string OnnxLayers::pointwise(Type type, const Name &x, std::vector<int64_t> shape, const Filter &filter) {
  int64_t groups = shape[1] / filter.in, positions = llvm::product_of(llvm::drop_begin(shape, 2));
  if (type == onnx::TensorProto::FLOAT) {
    std::vector<double> weights, bias;
    for (int64_t g = 0; g < groups; ++g) {
      llvm::append_range(weights, filter.weights);
      llvm::append_range(bias, filter.bias);
    }
    std::vector<int64_t> kernelShape(shape.size() - 2, 1), weightShape = {groups * filter.out, filter.in};
    llvm::append_range(weightShape, kernelShape);
    return graph.add("Conv",
                     {x, graph.reals(type, weightShape, weights), graph.reals(type, {groups * filter.out}, bias)},
                     {{"group", groups}, {"kernel_shape", kernelShape}});
  }
  Name split = graph.reshape(x, {0, groups, filter.in, positions});
  Name sums = product(type, filter.weights, {1, 1, filter.out, filter.in}, split);
  shape[1] = groups * filter.out;
  return graph.reshape(graph.add("Add", {sums, graph.reals(type, {1, 1, filter.out, 1}, filter.bias)}), shape);
}

std::string OnnxLayers::written(net::PointwiseOp op) {
  ArrayRef<int64_t> extents = tableShape(op.getWeights());
  return pointwise(onnxType(op.getResult()), nameOf(op.getInput()), onnxShape(op.getInput()),
                   {extents[0], extents[1], *readTable(op.getWeights()), *readTable(op.getBias())});
}

/// A 1x1 convolution is a product with one group.
std::string OnnxLayers::written(net::ReadoutOp op) {
  std::vector<double> centres = centresOf(*readTable(op.getValues()), tableShape(op.getValues())[1]);
  Name mean = aboutCentre(op, centres);
  if (llvm::all_of(centres, [](double c) { return c == 0; }))
    return mean;
  std::vector<int64_t> shape(cast<RankedTensorType>(op.getResult().getType()).getRank(), 1);
  shape[1] = static_cast<int64_t>(centres.size());
  return graph.add("Add", {mean, graph.reals(onnxType(op.getResult()), shape, centres)});
}

std::string OnnxLayers::aboutCentre(net::ReadoutOp op, ArrayRef<double> centres) {
  ArrayRef<int64_t> shape = tableShape(op.getValues());
  int64_t states = shape[0], size = shape[1];
  std::vector<double> values = espalier::centred(*readTable(op.getValues()), centres), transposed;
  for (int64_t p = 0; p < size; ++p)
    for (int64_t a = 0; a < states; ++a)
      transposed.push_back(values[a * size + p]);
  Type type = onnxType(op.getResult());
  std::vector<int64_t> kernelShape(cast<RankedTensorType>(op.getResult().getType()).getRank() - 2, 1);
  if (type == onnx::TensorProto::FLOAT) {
    std::vector<int64_t> weightShape = {size, states};
    llvm::append_range(weightShape, kernelShape);
    return graph.add("Conv", {nameOf(op.getInput()), graph.reals(type, weightShape, transposed)},
                     OnnxGraph::Attribute{"kernel_shape", kernelShape});
  }
  Name mean = product(type, transposed, {1, 1, size, states}, grouped(op.getInput(), 1));
  return graph.reshape(mean, onnxShape(op.getResult()));
}

} // namespace espalier
