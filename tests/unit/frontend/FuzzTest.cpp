//===- FuzzTest.cpp - Mutants of good models ------------------------------===//
//
// Thousands of small changes to the shipped models, the same on every run: whatever comes out is a model that keeps
// all promises or at least one well-formed error, never a crash, an exception or both at once.
//
//===----------------------------------------------------------------------===//

#include "tests/unit/frontend/Invariants.h"

#include <catch2/catch.hpp>

#include <random>

using namespace espalier;
using namespace espalier::test;
using namespace std::string_view_literals;

namespace {

std::vector<std::string> splitLines(const std::string &text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return lines;
}

std::string join(const std::vector<std::string> &lines) {
  std::string text;
  for (const std::string &line : lines)
    text += line;
  return text;
}

/// Every line once without and once twice, and every line swapped with the next.
std::vector<std::string> mutateLines(const std::string &text) {
  std::vector<std::string> mutants, lines = splitLines(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    std::vector<std::string> deleted = lines, doubled = lines, swapped = lines;
    deleted.erase(deleted.begin() + static_cast<std::ptrdiff_t>(i));
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    std::swap(swapped[i], swapped[(i + 1) % lines.size()]);
    for (const auto &mutant : {deleted, doubled, swapped})
      mutants.push_back(join(mutant));
  }
  return mutants;
}

/// `count` changes of one byte: deleted, doubled, replaced by a byte that means something to TOML, or by any byte.
std::vector<std::string> mutateBytes(const std::string &text, int count, std::mt19937_64 &random) {
  constexpr std::string_view meaningful = "0123456789-+.eE[]{}()=,\"'#\n\r\t \\_\0\xff\xc3"sv;
  std::vector<std::string> mutants;
  for (int i = 0; i < count; ++i) {
    std::string mutant = text;
    size_t place = random() % mutant.size();
    switch (random() % 4) {
    case 0:
      mutant.erase(place, 1);
      break;
    case 1:
      mutant.insert(place, 1, mutant[place]);
      break;
    case 2:
      mutant[place] = meaningful[random() % meaningful.size()];
      break;
    default:
      mutant[place] = static_cast<char>(random() % 256);
    }
    mutants.push_back(mutant);
  }
  return mutants;
}

/// What is wrong with the outcome of parsing `text`, or nothing.
std::string findFault(const std::string &text, const std::string &path) {
  std::vector<Diagnostic> diagnostics;
  std::optional<Model> model;
  try {
    model = parseModelText(text, path, diagnostics);
  } catch (const std::exception &exception) {
    return std::string("exception: ") + exception.what();
  }
  if (model.has_value() != diagnostics.empty())
    return model ? "a model with errors" : "neither a model nor an error";
  for (const Diagnostic &diagnostic : diagnostics) {
    const Location &place = diagnostic.location;
    if (place.file != path || place.line < 1 || place.column < 1 || diagnostic.message.empty() ||
        diagnostic.message.ends_with('.') || diagnostic.message.find('\n') != std::string::npos)
      return "malformed: " + toString(diagnostic);
  }
  return model ? findBrokenInvariant(*model) : "";
}

} // namespace

TEST_CASE("mutants of good models give models or errors") {
  std::mt19937_64 random(2024);
  int models = 0, errors = 0;
  for (const std::string &path : listModels("models")) {
    std::string text = readFile(path);
    std::vector<std::string> mutants = mutateLines(text);
    for (const std::string &mutant : mutateBytes(text, 400, random))
      mutants.push_back(mutant);
    for (const std::string &mutant : mutants) {
      std::string fault = findFault(mutant, path);
      std::vector<Diagnostic> diagnostics;
      (fault.empty() && parseModelText(mutant, path, diagnostics) ? models : errors) += 1;
      if (!fault.empty()) {
        INFO(fault << "\nin\n" << mutant);
        FAIL();
      }
    }
  }
  CHECK(models > 500); // both outcomes must really occur
  CHECK(errors > 500);
}

TEST_CASE("prefixes of good models give models or errors") {
  for (std::string path : {"models/quadtree.toml", "models/rules.toml"}) {
    std::string text = readFile(path);
    for (size_t length = 0; length < text.size(); ++length) {
      std::string fault = findFault(text.substr(0, length), path);
      INFO(text.substr(0, length));
      REQUIRE(fault == "");
    }
  }
}

TEST_CASE("nesting without end is an error") {
  for (std::string open : {"x = ", "x = {", "", "["})
    for (std::string part : {"[", "{ a = ", "a.", "a . ", "'a'.", "[a."}) {
      std::string text = open;
      for (int i = 0; i < 100000; ++i)
        text += part;
      for (std::string close : {"", "a = 1", "a]"}) {
        INFO(open << part << part << "..." << close);
        CHECK(findFault(text + close, "deep.toml") == "");
      }
    }
}

TEST_CASE("nesting up to the limits of parser and reader does not exhaust the stack") {
  std::string key = "a", text = "x = ";
  for (int i = 1; i < 31; ++i)
    key += ".a";
  for (int i = 0; i < 250; ++i)
    text += "{ " + key + " = ";
  text += "1";
  for (int i = 0; i < 250; ++i)
    text += " }";
  CHECK(parseBad(text).find("unknown key 'x'") != std::string::npos);
}
