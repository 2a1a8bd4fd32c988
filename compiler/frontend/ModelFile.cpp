//===- ModelFile.cpp - Reading model files --------------------------------===//
//
// Each table of the file is read by its own part; this file runs them in order, reads [model] itself, and sorts
// what they reported.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/ModelFile.h"

#include "compiler/frontend/KernelSpec.h"
#include "compiler/frontend/Kernels.h"
#include "compiler/frontend/Network.h"
#include "compiler/frontend/Observation.h"
#include "compiler/frontend/TomlFile.h"
#include "compiler/frontend/Tree.h"
#include "compiler/frontend/Unicode.h"

#include <algorithm>
#include <filesystem>
#include <tuple>

namespace espalier {

namespace {

constexpr std::string_view fileKeys[] = {"model", "tree", "root", "kernel", "level", "observation", "network"};
constexpr std::string_view modelKeys[] = {"name", "description"};
constexpr InnerKeys tableKeys[] = {{"model", modelKeys},   {"tree", treeKeys},       {"root", rootKeys},
                                   {"kernel", kernelKeys}, {"network", networkKeys}, {"observation", observationKeys}};

bool hasControl(std::string_view text) {
  while (!text.empty()) {
    CodePoint point = decode(text);
    if (!point.valid || isControl(point.value))
      return true;
    text.remove_prefix(point.bytes.size());
  }
  return false;
}

/// Names become names of files and symbols.
void checkName(Reader &reader, const std::string &name, Place place) {
  if (name.empty())
    reader.error(place, "name expects some text, got an empty string");
  else if (name.find('/') != std::string::npos || hasControl(name))
    reader.error(place, "name expects text without '/' and control characters, got " + quote(name));
  else if (!canNameFile(name))
    reader.error(place,
                 "name expects text that does not begin with '-' and is neither '.' nor '..', got " + quote(name));
}

void readModelTable(Reader &reader, const toml::table &file, Model &model) {
  const toml::node *node = file.get("model");
  const toml::table *table = node ? reader.table(*node, "model") : nullptr;
  if (table)
    reader.checkKeys(*table, "[model]", modelKeys);
  const toml::node *name = table ? table->get("name") : nullptr;
  if (!name)
    model.name = std::filesystem::path(reader.path()).stem().string();
  else if (auto text = reader.string(*name, "name"))
    model.name = *text;
  else
    model.name = "unnamed"; // reported already
  checkName(reader, model.name, name ? placeOf(*name) : Place{1, 1});
  if (const toml::node *description = table ? table->get("description") : nullptr)
    model.description = reader.string(*description, "description").value_or("");
}

/// The place of `file[table][key]`, or of the table, or none.
Place findPlace(const toml::table &file, std::string_view table, std::string_view key) {
  const toml::node *node = file.get(table);
  if (!node || !node->is_table())
    return {};
  const toml::node *value = node->as_table()->get(key);
  return placeOf(value ? *value : *node);
}

ModelLocations locate(const Reader &reader, const toml::table &file, const TreeInfo &tree,
                      const std::vector<Place> &kernels) {
  ModelLocations locations;
  locations.tree = reader.locate(findPlace(file, "tree", ""));
  locations.prior = reader.locate(findPlace(file, "root", "prior"));
  locations.observation = reader.locate(findPlace(file, "observation", "values"));
  for (Place place : tree.levels)
    locations.levels.push_back(reader.locate(place));
  for (Place place : kernels)
    locations.kernels.push_back(reader.locate(place));
  locations.files = reader.otherFiles;
  return locations;
}

bool comesBefore(const Diagnostic &a, const Diagnostic &b) {
  return std::tie(a.location.line, a.location.column) < std::tie(b.location.line, b.location.column);
}

std::optional<Model> readModel(const SourceFile &source, std::vector<Diagnostic> &found, ModelLocations *locations) {
  Reader reader(source, found);
  std::optional<toml::table> file = parseToml(source, reader);
  if (!file)
    return std::nullopt;
  if (file->empty()) {
    reader.error({1, 1}, "model file is empty, expects the tables [tree] and [kernel]");
    return std::nullopt;
  }
  Model model;
  reader.checkKeys(*file, "the model file", fileKeys, tableKeys);
  readModelTable(reader, *file, model);
  TreeInfo tree = readTree(reader, *file, model);
  readRoot(reader, *file, tree, model);
  std::vector<Place> kernels = readKernels(reader, *file, tree, model);
  readObservation(reader, *file, tree, model);
  readNetwork(reader, *file, model);
  reader.finish();
  if (!found.empty())
    return std::nullopt;
  if (locations)
    *locations = locate(reader, *file, tree, kernels);
  return model;
}

std::optional<Model> readSorted(const std::optional<SourceFile> &source, std::vector<Diagnostic> &diagnostics,
                                ModelLocations *locations) {
  if (!source)
    return std::nullopt;
  std::vector<Diagnostic> found;
  std::optional<Model> model = readModel(*source, found, locations);
  std::stable_sort(found.begin(), found.end(), comesBefore);
  diagnostics.insert(diagnostics.end(), found.begin(), found.end());
  return model;
}

} // namespace

bool canNameFile(std::string_view name) {
  bool isDirectory = name == "." || name == "..";
  return !name.empty() && name.front() != '-' && !isDirectory && name.find('/') == name.npos && !hasControl(name);
}

std::optional<Model> parseModelFile(const std::string &path, std::vector<Diagnostic> &diagnostics,
                                    ModelLocations *locations) {
  return readSorted(SourceFile::read(path, diagnostics), diagnostics, locations);
}

std::optional<Model> parseModelText(std::string text, const std::string &path, std::vector<Diagnostic> &diagnostics,
                                    ModelLocations *locations) {
  return readSorted(SourceFile::fromText(std::move(text), path, diagnostics), diagnostics, locations);
}

} // namespace espalier
