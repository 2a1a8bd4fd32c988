// Layers of networks of ReLUs: which operators they become, and with which weights.

#include "compiler/export/OnnxLayers.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"

#include <catch2/catch.hpp>

#include <cstring>

using namespace espalier;

namespace {

/// The graph of one layer %y on %x, maps of a model with two or 2x3 children per node.
struct Layer {
  explicit Layer(const std::string &layer, const std::string &map, bool isImage = false) {
    context.loadDialect<mlir::func::FuncDialect, net::NetDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(
        "func.func @f(%x: " + map + ") {\n  %y = net." + layer + "\n  return\n}", &context);
    REQUIRE(module);
    Model model;
    model.rootStates = 2;
    model.levels = {{isImage ? std::vector<int64_t>{2, 3} : std::vector<int64_t>{2}, 2, Sharing::Rank, {}}};
    mlir::Block &body = (*module->getOps<mlir::func::FuncOp>().begin()).getBody().front();
    OnnxGraph graph("g");
    OnnxLayers layers(graph, model);
    layers.bind(body.getArgument(0), "x");
    REQUIRE(succeeded(layers.write(&body.front())));
    proto = graph.take();
  }

  std::vector<std::string> operators() const {
    std::vector<std::string> names;
    for (const onnx::NodeProto &node : proto.node())
      names.push_back(node.op_type());
    return names;
  }

  std::vector<int64_t> attribute(int node, const std::string &name) const {
    for (const onnx::AttributeProto &attribute : proto.node(node).attribute())
      if (attribute.name() == name)
        return attribute.has_i() ? std::vector<int64_t>{attribute.i()}
                                 : std::vector<int64_t>(attribute.ints().begin(), attribute.ints().end());
    return {};
  }

  const onnx::TensorProto &constant(const std::string &name) const {
    for (const onnx::TensorProto &tensor : proto.initializer())
      if (tensor.name() == name)
        return tensor;
    throw std::runtime_error("no constant is called " + name);
  }

  std::vector<int64_t> shapeOf(const std::string &name) const {
    return {constant(name).dims().begin(), constant(name).dims().end()};
  }

  std::vector<float> floatsOf(const std::string &name) const {
    const std::string &bytes = constant(name).raw_data();
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  onnx::GraphProto proto;
};

using Names = std::vector<std::string>;
using Extents = std::vector<int64_t>;
using Floats = std::vector<float>;

const std::string kSpread = "pointwise %x weights dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf64> "
                            "bias dense<[4.0, 5.0, 6.0]> : tensor<3xf64> : ";

} // namespace

TEST_CASE("a 1x1 convolution that makes hidden units has a group for every channel") {
  Layer layer(kSpread + "tensor<?x2x2xf32> -> tensor<?x6x2xf32>", "tensor<?x2x2xf32>");
  CHECK(layer.operators() == Names{"Conv"});
  CHECK(layer.attribute(0, "group") == Extents{2});
  CHECK(layer.attribute(0, "kernel_shape") == Extents{1});
  CHECK(layer.shapeOf(layer.proto.node(0).input(1)) == Extents{6, 1, 1});
  CHECK(layer.floatsOf(layer.proto.node(0).input(1)) == Floats{1, 2, 3, 1, 2, 3});
  CHECK(layer.floatsOf(layer.proto.node(0).input(2)) == Floats{4, 5, 6, 4, 5, 6});
}

TEST_CASE("a 1x1 convolution that sums hidden units has a group for every sum") {
  Layer layer("pointwise %x weights dense<[[1.0, 2.0]]> : tensor<1x2xf64> bias dense<[3.0]> : tensor<1xf64> : "
              "tensor<?x6x2x3xf32> -> tensor<?x3x2x3xf32>",
              "tensor<?x6x2x3xf32>", /*isImage=*/true);
  CHECK(layer.operators() == Names{"Conv"});
  CHECK(layer.attribute(0, "group") == Extents{3});
  CHECK(layer.attribute(0, "kernel_shape") == Extents{1, 1});
  CHECK(layer.shapeOf(layer.proto.node(0).input(1)) == Extents{3, 2, 1, 1});
  CHECK(layer.floatsOf(layer.proto.node(0).input(1)) == Floats{1, 2, 1, 2, 1, 2});
}

TEST_CASE("a 1x1 convolution in double precision is a product") {
  Layer layer(kSpread + "tensor<?x2x2xf64> -> tensor<?x6x2xf64>", "tensor<?x2x2xf64>");
  CHECK(layer.operators() == Names{"Reshape", "Transpose", "MatMul", "Transpose", "Add", "Reshape"});
  CHECK(layer.shapeOf(layer.proto.node(2).input(0)) == Extents{1, 1, 3, 1});
}

TEST_CASE("a piecewise linear function is three layers again") {
  Layer layer("piecewise %x in [1.0, -1.0] bias [2.0, 3.0] out [4.0, 5.0] offset 6.0 : tensor<?x3x2xf32>",
              "tensor<?x3x2xf32>");
  CHECK(layer.operators() == Names{"Conv", "Relu", "Conv"});
  CHECK(layer.floatsOf(layer.proto.node(0).input(1)) == Floats{1, -1, 1, -1, 1, -1});
  CHECK(layer.floatsOf(layer.proto.node(0).input(2)) == Floats{2, 3, 2, 3, 2, 3});
  CHECK(layer.floatsOf(layer.proto.node(2).input(1)) == Floats{4, 5, 4, 5, 4, 5});
  CHECK(layer.floatsOf(layer.proto.node(2).input(2)) == Floats{6, 6, 6});
  CHECK(layer.attribute(2, "group") == Extents{3});
}

TEST_CASE("groups are normalized apart, each by its largest channel") {
  Layer layer("group_norm %x groups 2 : tensor<?x6x2xf32> -> tensor<?x6x2xf32>", "tensor<?x6x2xf32>");
  CHECK(layer.operators() == Names{"Reshape", "ReduceMax", "Sub", "Max", "Reshape"});
  CHECK(layer.shapeOf(layer.proto.node(0).input(1)) == Extents{4});
  CHECK(layer.attribute(1, "axes") == Extents{2});
}

TEST_CASE("NaN goes around the clipping") {
  Layer layer("clip %x low -2.0 high 3.0 : tensor<?x1x2xf32>", "tensor<?x1x2xf32>");
  CHECK(layer.operators() == Names{"Clip", "IsNaN", "Where"});
  CHECK(layer.floatsOf(layer.proto.node(0).input(1)) == Floats{-2});
  CHECK(layer.floatsOf(layer.proto.node(0).input(2)) == Floats{3});
  CHECK(layer.proto.node(2).input(1) == "x");
  CHECK(layer.proto.node(2).input(2) == layer.proto.node(0).output(0));
}
