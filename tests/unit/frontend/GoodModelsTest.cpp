//===- GoodModelsTest.cpp - The facts of the shipped models ---------------===//
//
// What the files under models/ say, held against what was parsed.
//
//===----------------------------------------------------------------------===//

#include "tests/unit/frontend/Invariants.h"

#include <catch2/catch.hpp>

#include <cmath>

using namespace espalier;
using namespace espalier::test;

namespace {

Model parseShipped(const std::string &name) {
  std::vector<Diagnostic> diagnostics;
  std::optional<Model> model = parseModelFile("models/" + name + ".toml", diagnostics);
  INFO(toString(diagnostics));
  REQUIRE(model);
  CHECK(model->name == name);
  return *model;
}

std::vector<int64_t> states(const Model &model) {
  std::vector<int64_t> result;
  for (int64_t l = 0; l <= model.depth(); ++l)
    result.push_back(model.states(l));
  return result;
}

using Sizes = std::vector<int64_t>;

} // namespace

TEST_CASE("every shipped model parses without a diagnostic and keeps the invariants") {
  std::vector<std::string> paths = listModels("models");
  REQUIRE(paths.size() >= 10);
  for (const std::string &path : paths) {
    INFO(path);
    std::vector<Diagnostic> diagnostics;
    std::optional<Model> model = parseModelFile(path, diagnostics);
    CHECK(toString(diagnostics) == "");
    REQUIRE(model);
    CHECK(findBrokenInvariant(*model) == "");
    CHECK_FALSE(model->description.empty());
  }
}

TEST_CASE("chain: ten binary levels of a noisy bit") {
  Model model = parseShipped("chain");
  CHECK(model.depth() == 10);
  CHECK(model.leaves() == 1024);
  CHECK_FALSE(model.isImage());
  for (double entry : {model.kernel(10, 1023)[0], model.kernel(1, 0)[3]})
    CHECK(entry == Approx(0.9));
  CHECK(model.kernel(3, 2)[1] == Approx(0.1));
  CHECK(model.prior[0] == model.prior[1]);
  CHECK(model.values == std::vector<double>{-1, 1});
}

TEST_CASE("quadtree: 8x8 images under the gaussian channel") {
  Model model = parseShipped("quadtree");
  CHECK(model.isImage());
  CHECK(model.shape(3) == Sizes{8, 8});
  CHECK(states(model) == Sizes{10, 8, 8, 16});
  CHECK(model.channel == Channel::Gaussian);
  CHECK(model.levels[0].sharing == Sharing::Rank);
  CHECK(model.levels[0].kernel.size() == 4 * 10 * 8);
  CHECK(model.levels[1].sharing == Sharing::Level);
  CHECK(model.levels[1].kernel[0] == Approx(0.8 + 0.2 / 8));
  CHECK(model.levels[2].kernel[16] == 1);
  CHECK(model.levels[2].kernel[17] == 2);
  CHECK(model.values.size() == 16);
  CHECK(model.values[1] - model.values[0] == Approx(2.0 / 15));
}

TEST_CASE("language and speed: sequences of symbols with random kernels per rank") {
  Model language = parseShipped("language");
  CHECK(states(language) == Sizes{6, 12, 16, 24, 48});
  CHECK(language.shape(4) == Sizes{16});
  CHECK(language.prior == std::vector<double>{6, 3, 2, 1.5, 1.2, 1});
  CHECK(language.kernel(1, 0)[0] != language.kernel(1, 1)[0]);
  Model speed = parseShipped("speed");
  CHECK(speed.depth() == 10);
  CHECK(speed.leafStates() == 16);
  CHECK(speed.channel == Channel::Symbol);
}

