//===- InvalidModelsTest.cpp - Every broken model and its diagnostic ------===//
//
// models/invalid/NAME.toml must give exactly the text of NAME.expected, which is what `espalier compile
// models/invalid/NAME.toml` prints; a new expectation is written by hand or by that command and then read.
//
//===----------------------------------------------------------------------===//

#include "tests/unit/frontend/Invariants.h"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace espalier;
using namespace espalier::test;

TEST_CASE("every invalid model gives exactly its diagnostics and no model") {
  std::vector<std::string> paths = listModels("models/invalid");
  REQUIRE(paths.size() >= 35);
  for (const std::string &path : paths) {
    DYNAMIC_SECTION(path) {
      std::vector<Diagnostic> diagnostics;
      CHECK_FALSE(parseModelFile(path, diagnostics));
      std::string expected = readFile(std::filesystem::path(path).replace_extension(".expected"));
      CHECK(toString(diagnostics) == expected);
      CHECK_FALSE(expected.empty());
    }
  }
}

TEST_CASE("every expectation belongs to an invalid model") {
  for (const auto &entry : std::filesystem::directory_iterator("models/invalid"))
    if (entry.path().extension() == ".expected") {
      INFO(entry.path());
      CHECK(std::filesystem::exists(std::filesystem::path(entry.path()).replace_extension(".toml")));
    }
}

TEST_CASE("the form of an error is the one that the interface shows") {
  std::vector<Diagnostic> diagnostics;
  CHECK_FALSE(parseModelFile("models/invalid/shape.toml", diagnostics));
  CHECK(toString(diagnostics) == "models/invalid/shape.toml:14:11: error: kernel of level 2 expects shape 4x8x8 "
                                 "(ranks x parent states x child states), got 4x8x16\n"
                                 "  14 | npy     = \"k.npy\"\n"
                                 "     |           ^\n"
                                 "note: level 2 has states = 8, set at models/invalid/shape.toml:5:13\n");
}

TEST_CASE("errors come in the order of the file") {
  for (const std::string &path : listModels("models/invalid")) {
    std::vector<Diagnostic> diagnostics;
    CHECK_FALSE(parseModelFile(path, diagnostics));
    for (size_t i = 1; i < diagnostics.size(); ++i) {
      INFO(path << " " << i);
      const Location &a = diagnostics[i - 1].location, &b = diagnostics[i].location;
      CHECK(std::pair(a.line, a.column) <= std::pair(b.line, b.column));
    }
  }
}

TEST_CASE("the number of errors of one file is limited, and the rest is counted") {
  std::string text = "[tree]\nbranching = [2]\nstates = 2\n[kernel]\npotts = 0.5\n[model]\n";
  for (int i = 0; i < 250; ++i)
    text += "k" + std::to_string(i) + " = 1\n";
  std::vector<Diagnostic> diagnostics;
  CHECK_FALSE(parseModelText(text, "many.toml", diagnostics));
  REQUIRE(diagnostics.size() == 100);
  std::string printed = toString(diagnostics);
  CHECK(printed.find("note: 150 more errors not shown\n") != std::string::npos);
}
