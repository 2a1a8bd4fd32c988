//===- OnnxGraph.cpp - An ONNX graph under construction -------------------===//

#include "compiler/export/OnnxGraph.h"

#include <bit>

namespace espalier {

static_assert(std::endian::native == std::endian::little, "the raw data of ONNX tensors is little-endian");

/// Constants up to this size are shared where they are equal: shapes, axes, floors.
static constexpr size_t kSharedBytes = 64;

template <typename To, typename From> static std::string bytesOf(llvm::ArrayRef<From> values) {
  std::string bytes(values.size() * sizeof(To), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    To value = static_cast<To>(values[i]);
    std::copy_n(reinterpret_cast<const char *>(&value), sizeof(To), bytes.begin() + i * sizeof(To));
  }
  return bytes;
}

static onnx::AttributeProto toProto(const OnnxGraph::Attribute &attribute) {
  onnx::AttributeProto proto;
  proto.set_name(attribute.name);
  if (auto *value = std::get_if<int64_t>(&attribute.value)) {
    proto.set_type(onnx::AttributeProto::INT);
    proto.set_i(*value);
    return proto;
  }
  proto.set_type(onnx::AttributeProto::INTS);
  for (int64_t value : std::get<std::vector<int64_t>>(attribute.value))
    proto.add_ints(value);
  return proto;
}

static void declare(onnx::ValueInfoProto &info, const std::string &name, OnnxGraph::Type type,
                    llvm::ArrayRef<int64_t> shape) {
  info.set_name(name);
  onnx::TypeProto::Tensor *tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape();
  for (int64_t extent : shape) {
    if (extent < 0)
      tensor->mutable_shape()->add_dim()->set_dim_param("batch");
    else
      tensor->mutable_shape()->add_dim()->set_dim_value(extent);
  }
}

OnnxGraph::OnnxGraph(const std::string &name, int64_t mostBytes) : mostBytes(mostBytes) { graph.set_name(name); }

void OnnxGraph::enter(llvm::StringRef name) {
  scope = name.str();
  scope = unique("");
}

std::string OnnxGraph::unique(llvm::StringRef what) {
  std::string name = what.empty() ? scope : scope + "/" + what.str();
  int count = used[name]++;
  return count ? name + "_" + std::to_string(count) : name;
}

std::string OnnxGraph::add(llvm::StringRef operation, llvm::ArrayRef<std::string> inputs,
                           llvm::ArrayRef<Attribute> attributes) {
  std::string name = unique(operation);
  onnx::NodeProto *node = graph.add_node();
  node->set_name(name);
  node->set_op_type(operation.str());
  for (const std::string &input : inputs)
    node->add_input(input);
  node->add_output(name);
  for (const Attribute &attribute : attributes)
    *node->add_attribute() = toProto(attribute);
  return name;
}

std::string OnnxGraph::constant(Type type, llvm::ArrayRef<int64_t> shape, std::string entries) {
  std::string key;
  if (entries.size() <= kSharedBytes) {
    key = bytesOf<int64_t>(llvm::ArrayRef<int64_t>{type, static_cast<int64_t>(shape.size())}) +
          bytesOf<int64_t>(shape) + entries;
    if (auto found = shared.find(key); found != shared.end())
      return found->second;
  }
  std::string name = unique("constant");
  bytes += static_cast<int64_t>(entries.size());
  if (fits()) {
    onnx::TensorProto *tensor = graph.add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(type);
    for (int64_t extent : shape)
      tensor->add_dims(extent);
    tensor->set_raw_data(std::move(entries));
  }
  if (!key.empty())
    shared[key] = name;
  return name;
}

std::string OnnxGraph::reals(Type type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values) {
  return constant(type, shape, type == onnx::TensorProto::DOUBLE ? bytesOf<double>(values) : bytesOf<float>(values));
}

std::string OnnxGraph::integers(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values) {
  return constant(onnx::TensorProto::INT64, shape, bytesOf<int64_t>(values));
}

std::string OnnxGraph::reshape(const std::string &x, llvm::ArrayRef<int64_t> shape) {
  return add("Reshape", {x, integers({static_cast<int64_t>(shape.size())}, shape)});
}

std::string OnnxGraph::transpose(const std::string &x, llvm::ArrayRef<int64_t> permutation) {
  return add("Transpose", {x}, {{"perm", permutation.vec()}});
}

std::string OnnxGraph::cast(const std::string &x, Type type) {
  return add("Cast", {x}, {{"to", static_cast<int64_t>(type)}});
}

std::string OnnxGraph::reduce(llvm::StringRef operation, const std::string &x, int64_t axis) {
  Attribute keep = {"keepdims", int64_t{1}};
  // At opset 17 the axes are an input of ReduceSum and still an attribute of the others.
  if (operation == "ReduceSum")
    return add(operation, {x, integers({1}, axis)}, keep);
  return add(operation, {x}, {{"axes", std::vector<int64_t>{axis}}, keep});
}

void OnnxGraph::input(const std::string &name, Type type, llvm::ArrayRef<int64_t> shape) {
  declare(*graph.add_input(), name, type, shape);
}

void OnnxGraph::output(const std::string &name, Type type, llvm::ArrayRef<int64_t> shape) {
  graph.mutable_node(graph.node_size() - 1)->set_output(0, name);
  declare(*graph.add_output(), name, type, shape);
}

} // namespace espalier
