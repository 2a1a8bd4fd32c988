//===- LayoutTest.cpp - Users' arrays and kernels' tiles ------------*- C++ -*-===//
//
// Rank order against its definition, and the blocked transposition against one value at a time.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"

#include "runtime/Layout.h"
#include "runtime/PositionsLayout.h"

#include <catch2/catch.hpp>

#include <numeric>

using namespace espalier;
using namespace espalier::runtime;

namespace {

Model tree(std::vector<std::vector<int64_t>> branching) {
  Model model;
  model.states.assign(branching.size() + 1, 2);
  model.branching = std::move(branching);
  return model;
}

/// Visits the patches of level l inside the region whose corner is (row, column), in rank order, by recursion: the
/// definition of rank order.
void visit(const Model &model, int64_t k, int64_t l, int64_t row, int64_t column, std::vector<int64_t> &places) {
  if (k == l) {
    places.push_back(row * model.shape(l).back() + column);
    return;
  }
  const std::vector<int64_t> &patch = model.branching[k];
  int64_t height = 1, width = 1; // of one child's region, in nodes of level l
  for (int64_t deeper = k + 1; deeper < l; ++deeper) {
    height *= model.branching[deeper].front();
    width *= model.branching[deeper].back();
  }
  for (int64_t r = 0; r < patch[0]; ++r)
    for (int64_t c = 0; c < patch[1]; ++c)
      visit(model, k + 1, l, row + r * height, column + c * width, places);
}

} // namespace

TEST_CASE("layout: pixels of nested patches, worked by hand", "[layout]") {
  // 2 x 4 leaves: patches of 2 x 2, each split into 1 x 2.
  REQUIRE(placesOfNodes(tests::imageModel().model, 2) == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7});
  // 4 x 2 leaves: patches of 2 x 1, each split into 2 x 2.
  REQUIRE(placesOfNodes(tree({{1, 2}, {2, 2}}), 2) == std::vector<int64_t>{0, 1, 4, 5, 2, 3, 6, 7});
}

TEST_CASE("layout: rank order is the recursive order of patches, on every level", "[layout]") {
  for (const auto &branching : {std::vector<std::vector<int64_t>>{{2, 2}, {2, 2}, {2, 2}},
                                {{3, 1}, {1, 5}, {2, 3}},
                                {{1, 1}, {2, 3}, {3, 2}},
                                {{5, 2}}}) {
    Model model = tree(branching);
    for (int64_t l = 0; l <= model.depth(); ++l) {
      std::vector<int64_t> expected;
      visit(model, 0, l, 0, 0, expected);
      REQUIRE(placesOfNodes(model, l) == expected);
    }
  }
}

TEST_CASE("layout: sequences stay in order", "[layout]") {
  std::vector<int64_t> places = placesOfNodes(tree({{3}, {2}, {5}}), 3);
  std::vector<int64_t> expected(30);
  std::iota(expected.begin(), expected.end(), 0);
  REQUIRE(places == expected);
}

TEMPLATE_TEST_CASE("layout: tiles hold every value at its node's row", "[layout]", int32_t, float, double) {
  for (const auto &branching : {std::vector<std::vector<int64_t>>{{2, 2}, {3, 1}, {1, 5}},
                                {{7}, {3}},
                                {{1}},
                                {{5}, {13}, {17}},
                                {{3, 5}, {5, 3}}})
    for (int64_t width : {1, 2, 3, 5, 17})
      for (int64_t count : {1, 3, 4, 7, 8, 16}) {
        Model model = tree(branching);
        Layout layout(model, model.depth(), width);
        constexpr int64_t tile = 16;
        std::vector<TestType> user(layout.size() * count), back(user.size());
        std::iota(user.begin(), user.end(), TestType(1));
        std::vector<TestType> tiled(layout.size() * tile, TestType(-1));
        layout.toTile(user.data(), count, tiled.data(), tile);
        std::vector<int64_t> places = placesOfNodes(model, model.depth());
        bool exact = true;
        for (int64_t node = 0; node < model.leaves(); ++node)
          for (int64_t k = 0; k < width; ++k)
            for (int64_t t = 0; t < tile; ++t) {
              TestType found = tiled[(node * width + k) * tile + t];
              exact &= found == (t < count ? user[(t * model.leaves() + places[node]) * width + k] : TestType(-1));
            }
        REQUIRE(exact);
        layout.fromTile(tiled.data(), tile, back.data(), count);
        REQUIRE(back == user);
      }
}

