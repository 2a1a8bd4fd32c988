//===- InfoCommand.cpp - MODEL_EXE info -----------------------------*- C++ -*-===//
//
// What a compiled model is, for people and, with --json, for programs.
//
//===----------------------------------------------------------------------===//

#include "runtime/Cpu.h"
#include "runtime/cli/Arguments.h"
#include "runtime/cli/Options.h"

#include <iostream>
#include <memory>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

using namespace espalier::runtime;
using Json = nlohmann::ordered_json;

namespace {

Json describeKernels(const Variant &variant) {
  Json kernels = Json::array();
  for (const Kernel &kernel : variant.kernels) {
    Json entry = {{"program", name(kernel.program)},
                  {"pass", name(kernel.pass)},
                  {"evidence", name(kernel.evidence)},
                  {"workspace", kernel.workspace}};
    if (kernel.positions.level > 0)
      entry["positions"] = {{"level", kernel.positions.level}, {"most_batch", kernel.positions.mostBatch}};
    else
      entry["tile"] = kernel.tile;
    kernels.push_back(entry);
  }
  return kernels;
}

Json describe(const Model &model) {
  Json variants = Json::array();
  for (const Variant &variant : model.variants)
    variants.push_back({{"cpu", variant.cpu},
                        {"features", variant.features},
                        {"missing", missingFeatures(variant.features)},
                        {"tile", variant.tile},
                        {"kernels", describeKernels(variant)}});
  return {{"name", model.name},
          {"description", model.description},
          {"branching", model.branching},
          {"states", model.states},
          {"leaves", model.leaves()},
          {"shape", model.shape(model.depth())},
          {"channel", name(model.channel)},
          {"value_size", model.valueSize},
          {"vector_values", model.vectorValues},
          {"dtype", model.dtype == ElementType::F32 ? "f32" : "f64"},
          {"tile", model.tile},
          {"cpu", model.cpu},
          {"features", model.features},
          {"parameters", model.parameters},
          {"kernels", describeKernels(model)},
          {"variants", variants}};
}

template <typename Items> std::string join(const Items &items) {
  std::ostringstream text;
  for (const auto &item : items)
    text << (text.tellp() == 0 ? "" : ", ") << item;
  return text.str();
}

void print(const Model &model) {
  std::vector<std::string> branching, states, kernels, variants;
  std::set<int64_t> tiles;
  for (const std::vector<int64_t> &patch : model.branching)
    branching.push_back(shapeText(patch));
  for (int64_t count : model.states)
    states.push_back(std::to_string(count));
  for (const Kernel &kernel : model.kernels) {
    if (kernel.positions.level == 0)
      tiles.insert(kernel.tile);
    kernels.push_back(std::string(name(kernel.program)) + " " + name(kernel.pass) + " " + name(kernel.evidence) +
                      (kernel.positions.level > 0 ? " by position" : ""));
  }
  for (const Variant &variant : model.variants)
    variants.push_back(variant.cpu + (missingFeatures(variant.features).empty() ? "" : " (not for this machine)"));
  std::cout << "name         " << model.name << "\n"
            << "description  " << model.description << "\n"
            << "branching    " << join(branching) << "\n"
            << "states       " << join(states) << "\n"
            << "leaves       " << shapeText(model.shape(model.depth())) << "\n"
            << "channel      " << name(model.channel) << "\n"
            << "dtype        " << (model.dtype == ElementType::F32 ? "f32" : "f64") << "\n"
            << "tile         " << join(tiles) << " samples\n"
            << "cpu          " << model.cpu << "\n"
            << "variants     " << join(variants) << "\n"
            << "parameters   " << model.parameters << "\n"
            << "kernels      " << join(kernels) << "\n";
}

} // namespace

void espalier::runtime::addInfoCommand(CLI::App &app, Session &session) {
  CLI::App *command = app.add_subcommand("info", "What this model is and what it was compiled for");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print JSON");
  addExamples(*command,
              [&app] { return std::vector<std::string>{app.get_name() + " info", app.get_name() + " info --json"}; });
  command->callback([&session, json] {
    if (*json)
      std::cout << describe(session.model()).dump(2) << "\n";
    else
      print(session.model());
  });
}
