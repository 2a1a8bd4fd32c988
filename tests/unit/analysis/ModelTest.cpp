//===- ModelTest.cpp - The tree's shape and the indexing of its kernels ---===//
//
// Nodes, shapes and kernels of small models, counted by hand.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Model.h"

#include <catch2/catch.hpp>
#include <numeric>

using namespace espalier;

namespace {

/// A level whose kernel holds 0, 1, 2, ... so that an entry tells where it stands.
Level counted(std::vector<int64_t> patch, int64_t states, Sharing sharing, int64_t entries) {
  Level level{std::move(patch), states, sharing, std::vector<double>(entries)};
  std::iota(level.kernel.begin(), level.kernel.end(), 0.0);
  return level;
}

Model sequence() {
  Model model;
  model.rootStates = 2;
  model.prior = {1, 1};
  model.levels = {counted({3}, 4, Sharing::Rank, 3 * 2 * 4), counted({2}, 1, Sharing::None, 6 * 4 * 1),
                  counted({1}, 5, Sharing::Level, 1 * 1 * 5)};
  return model;
}

Model image() {
  Model model;
  model.rootStates = 1;
  model.prior = {1};
  model.levels = {counted({2, 3}, 1, Sharing::Rank, 6), counted({1, 2}, 1, Sharing::None, 12)};
  return model;
}

} // namespace

TEST_CASE("levels of a sequence") {
  const Model model = sequence();
  REQUIRE(model.depth() == 3);
  REQUIRE_FALSE(model.isImage());
  const int64_t states[] = {2, 4, 1, 5}, nodes[] = {1, 3, 6, 6};
  for (int64_t l = 0; l <= 3; ++l) {
    REQUIRE(model.states(l) == states[l]);
    REQUIRE(model.nodes(l) == nodes[l]);
    REQUIRE(model.shape(l) == std::vector<int64_t>{nodes[l]});
  }
  REQUIRE(model.leaves() == 6);
  REQUIRE(model.leafStates() == 5);
}

TEST_CASE("levels of an image") {
  const Model model = image();
  REQUIRE(model.isImage());
  REQUIRE(model.ranks(1) == 6);
  REQUIRE(model.ranks(2) == 2);
  REQUIRE(model.nodes(2) == 12);
  REQUIRE(model.shape(0) == std::vector<int64_t>{1, 1});
  REQUIRE(model.shape(1) == std::vector<int64_t>{2, 3});
  REQUIRE(model.shape(2) == std::vector<int64_t>{2, 6});
}

TEST_CASE("a level stores as many matrices as its sharing says") {
  const Model model = sequence();
  REQUIRE(model.kernelCount(1) == 3);
  REQUIRE(model.kernelCount(2) == 6);
  REQUIRE(model.kernelCount(3) == 1);
}

TEST_CASE("kernels by rank follow the rank, not the node") {
  Model model = sequence();
  model.levels[1] = counted({2}, 1, Sharing::Rank, 2 * 4 * 1);
  const double firstEntry[] = {0, 4, 0, 4, 0, 4};
  for (int64_t node = 0; node < 6; ++node)
    REQUIRE(*model.kernel(2, node) == firstEntry[node]);
}

TEST_CASE("kernels by edge follow the node") {
  const Model model = sequence();
  for (int64_t node = 0; node < 6; ++node)
    REQUIRE(*model.kernel(2, node) == 4.0 * static_cast<double>(node));
}

TEST_CASE("the kernel of a level is that of each of its edges") {
  const Model model = sequence();
  for (int64_t node = 0; node < 6; ++node)
    REQUIRE(model.kernel(3, node) == model.levels[2].kernel.data());
}

TEST_CASE("a tree of 2^40 leaves is counted, not built") {
  Model model;
  model.rootStates = 1;
  model.prior = {1};
  model.levels.assign(40, counted({2}, 1, Sharing::Level, 1));
  REQUIRE(model.leaves() == int64_t(1) << 40);
  REQUIRE(model.shape(40) == std::vector<int64_t>{int64_t(1) << 40});
}
