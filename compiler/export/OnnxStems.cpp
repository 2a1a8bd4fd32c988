//===- OnnxStems.cpp - From users' arrays to features, in ONNX ------------===//
//
// Symbols look up a row of a table; gaussian observations become the leaf field, in double precision.
//
//===----------------------------------------------------------------------===//

#include "compiler/export/OnnxLayers.h"

#include "compiler/conversion/support/Centre.h"
#include "dialects/support/Tables.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace espalier {

/// Channels from behind the positions to where feature maps have them.
static std::vector<int64_t> channelsFirst(size_t positions) {
  std::vector<int64_t> permutation = {0, static_cast<int64_t>(positions) + 1};
  for (size_t i = 0; i < positions; ++i)
    permutation.push_back(static_cast<int64_t>(i) + 1);
  return permutation;
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

std::string OnnxLayers::embed(Value symbols, Value result, double seen, double other) {
  std::vector<int64_t> shape = onnxShape(result);
  int64_t states = shape[1];
  std::vector<double> table(states, seen);
  for (int64_t symbol = 0; symbol < states; ++symbol)
    for (int64_t a = 0; a < states; ++a)
      table.push_back(a == symbol ? seen : other);
  Name row = graph.add("Add", {nameOf(symbols), graph.integers({}, 1)});
  Name features = graph.add("Gather", {graph.reals(onnxType(result), {states + 1, states}, table), row},
                            OnnxGraph::Attribute{"axis", int64_t{0}});
  return graph.transpose(features, channelsFirst(shape.size() - 2));
}

std::string OnnxLayers::written(net::SymbolStemOp op) { return embed(op.getSymbols(), op.getResult(), 0, kOnnxFloor); }

std::string OnnxLayers::written(net::OneHotOp op) { return embed(op.getSymbols(), op.getResult(), 1, 0); }

// Each matrix is a block of rows of the table, transposed; the first row of a block is for a missing symbol.
std::string OnnxLayers::written(net::LookUpOp op) {
  Kernel kernel = kernelOf(op.getWeights(), op.getPatch(), op.getResult());
  int64_t places = kernel.order.empty() ? 1 : kernel.positions(), block = kernel.children + 1;
  std::vector<double> table, columns = kernel.matrices(/*upward=*/false);
  std::vector<int64_t> first;
  for (int64_t matrix = 0; matrix < kernel.groups() * places; ++matrix) {
    first.push_back(matrix * block + 1);
    const double *rows = columns.data() + matrix * kernel.children * kernel.parents;
    std::vector<double> missing(kernel.parents, 0);
    for (int64_t i = 0; i < kernel.children * kernel.parents; ++i)
      missing[i % kernel.parents] += rows[i];
    llvm::append_range(table, missing);
    table.insert(table.end(), rows, rows + kernel.children * kernel.parents);
  }
  // [batch x taps x 1 x positions of the parents].
  Name split = splitTaps(nameOf(op.getSymbols()), kernel, 1);
  Name row = graph.add("Add", {split, graph.integers({1, kernel.groups(), 1, places}, first)});
  Type type = onnxType(op.getResult());
  int64_t rows = static_cast<int64_t>(first.size()) * block;
  Name messages = graph.add("Gather", {graph.reals(type, {rows, kernel.parents}, table), row},
                            OnnxGraph::Attribute{"axis", int64_t{0}});
  return graph.reshape(graph.transpose(messages, {0, 1, 2, 4, 3}), onnxShape(op.getResult()));
}

//===----------------------------------------------------------------------===//
// Gaussian observations
//===----------------------------------------------------------------------===//

/// The upper half of a double's digits: products of halves are exact (Dekker).
static double upperHalf(double x) {
  double large = (0x1p27 + 1) * x;
  return large - (large - x);
}

std::string OnnxLayers::centredObservation(const Name &z, const Name &lambda, ArrayRef<double> centres) {
  if (llvm::all_of(centres, [](double c) { return c == 0; }))
    return z;
  Type real = onnx::TensorProto::DOUBLE;
  int64_t size = static_cast<int64_t>(centres.size());
  std::vector<double> upper(centres), lower(centres);
  for (auto [high, low] : llvm::zip(upper, lower)) {
    high = upperHalf(high);
    low -= high;
  }
  Name high = graph.reals(real, {1, 1, size, 1}, upper), low = graph.reals(real, {1, 1, size, 1}, lower);
  Name large = graph.add("Mul", {lambda, graph.real(real, 0x1p27 + 1)});
  Name lambdaHigh = graph.add("Sub", {large, graph.add("Sub", {large, lambda})});
  Name lambdaLow = graph.add("Sub", {lambda, lambdaHigh});
  Name rest = z;
  for (auto [x, c] : {std::pair(lambdaHigh, high), {lambdaHigh, low}, {lambdaLow, high}, {lambdaLow, low}})
    rest = graph.add("Sub", {rest, graph.add("Mul", {x, c})});
  return rest;
}

std::string OnnxLayers::nearestValue(const Name &z, const Name &lambda, ArrayRef<double> values, int64_t states,
                                     int64_t positions) {
  Type real = onnx::TensorProto::DOUBLE;
  int64_t size = static_cast<int64_t>(values.size()) / states;
  // lambda e (z - lambda e / 2) is largest where |z - lambda e| is least, and keeps its digits far from every state.
  Name scaled = graph.add("Mul", {graph.reals(real, {1, states, size, 1}, values), lambda});
  Name middle = graph.add("Sub", {z, graph.add("Mul", {scaled, graph.real(real, 0.5)})});
  Name score = graph.reduce("ReduceSum", graph.add("Mul", {scaled, middle}), 2);
  Name nearest = graph.add("ArgMax", score, {{"axis", int64_t{1}}, {"keepdims", int64_t{1}}});
  Name rows = graph.add("Gather", {graph.reals(real, {states, size}, values), nearest},
                        OnnxGraph::Attribute{"axis", int64_t{0}});
  return graph.transpose(graph.reshape(rows, {0, 1, positions, size}), {0, 1, 3, 2});
}

std::string OnnxLayers::field(Value observation, Value lambda, Value sigma, ElementsAttr table) {
  Type real = onnx::TensorProto::DOUBLE;
  int64_t states = tableShape(table)[0], size = tableShape(table)[1];
  std::vector<double> centres = centresOf(*readTable(table), size),
                      values = espalier::centred(*readTable(table), centres);
  std::vector<int64_t> shape = onnxShape(observation);
  int64_t positions = llvm::product_of(llvm::drop_begin(shape, 2));
  // Everything is [batch x states x p x positions], and about the centre of the values.
  Name observed = graph.cast(grouped(observation, 1), real);
  Name missing = graph.add("IsNaN", graph.reduce("ReduceSum", observed, 2));
  Name zero = graph.real(real, 0), lambdaName = nameOf(lambda), sigmaName = nameOf(sigma);
  Name z = centredObservation(graph.add("Where", {graph.add("IsNaN", observed), zero, observed}), lambdaName, centres);
  Name nearest = nearestValue(z, lambdaName, values, states, positions);

  // |z - lambda r|^2 - |z - lambda e|^2 = 2 lambda (e - r) . (z - lambda (e + r) / 2): no cancellation.
  Name e = graph.reals(real, {1, states, size, 1}, values);
  Name half = graph.add("Mul", {lambdaName, graph.real(real, 0.5)});
  Name middle = graph.add("Sub", {z, graph.add("Mul", {graph.add("Add", {e, nearest}), half})});
  Name difference = graph.add("Mul", {graph.add("Sub", {e, nearest}), middle});
  // By sigma twice: its square may leave the range of doubles.
  Name scaled = graph.add("Mul", {graph.reduce("ReduceSum", difference, 2), graph.add("Div", {lambdaName, sigmaName})});
  Name field = graph.add("Div", {scaled, sigmaName});
  Name seen = floored(real, graph.add("Where", {missing, zero, field}));
  shape[1] = states;
  return graph.reshape(seen, shape);
}

// Runtimes differ in what they clip NaN to, which means a missing leaf.
std::string OnnxLayers::written(net::ClipOp op) {
  Type type = onnxType(op.getResult());
  Name x = nameOf(op.getInput());
  Name clipped = graph.add(
      "Clip", {x, graph.real(type, op.getLow().convertToDouble()), graph.real(type, op.getHigh().convertToDouble())});
  return graph.add("Where", {graph.add("IsNaN", x), x, clipped});
}

std::string OnnxLayers::written(net::GaussianStemOp op) {
  return graph.cast(field(op.getObservation(), op.getLambda(), op.getSigma(), op.getValues()),
                    onnxType(op.getResult()));
}

std::string OnnxLayers::written(net::GaussianLikelihoodOp op) {
  Name logs = field(op.getObservation(), op.getLambda(), op.getSigma(), op.getValues());
  return graph.add("Exp", graph.cast(logs, onnxType(op.getResult())));
}

} // namespace espalier
