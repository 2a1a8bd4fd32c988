//===- PositionsTest.cpp - Which nodes fill the lanes of one sample -------===//

#include "compiler/codegen/Positions.h"

#include <catch2/catch.hpp>

using namespace espalier;

static Model tree(const std::vector<int64_t> &branching, int64_t states, Sharing sharing = Sharing::Rank) {
  Model model;
  model.rootStates = states;
  for (int64_t ranks : branching)
    model.levels.push_back({{ranks}, states, sharing, {}});
  return model;
}

TEST_CASE("positions: the level that fills the vectors with the fewest nodes above it", "[positions]") {
  PositionsChoice choice = choosePositions(tree(std::vector<int64_t>(10, 2), 16), /*lanes=*/8, /*tile=*/24);
  REQUIRE(choice.level == 3);
  REQUIRE(choice.tile == 8);
  // 3 vectors for each of 2046 edges, against 1 for each of 14 and an eighth for each of 2032.
  REQUIRE(choice.mostBatch == static_cast<int64_t>(3 * 2046 / (14 + 2032.0 / 8)));
}

TEST_CASE("positions: nodes that do not fill their vectors are padded", "[positions]") {
  // 27 nodes in 4 vectors: 39 + 324 * 4 / 27 = 87; with 9 in 2 it would be 12 + 351 * 2 / 9 = 90.
  PositionsChoice choice = choosePositions(tree({3, 3, 3, 3, 3}, 4), 8, 16);
  REQUIRE(choice.level == 3);
  REQUIRE(choice.tile == 32);
}

TEST_CASE("positions: none where a tree has one level, or nodes have kernels of their own", "[positions]") {
  REQUIRE(choosePositions(tree({32}, 4), 8, 16).level == 0);
  REQUIRE(choosePositions(tree({2, 2, 2, 2}, 4, Sharing::None), 8, 16).level == 0);
}

TEST_CASE("positions: never for more samples than a kernel for many takes at once", "[positions]") {
  for (int64_t tile : {2, 8, 24})
    REQUIRE(choosePositions(tree(std::vector<int64_t>(12, 2), 3), 2, tile).mostBatch <= tile);
}