TEMPLATE_TEST_CASE("layout: missing symbols come in as the number of states", "[layout]", int32_t, uint8_t) {
  for (const auto &branching :
       {std::vector<std::vector<int64_t>>{{2, 2}, {3, 1}, {1, 5}}, {{4}, {4}, {5}}, {{3}}, {{5}, {13}, {17}}})
    for (int64_t count : {1, 4, 7, 8, 15, 16})
      for (int32_t states : {1, 5, 127}) {
        Layout layout(tree(branching), static_cast<int64_t>(branching.size()), 1);
        constexpr int64_t tile = 16;
        std::vector<int32_t> user(layout.size() * count);
        std::vector<TestType> tiled(layout.size() * tile, static_cast<TestType>(states));
        for (size_t i = 0; i < user.size(); ++i)
          user[i] = static_cast<int32_t>(i * 7 % (states + 1)) - 1;
        layout.symbolsToTile(user.data(), count, tiled.data(), tile, states);
        std::vector<TestType> expected(tiled.size(), static_cast<TestType>(states));
        for (int64_t i = 0; i < layout.size(); ++i)
          for (int64_t t = 0; t < count; ++t)
            if (int32_t symbol = user[t * layout.size() + i]; symbol >= 0)
              expected[layout.row(i) * tile + t] = static_cast<TestType>(symbol);
        REQUIRE(tiled == expected);
      }
}

TEMPLATE_TEST_CASE("layout: with nodes in the lanes missing symbols are the number of states", "[layout]", int32_t,
                   uint8_t) {
  Model model = tree({{2}, {3}});
  PositionsLayout layout(model, {1, 4, 4, 1}, 2, 1);
  const std::vector<int32_t> user = {0, -1, 2, 3, 4, -1};
  std::vector<TestType> tile(layout.tileSize(), TestType(5));
  layout.symbolsToTile(user.data(), tile.data(), 5);
  REQUIRE(tile == std::vector<TestType>{0, 3, 5, 5, 5, 4, 5, 5, 2, 5, 5, 5});
}

TEMPLATE_TEST_CASE("layout: with nodes in the lanes a column holds a subtree", "[layout]", float, double) {
  for (const auto &branching : {std::vector<std::vector<int64_t>>{{2, 2}, {3, 1}, {1, 5}}, {{3}, {5}, {2}}})
    for (int64_t level = 1; level < 3; ++level)
      for (int64_t l = 0; l <= 3; ++l)
        for (int64_t width : {1, 3}) {
          Model model = tree(branching);
          Positions positions{level, model.nodes(level) + 3, 4, 1};
          PositionsLayout layout(model, positions, l, width);
          std::vector<int64_t> places = placesOfNodes(model, l);
          std::vector<TestType> user(model.nodes(l) * width), back(user.size());
          std::iota(user.begin(), user.end(), TestType(1));
          std::vector<TestType> tile(layout.tileSize(), TestType(-1));
          layout.toTile(user.data(), tile.data());
          int64_t subtrees = l >= level ? model.nodes(level) : 1, columns = l >= level ? positions.tile : 4;
          int64_t nodes = model.nodes(l) / subtrees;
          REQUIRE(layout.tileSize() == nodes * width * columns);
          bool exact = true;
          for (int64_t node = 0; node < nodes; ++node)
            for (int64_t k = 0; k < width; ++k)
              for (int64_t p = 0; p < columns; ++p) {
                TestType found = tile[(node * width + k) * columns + p];
                exact &= found == (p < subtrees ? user[places[p * nodes + node] * width + k] : TestType(-1));
              }
          REQUIRE(exact);
          layout.fromTile(tile.data(), back.data());
          REQUIRE(back == user);
        }
}