TEST_CASE("grammar and rules: zeros are kept as zeros") {
  Model grammar = parseShipped("grammar");
  CHECK(grammar.leaves() == 4);
  CHECK(grammar.ranks(3) == 1);
  CHECK(grammar.kernel(1, 0)[1] == 0);
  CHECK(grammar.kernel(1, 0)[2] == 0);
  CHECK(grammar.kernel(1, 1)[1] == 1);
  Model rules = parseShipped("rules");
  CHECK(rules.channel == Channel::Gaussian);
  CHECK(rules.prior == std::vector<double>{1, 0, 2});
  CHECK(rules.values == std::vector<double>{-1, 0.25, 1});
  CHECK(rules.kernel(1, 2)[1] == 0);
  CHECK(rules.kernel(3, 0)[0] == 0);
  CHECK(rules.kernel(3, 0)[1] == Approx(0.5));
}

TEST_CASE("deep and huge: many leaves, few kernels") {
  Model deep = parseShipped("deep");
  CHECK(deep.leaves() == 65536);
  CHECK(deep.levels[14].sharing == Sharing::Rank);
  CHECK(deep.levels[15].sharing == Sharing::Level);
  Model huge = parseShipped("huge");
  CHECK(huge.leaves() == 1 << 20);
  CHECK(huge.shape(10) == Sizes{1024, 1024});
  CHECK(huge.levels[9].kernel.size() == 16);
}

TEST_CASE("uneven: different sizes on every level, and values that are points") {
  Model model = parseShipped("uneven");
  CHECK(states(model) == Sizes{1, 5, 2, 17, 3});
  CHECK(model.shape(4) == Sizes{30});
  CHECK(model.levels[2].sharing == Sharing::Level);
  CHECK(model.levels[2].kernel.size() == 2 * 17);
  CHECK(model.levels[3].sharing == Sharing::Rank);
  CHECK(model.valuesAreVectors);
  CHECK(model.valueSize == 2);
  CHECK(model.values == std::vector<double>{-1, 0, 0.5, 0.8, 0.5, -0.8});
}

TEST_CASE("local: one level with a kernel for every edge") {
  Model model = parseShipped("local");
  CHECK(model.levels[1].sharing == Sharing::None);
  CHECK(model.kernelCount(2) == 6);
  CHECK(model.kernel(2, 1)[0] != model.kernel(2, 4)[0]);
  CHECK(model.kernel(3, 1)[0] == model.kernel(3, 5)[0]);
}

TEST_CASE("stored: kernels, prior and values from files of both real types and both orders") {
  Model model = parseShipped("stored");
  CHECK(model.prior == std::vector<double>{1, 2, 3, 4, 5});
  CHECK(model.kernel(1, 0)[0] == 1);
  CHECK(model.kernel(1, 0)[1] == Approx(std::exp(-1.0)));
  CHECK(model.kernel(4, 1)[1] == 1);
  CHECK(model.kernel(4, 1)[0] == Approx(std::exp(-1.0)));
  CHECK(model.valueSize == 2);
  CHECK(model.values[2] == Approx(std::cos(2 * std::acos(-1.0) / 5)));
  CHECK(model.values[3] == Approx(std::sin(2 * std::acos(-1.0) / 5)));
}

TEST_CASE("locations point to what was set") {
  std::vector<Diagnostic> diagnostics;
  ModelLocations locations;
  REQUIRE(parseModelFile("models/quadtree.toml", diagnostics, &locations));
  CHECK(toString(locations.tree) == "models/quadtree.toml:6:1");
  CHECK(toString(locations.prior) == "models/quadtree.toml:11:9");
  REQUIRE(locations.levels.size() == 3);
  CHECK(toString(locations.levels[1]) == "models/quadtree.toml:7:22");
  REQUIRE(locations.kernels.size() == 3);
  CHECK(toString(locations.kernels[0]) == "models/quadtree.toml:15:11");
  CHECK(toString(locations.kernels[1]) == "models/quadtree.toml:19:39");
  CHECK(toString(locations.kernels[2]) == "models/quadtree.toml:24:18");
  CHECK(locations.observation.line == 35);
}
