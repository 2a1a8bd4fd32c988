//===- TextTest.cpp - Words and characters --------------------------------===//
//
// Suggestions for misspelled words, UTF-8, quoting.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/KeyDepth.h"
#include "compiler/frontend/Reader.h"
#include "compiler/frontend/Unicode.h"
#include "runtime/Spelling.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::runtime;

namespace {

constexpr std::string_view words[] = {"branching", "states", "npy"};

std::string nearest(std::string_view word) { return std::string(nearestWord(word, words).value_or("none")); }

} // namespace

TEST_CASE("edit distance counts insertions, deletions, substitutions and swaps") {
  CHECK(editDistance("", "") == 0);
  CHECK(editDistance("", "abc") == 3);
  CHECK(editDistance("states", "state") == 1);
  CHECK(editDistance("potts", "potst") == 1);
  CHECK(editDistance("kitten", "sitting") == 3);
}

TEST_CASE("a word is suggested only where it is near") {
  CHECK(nearest("branchng") == "branching");
  CHECK(nearest("stats") == "states");
  CHECK(nearest("nyp") == "npy");
  CHECK(nearest("np") == "npy");
  CHECK(nearest("n") == "none");
  CHECK(nearest("colour") == "none");
  CHECK(nearest("") == "none");
  CHECK(nearest(std::string(1000, 's')) == "none");
  CHECK(didYouMean("stats", words) == ", did you mean 'states'?");
  CHECK(didYouMean("colour", words) == "");
}

TEST_CASE("words are listed with commas and an or") {
  CHECK(listWords(words) == "branching, states or npy");
  CHECK(listWords(std::span(words, 1)) == "branching");
  CHECK(listWords(std::span(words, 2)) == "branching or states");
}

TEST_CASE("UTF-8 is decoded, and what is none is a broken byte") {
  CHECK(decode("a").value == U'a');
  CHECK(decode("\xC3\xA9x").value == U'\u00e9');
  CHECK(decode("\xC3\xA9x").bytes.size() == 2);
  CHECK(decode("\xE2\x82\xAC").value == U'\u20ac');
  CHECK(decode("\xF0\x9F\x8C\xB3").value == U'\U0001F333');
  for (std::string_view broken : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                                  "\xF4\x90\x80\x80", "\xC3(", "\xF0\x9F\x8C"}) {
    CHECK_FALSE(decode(broken).valid);
    CHECK(decode(broken).bytes.size() == 1);
  }
  CHECK(countCharacters("a\xC3\xA9\xFF") == 3);
}

TEST_CASE("quoted words cannot harm a terminal and are cut when long") {
  CHECK(quote("plain") == "'plain'");
  CHECK(quote("\x1b[2J") == "'\xEF\xBF\xBD[2J'");
  CHECK(quote(std::string(100, 'x')) == "'" + std::string(60, 'x') + "...'");
  CHECK(quote("abcd", 4) == "'abcd'");
}

TEST_CASE("a key of too many parts is found, dots elsewhere are not") {
  std::string dots;
  for (int i = 0; i < 40; ++i)
    dots += "a.";
  CHECK(findDeepKey("\n\n" + dots + "a = 1") == 3);
  CHECK(findDeepKey("[" + dots + "a]") == 1);
  CHECK(findDeepKey("x = \"\"\"\n\n\"\"\"\n" + dots) == 4);
  CHECK_FALSE(findDeepKey("x = \"" + dots + "\" # " + dots));
  CHECK_FALSE(findDeepKey("x = '" + dots + "'\ny = \"\\\"" + dots + "\""));
  CHECK_FALSE(findDeepKey("x = '''\n" + dots + "'''\ny = \"\"\"\n" + dots + "\"\"\""));
  std::string numbers = "x = [1.5";
  for (int i = 0; i < 100; ++i)
    numbers += ", 1.5";
  CHECK_FALSE(findDeepKey(numbers + "]"));
}

TEST_CASE("numbers are printed as the shortest text that reads back") {
  CHECK(formatNumber(0.1) == "0.1");
  CHECK(formatNumber(-3) == "-3");
  CHECK(formatNumber(1e300) == "1e+300");
  CHECK(formatNumber(-1.0 / 0.0) == "-inf");
}
