//===- ObservationTest.cpp - Names, prior, channel, values ----------------===//
//
// Defaults and accepted forms of the tables around the tree.
//
//===----------------------------------------------------------------------===//

#include "tests/unit/frontend/Invariants.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::test;

namespace {

std::string model(const std::string &states) {
  return "[tree]\nbranching = [2]\nstates = " + states + "\n[kernel]\nrandom = { concentration = 1 }\n";
}

using Entries = std::vector<double>;

} // namespace

TEST_CASE("name is the file's stem, description is empty, channel is symbol by default") {
  Model parsed = parseGood(model("2"), "some/folder/my.model.toml");
  CHECK(parsed.name == "my.model");
  CHECK(parsed.description == "");
  CHECK(parsed.channel == Channel::Symbol);
  CHECK(parseGood(model("2") + "[model]\nname = \"été\"\ndescription = \"d\"").name == "été");
}

TEST_CASE("a file whose stem is no name needs one") {
  CHECK(parseBad(model("2"), "a\tb.toml").find("a\tb.toml:1:1: error: name expects text without '/'") == 0);
  CHECK(parseGood(model("2") + "[model]\nname = \"ab\"", "a\tb.toml").name == "ab");
}

TEST_CASE("values are evenly spaced on [-1, 1] by default, and 0 for one state") {
  CHECK(parseGood(model("[2, 5]")).values == Entries{-1, -0.5, 0, 0.5, 1});
  CHECK(parseGood(model("[2, 2]")).values == Entries{-1, 1});
  CHECK(parseGood(model("[2, 1]")).values == Entries{0});
}

TEST_CASE("values are numbers or rows of numbers; a row of one number keeps its axis") {
  Model numbers = parseGood(model("3") + "[observation]\nvalues = [1, -2.5, 1e3]\nchannel = \"gaussian\"");
  CHECK(numbers.values == Entries{1, -2.5, 1000});
  CHECK_FALSE(numbers.valuesAreVectors);
  Model rows = parseGood(model("3") + "[observation]\nvalues = [[1], [2], [3]]");
  CHECK(rows.valuesAreVectors);
  CHECK(rows.valueSize == 1);
}

TEST_CASE("the prior is uniform by default or by name, or as given") {
  CHECK(parseGood(model("2")).prior == Entries{1, 1});
  CHECK(parseGood(model("2") + "[root]\n").prior == Entries{1, 1});
  CHECK(parseGood(model("2") + "[root]\nprior = \"uniform\"").prior == Entries{1, 1});
  CHECK(parseGood(model("2") + "[root]\nprior = [0, 3]").prior == Entries{0, 3});
}

TEST_CASE("values have 1 to 4096 components") {
  auto values = [](int64_t components) {
    std::string row = "[0";
    for (int64_t i = 1; i < components; ++i)
      row += ", 0";
    return "[observation]\nvalues = [" + row + "], " + row + "]]\n";
  };
  CHECK(parseGood(model("2") + values(4096)).valueSize == 4096);
  std::string expected = "test.toml:7:10: error: values expects shape 2xp (leaf states x 1 to 4096 components), got ";
  CHECK(parseBad(model("2") + values(4097)).find(expected + "2x4097\n") == 0);
  CHECK(parseBad(model("2") + "[observation]\nvalues = [[], []]\n").find(expected + "2x0\n") == 0);
}
