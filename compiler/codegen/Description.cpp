//===- Description.cpp - What a compiled model says of itself -------------===//

#include "compiler/codegen/Description.h"

#include "compiler/analysis/Partition.h"

#include "llvm/Support/JSON.h"

#include <algorithm>
#include <cmath>

using llvm::json::Array;
using llvm::json::Object;

namespace espalier {

static int64_t append(std::vector<double> &tables, llvm::ArrayRef<double> values) {
  int64_t offset = tables.size();
  tables.insert(tables.end(), values.begin(), values.end());
  return offset;
}

static Object describeTables(const Model &model, std::vector<double> &tables) {
  Partition partition = computePartition(model);
  Array conditionals;
  Object result{{"values", append(tables, model.values)}, {"prior", append(tables, partition.root)}};
  for (const Partition::Conditional &conditional : partition.conditionals)
    conditionals.push_back(Object{{"offset", append(tables, conditional.table)}, {"count", conditional.count}});
  result["conditionals"] = std::move(conditionals);
  return result;
}

/// Samples of one call of the kernels for many that say nothing else.
static int64_t tileOf(const VariantInfo &variant) {
  for (const KernelInfo &kernel : variant.kernels)
    if (kernel.positions == 0)
      return kernel.tile;
  return variant.kernels.front().tile;
}

static Object describeVariant(const VariantInfo &variant) {
  Array kernels, features;
  for (const KernelInfo &kernel : variant.kernels) {
    Object entry{{"program", kernel.program},
                 {"pass", kernel.pass},
                 {"evidence", kernel.evidence},
                 {"workspace", kernel.workspace}};
    if (kernel.positions == 0 && kernel.tile != tileOf(variant))
      entry["tile"] = kernel.tile;
    if (kernel.symbolBytes > 0)
      entry["symbol_bytes"] = kernel.symbolBytes;
    if (kernel.symbolBytes == 0 && kernel.takesDoubles != kernel.isDouble)
      entry["evidence_dtype"] = kernel.takesDoubles ? "f64" : "f32";
    if (kernel.positions > 0)
      entry["positions"] = Object{{"level", kernel.positions},
                                  {"tile", kernel.tile},
                                  {"lanes", kernel.lanes},
                                  {"most_batch", kernel.mostBatch}};
    kernels.push_back(std::move(entry));
  }
  for (const std::string &feature : variant.target.features)
    features.push_back(feature);
  return Object{{"cpu", variant.target.cpu},
                {"features", std::move(features)},
                {"tile", tileOf(variant)},
                {"kernels", std::move(kernels)}};
}

static Object describeNetwork(const NetworkSpec &network) {
  auto interval = [](const Interval &of) { return Array{of.low, of.high}; };
  if (network.activation == Activation::Exact)
    return Object{{"activation", "exact"}};
  return Object{{"activation", "relu"},
                {"tolerance", network.tolerance},
                {"z", interval(network.z)},
                {"sigma", interval(network.sigma)},
                {"lambda", interval(network.lambda)}};
}

/// Whether an edge to a leaf may leave it no state but one that its observation speaks against by any amount: where
/// kernels have zeros, or ratios beyond what a likelihood that was rounded to 0 is small beside.
static bool hasHardLeaves(const Model &model) {
  auto [least, most] = std::minmax_element(model.levels.back().kernel.begin(), model.levels.back().kernel.end());
  return *least == 0 || std::log(*most) - std::log(*least) > 300;
}

Description describeModel(const Model &model, llvm::ArrayRef<VariantInfo> variants) {
  Description description;
  Array branching, states, entries;
  int64_t parameters = model.prior.size();
  states.push_back(model.rootStates);
  for (const Level &level : model.levels) {
    branching.push_back(Array(level.patch));
    states.push_back(level.states);
    parameters += level.kernel.size();
  }
  for (const VariantInfo &variant : variants)
    entries.push_back(describeVariant(variant));
  Object json{{"name", model.name},
              {"description", model.description},
              {"dtype", variants.front().kernels.front().isDouble ? "f64" : "f32"},
              {"branching", std::move(branching)},
              {"states", std::move(states)},
              {"channel", model.channel == Channel::Gaussian ? "gaussian" : "symbol"},
              {"network", describeNetwork(model.network)},
              {"hard_leaves", hasHardLeaves(model)},
              {"value_size", model.valueSize},
              {"vector_values", model.valuesAreVectors},
              {"parameters", parameters},
              {"tables", describeTables(model, description.tables)},
              {"variants", std::move(entries)}};
  llvm::raw_string_ostream(description.json) << llvm::json::Value(std::move(json));
  return description;
}

} // namespace espalier
