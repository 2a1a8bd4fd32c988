//===- KernelTest.cpp - Sources and sharing of kernels --------------------===//
//
// What each combination of sharing and source means, on small trees.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/RandomKernel.h"
#include "tests/unit/frontend/Invariants.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::test;

namespace {

std::string tree(const std::string &branching, const std::string &states) {
  return "[tree]\nbranching = " + branching + "\nstates = " + states + "\n";
}

using Entries = std::vector<double>;

} // namespace

TEST_CASE("potts is r I + (1 - r) / S, for every rank, level or node") {
  for (auto [sharing, count] : {std::pair("rank", 2), {"level", 1}, {"none", 6}}) {
    INFO(sharing);
    Model model = parseGood(tree("[3, 2]", "4") + "[kernel]\nsharing = \"" + sharing + "\"\npotts = 0.6\n");
    REQUIRE(model.levels[1].kernel.size() == static_cast<size_t>(count) * 16);
    for (int64_t node = 0; node < 6; ++node)
      for (int64_t i = 0; i < 16; ++i)
        CHECK(model.kernel(2, node)[i] == Approx(i / 4 == i % 4 ? 0.7 : 0.1));
  }
}

TEST_CASE("potts reaches from -1/(S-1), zeros on the diagonal, to 1, zeros beside it") {
  for (auto [states, low] : {std::pair("2", "-1"), {"3", "-0.5"}, {"4", "-0.3333333333333333"}, {"5", "-0.25"}}) {
    INFO(states);
    Model model =
        parseGood(tree("[1, 1]", states) + "[kernel]\npotts = 1\n[[level]]\nindex = 2\nkernel.potts = " + low);
    CHECK(model.kernel(1, 0)[0] == 1);
    CHECK(model.kernel(1, 0)[1] == 0);
    CHECK(model.kernel(2, 0)[0] == Approx(0).margin(1e-15));
    CHECK(model.kernel(2, 0)[1] == Approx(1.0 / (std::stoi(states) - 1)));
  }
}

TEST_CASE("potts of one state is the matrix 1") {
  CHECK(parseGood(tree("[3]", "1") + "[kernel]\npotts = -0.25").kernel(1, 2)[0] == 1);
}

TEST_CASE("a matrix is one per rank, one in all, or one per node in rank order") {
  std::string one = "[[1, 2, 3], [4, 5, 6]]", two = "[[7, 8, 9], [10, 11.5, 12]]";
  std::string head = tree("[2, 2]", "[2, 2, 3]") + "[kernel]\npotts = 0\n[[level]]\nindex = 2\n[level.kernel]\n";

  Model rank = parseGood(head + "matrix = [" + one + ", " + two + "]");
  CHECK(rank.kernel(2, 0)[1] == 2);
  CHECK(rank.kernel(2, 1)[4] == 11.5);
  CHECK(rank.kernel(2, 2)[1] == 2);

  Model level = parseGood(head + "sharing = \"level\"\nmatrix = " + two);
  CHECK(level.levels[1].kernel == Entries{7, 8, 9, 10, 11.5, 12});
  CHECK(level.kernel(2, 3) == level.kernel(2, 0));

  Model none = parseGood(head + "sharing = \"none\"\nmatrix = [" + one + ", " + two + ", " + two + ", " + one + "]");
  CHECK(none.kernel(2, 2)[0] == 7);
  CHECK(none.kernel(2, 3)[0] == 1);
}

TEST_CASE("random kernels are drawn matrix after matrix from a stream of the level's own") {
  std::string text = tree("[2, 2]", "3") + "[kernel]\nrandom = { concentration = 0.5, seed = 9 }\n";
  Model model = parseGood(text);
  CHECK(model.levels[0].kernel == randomRows(6, 3, 0.5, 9, 1));
  CHECK(model.levels[1].kernel == randomRows(6, 3, 0.5, 9, 2));
  CHECK(model.levels[0].kernel != model.levels[1].kernel);
  CHECK(parseGood(text + "sharing = \"level\"").levels[1].kernel == randomRows(3, 3, 0.5, 9, 2));
  CHECK(parseGood(text + "sharing = \"none\"").levels[1].kernel == randomRows(12, 3, 0.5, 9, 2));
}

TEST_CASE("the seed of a random kernel is 0 by default") {
  Model model = parseGood(tree("[2]", "3") + "[kernel]\nrandom = { concentration = 2 }\n");
  CHECK(model.levels[0].kernel == randomRows(6, 3, 2, 0, 1));
}

