//===- Invariants.cpp - What every parsed model satisfies -----------------===//
//
// Plain checks, independent of how the reader makes sure of them.
//
//===----------------------------------------------------------------------===//

#include "tests/unit/frontend/Invariants.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>

namespace espalier::test {

namespace {

bool areWeights(const double *row, int64_t size) {
  double sum = std::accumulate(row, row + size, 0.0);
  return std::all_of(row, row + size, [](double x) { return x >= 0; }) && std::isfinite(sum) && sum > 0;
}

std::string findBrokenLevel(const Model &model, int64_t l) {
  const Level &level = model.levels[l - 1];
  std::string name = "level " + std::to_string(l);
  if (level.patch.size() != model.levels[0].patch.size())
    return name + " mixes images and sequences";
  if (*std::min_element(level.patch.begin(), level.patch.end()) < 1 || level.states < 1)
    return name + " is empty";
  int64_t rows = model.kernelCount(l) * model.states(l - 1);
  if (static_cast<int64_t>(level.kernel.size()) != rows * level.states)
    return name + " has a kernel of another size";
  for (int64_t row = 0; row < rows; ++row)
    if (!areWeights(&level.kernel[row * level.states], level.states))
      return name + " has a row that is no row of weights";
  return "";
}

} // namespace

std::string findBrokenInvariant(const Model &model) {
  if (model.name.empty() || model.levels.empty() || model.rootStates < 1)
    return "name, levels or root states are missing";
  if (static_cast<int64_t>(model.prior.size()) != model.rootStates || !areWeights(model.prior.data(), model.rootStates))
    return "the prior is no row of weights";
  for (int64_t l = 1; l <= model.depth(); ++l)
    if (std::string broken = findBrokenLevel(model, l); !broken.empty())
      return broken;
  if (model.valueSize < 1 || (!model.valuesAreVectors && model.valueSize != 1) ||
      static_cast<int64_t>(model.values.size()) != model.leafStates() * model.valueSize)
    return "values have another size";
  bool finite = std::all_of(model.values.begin(), model.values.end(), [](double x) { return std::isfinite(x); });
  return finite ? "" : "values are not finite";
}

Model parseGood(const std::string &text, const std::string &path) {
  std::vector<Diagnostic> diagnostics;
  std::optional<Model> model = parseModelText(text, path, diagnostics);
  INFO(toString(diagnostics));
  REQUIRE(model);
  REQUIRE(diagnostics.empty());
  REQUIRE(findBrokenInvariant(*model) == "");
  return *model;
}

std::string parseBad(const std::string &text, const std::string &path) {
  std::vector<Diagnostic> diagnostics;
  REQUIRE_FALSE(parseModelText(text, path, diagnostics));
  REQUIRE_FALSE(diagnostics.empty());
  return toString(diagnostics);
}

std::vector<std::string> listModels(const std::string &folder) {
  std::vector<std::string> paths;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".toml")
      paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  INFO(path);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

} // namespace espalier::test
