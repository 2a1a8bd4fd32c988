// Graphs under construction: names, constants, and how much of them fits into a file.

#include "compiler/export/OnnxGraph.h"

#include <catch2/catch.hpp>

#include <cstring>

using espalier::OnnxGraph;

static constexpr auto kFloat = onnx::TensorProto::FLOAT, kDouble = onnx::TensorProto::DOUBLE;

TEST_CASE("names are unique and tell the layer") {
  OnnxGraph graph("g");
  graph.enter("exp");
  CHECK(graph.add("Exp", {"x"}) == "exp/Exp");
  CHECK(graph.add("Exp", {"x"}) == "exp/Exp_1");
  graph.enter("exp");
  CHECK(graph.add("Exp", {"x"}) == "exp_1/Exp");
}

TEST_CASE("doubles are rounded to the nearest number of the type") {
  OnnxGraph graph("g");
  graph.reals(kFloat, {2}, {0.1, 1 + 0x1p-24});
  graph.reals(kDouble, {1}, {0.1});
  onnx::GraphProto proto = graph.take();
  float narrow[2];
  double wide;
  REQUIRE(proto.initializer(0).raw_data().size() == sizeof narrow);
  std::memcpy(narrow, proto.initializer(0).raw_data().data(), sizeof narrow);
  std::memcpy(&wide, proto.initializer(1).raw_data().data(), sizeof wide);
  CHECK(narrow[0] == 0.1f);
  CHECK(narrow[1] == 1.0f);
  CHECK(wide == 0.1);
}

TEST_CASE("small constants are shared where type, shape and entries are equal") {
  OnnxGraph graph("g");
  std::string one = graph.real(kFloat, 1);
  CHECK(graph.real(kFloat, 1) == one);
  CHECK(graph.reals(kFloat, {1}, {1.0}) != one);
  CHECK(graph.real(kDouble, 1) != one);
  CHECK(graph.real(kFloat, 2) != one);
  CHECK(graph.integers({1}, {7}) == graph.integers({1}, {7}));
  CHECK(graph.take().initializer_size() == 5);
}

TEST_CASE("constants beyond the limit are counted and not kept") {
  OnnxGraph graph("g", /*mostBytes=*/100);
  std::vector<double> values(20, 0.5);
  graph.reals(kFloat, {20}, values);
  CHECK(graph.fits());
  graph.reals(kDouble, {20}, values);
  CHECK_FALSE(graph.fits());
  CHECK(graph.constantBytes() == 80 + 160);
  CHECK(graph.take().initializer_size() == 1);
}

TEST_CASE("reductions keep their axis") {
  OnnxGraph graph("g");
  graph.reduce("ReduceMax", "x", 2);
  graph.reduce("ReduceSum", "x", 2);
  onnx::GraphProto proto = graph.take();
  for (const onnx::NodeProto &node : proto.node()) {
    const onnx::AttributeProto &keep = node.attribute(node.attribute_size() - 1);
    CHECK(keep.name() == "keepdims");
    CHECK(keep.i() == 1);
  }
  CHECK(proto.node(0).attribute(0).ints(0) == 2);
  CHECK(proto.node(1).input_size() == 2);
}

TEST_CASE("the batch is a symbol, a scalar has no axes, and the last node makes the output") {
  OnnxGraph graph("g");
  graph.input("x", kFloat, {-1, 3});
  graph.input("s", kFloat, {});
  graph.add("Mul", {"x", "s"});
  graph.output("y", kFloat, {-1, 3});
  onnx::GraphProto proto = graph.take();
  CHECK(proto.input(0).type().tensor_type().shape().dim(0).dim_param() == "batch");
  CHECK(proto.input(0).type().tensor_type().shape().dim(1).dim_value() == 3);
  CHECK(proto.input(1).type().tensor_type().has_shape());
  CHECK(proto.input(1).type().tensor_type().shape().dim_size() == 0);
  CHECK(proto.node(0).output(0) == "y");
}