TEST_CASE("an override replaces sharing and source separately") {
  Model model = parseGood(tree("[2, 2, 2]", "3") + "[kernel]\nsharing = \"none\"\npotts = 0.25\n" +
                          "[[level]]\nindex = 3\nkernel = { sharing = \"level\" }\n" +
                          "[[level]]\nindex = 2\nkernel = { random = { concentration = 1 } }\n");
  CHECK(model.levels[0].sharing == Sharing::None);
  CHECK(model.kernel(1, 0)[0] == Approx(0.5));
  CHECK(model.levels[1].sharing == Sharing::None);
  CHECK(model.levels[1].kernel == randomRows(12, 3, 1, 0, 2));
  CHECK(model.levels[2].sharing == Sharing::Level);
  CHECK(model.levels[2].kernel.size() == 9);
  CHECK(model.kernel(3, 0)[0] == Approx(0.5));
}

TEST_CASE("no default kernel is needed where every level has its own") {
  Model model = parseGood("level = [{ index = 1, kernel = { potts = 1 } }, { index = 2, kernel = { potts = 0 } }]\n" +
                          tree("[2, 2]", "2"));
  CHECK(model.kernel(1, 0)[0] == 1);
  CHECK(model.kernel(2, 0)[0] == 0.5);
}

TEST_CASE("sharing is by rank where nothing is said") {
  Model model = parseGood(tree("[[2, 3]]", "2") + "[kernel]\nrandom.concentration = 1\n");
  CHECK(model.levels[0].sharing == Sharing::Rank);
  CHECK(model.kernelCount(1) == 6);
}

TEST_CASE("a default that several levels cannot use is reported for the first of them only") {
  std::string printed = parseBad(tree("[2, 2, 2]", "[2, 3, 4, 5]") + "[kernel]\nmatrix = [[1]]\n");
  CHECK(printed.find("kernel of level 1") != std::string::npos);
  CHECK(printed.find("kernel of level 2") == std::string::npos);
}

TEST_CASE("limits of the tree are the last sizes that pass, and one more is an error at its place") {
  std::string kernel = "[kernel]\nsharing = \"level\"\npotts = 0.5\n";
  auto refusal = [&](const std::string &branching, const std::string &states) {
    std::string printed = parseBad(tree(branching, states) + kernel);
    return printed.substr(0, printed.find('\n'));
  };
  CHECK(parseGood(tree("[2147483647]", "2") + kernel).leaves() == 2147483647);
  CHECK(refusal("[2147483648]", "2") ==
        "test.toml:2:14: error: branching of level 1 expects an integer in [1, 2147483647], got 2147483648");
  CHECK(parseGood(tree("[[2147483647, 1]]", "2") + kernel).leaves() == 2147483647);
  CHECK(refusal("[[1, 2147483648]]", "2") ==
        "test.toml:2:18: error: branching of level 1 expects an integer in [1, 2147483647], got 2147483648");
  CHECK(parseGood(tree("[46341, 46340]", "2") + kernel).leaves() == 2147441940);
  CHECK(refusal("[46341, 46341]", "2") ==
        "test.toml:2:21: error: level 2 expects at most 2147483647 nodes, got 2147488281 or more");
  CHECK(refusal("[[65536, 65536]]", "2") ==
        "test.toml:2:14: error: level 1 expects at most 2147483647 nodes, got 4294967296 or more");
  CHECK(parseGood(tree("[1]", "4096") + kernel).leafStates() == 4096);
  CHECK(refusal("[1]", "4097") == "test.toml:3:10: error: states expects an integer in [1, 4096], got 4097");
  CHECK(parseGood(tree("[2]", "1") + kernel).leafStates() == 1);
  CHECK(refusal("[2]", "0") == "test.toml:3:10: error: states expects an integer in [1, 4096], got 0");
  auto ones = [](int count) {
    std::string text = "[1";
    for (int i = 1; i < count; ++i)
      text += ", 1";
    return text + "]";
  };
  CHECK(parseGood(tree(ones(64), "2") + kernel).depth() == 64);
  CHECK(refusal(ones(65), "2") == "test.toml:2:13: error: branching expects 1 to 64 levels, got 65");
}

TEST_CASE("kernels have at most 2^27 entries, which are counted before any is made") {
  // The source is an error of its own, reported where the count is right: so nothing is allocated.
  std::string kernel = "[kernel]\npotts = 2\n";
  CHECK(parseBad(tree("[8]", "4096") + kernel).find("potts of level 1 expects a number") != std::string::npos);
  CHECK(parseBad(tree("[9]", "4096") + kernel)
            .find("test.toml:2:14: error: kernels expect at most 134217728 entries in "
                  "all, got 150994944 up to level 1") == 0);
}
