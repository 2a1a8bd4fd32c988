//===- Observation.cpp - The [root] and [observation] tables --------------===//
//
// Lists whose length depends on the tree are only looked at where the tree could be read.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Observation.h"

#include "compiler/frontend/Tensor.h"
#include "compiler/frontend/Unicode.h"

namespace espalier {

namespace {

constexpr std::string_view rootKeys[] = {"prior"};
constexpr std::string_view observationKeys[] = {"channel", "values"};
constexpr std::string_view channelNames[] = {"symbol", "gaussian"}; // in the order of Channel

/// The value of `key` in the table `name` of the file; null where there is none or after an error.
const toml::table *findTable(Reader &reader, const toml::table &file, const std::string &name,
                             std::span<const std::string_view> keys) {
  const toml::node *node = file.get(name);
  const toml::table *table = node ? reader.table(*node, name) : nullptr;
  if (table)
    reader.checkKeys(*table, "[" + name + "]", keys);
  return table;
}

Axis statesAxis(Reader &reader, const Model &model, const TreeInfo &tree, std::string name, int64_t l) {
  return {std::move(name), model.states(l),
          [&reader, &model, &tree, l](Diagnostic &error) { noteStates(reader, error, model, tree, l); }};
}

void readPrior(Reader &reader, const toml::node &node, const TreeInfo &tree, Model &model) {
  if (auto word = node.value_exact<std::string>()) {
    if (*word != "uniform")
      reader.error(placeOf(node), "prior expects \"uniform\", a list of weights or { npy = ... }, got " + quote(*word));
    return;
  }
  if (!node.is_array() && !node.is_table()) {
    reader.error(placeOf(node),
                 "prior expects \"uniform\", a list of weights or { npy = ... }, got " + describeType(node));
    return;
  }
  if (!tree.complete)
    return;
  TensorSpec spec;
  spec.what = "prior";
  spec.axes = {statesAxis(reader, model, tree, "root states", 0)};
  if (auto tensor = readNestedOrNpy(reader, node, spec))
    model.prior = std::move(tensor->entries);
}

void readValues(Reader &reader, const toml::node &node, const TreeInfo &tree, Model &model) {
  if (!node.is_array() && !node.is_table()) {
    reader.error(placeOf(node),
                 "values expects a list of numbers, a list of rows or { npy = ... }, got " + describeType(node));
    return;
  }
  if (!tree.complete)
    return;
  TensorSpec spec;
  spec.what = "values";
  spec.weights = false;
  spec.axes = {statesAxis(reader, model, tree, "leaf states", model.depth()), {"components", -1, nullptr}};
  spec.lastAxisOptional = true;
  auto tensor = readNestedOrNpy(reader, node, spec);
  if (!tensor)
    return;
  model.valuesAreVectors = tensor->shape.size() == 2;
  model.valueSize = model.valuesAreVectors ? tensor->shape.back() : 1;
  model.values = std::move(tensor->entries);
}

std::vector<double> evenlySpaced(int64_t count) {
  std::vector<double> values(static_cast<size_t>(count), 0);
  for (int64_t a = 0; count > 1 && a < count; ++a)
    values[a] = static_cast<double>(2 * a - (count - 1)) / static_cast<double>(count - 1);
  return values;
}

} // namespace

void readRoot(Reader &reader, const toml::table &file, const TreeInfo &tree, Model &model) {
  model.prior.assign(static_cast<size_t>(model.rootStates), 1);
  const toml::table *table = findTable(reader, file, "root", rootKeys);
  if (const toml::node *prior = table ? table->get("prior") : nullptr)
    readPrior(reader, *prior, tree, model);
}

void readObservation(Reader &reader, const toml::table &file, const TreeInfo &tree, Model &model) {
  if (tree.complete)
    model.values = evenlySpaced(model.leafStates());
  const toml::table *table = findTable(reader, file, "observation", observationKeys);
  if (!table)
    return;
  if (const toml::node *channel = table->get("channel"))
    if (auto choice = reader.choice(*channel, "channel", channelNames))
      model.channel = static_cast<Channel>(*choice);
  if (const toml::node *values = table->get("values"))
    readValues(reader, *values, tree, model);
}

} // namespace espalier
