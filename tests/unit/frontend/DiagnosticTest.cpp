//===- DiagnosticTest.cpp - The printed form of a diagnostic --------------===//
//
// Gutter, caret and notes, on lines of every kind.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Diagnostic.h"
#include "compiler/frontend/Excerpt.h"

#include <catch2/catch.hpp>

#include <sstream>

using namespace espalier;

namespace {

Diagnostic make(const std::string &line, int64_t number, int64_t column) {
  Diagnostic diagnostic;
  diagnostic.location = {"m.toml", number, column};
  diagnostic.message = "wrong";
  diagnostic.sourceLine = line;
  return diagnostic;
}

} // namespace

TEST_CASE("a diagnostic is place, message, line, caret and notes") {
  Diagnostic diagnostic = make("a = 1", 14, 5);
  diagnostic.notes = {{"level 2 has states = 8, set", Location{"m.toml", 5, 13}}, {"just so", std::nullopt}};
  CHECK(toString(diagnostic) == "m.toml:14:5: error: wrong\n"
                                "  14 | a = 1\n"
                                "     |     ^\n"
                                "note: level 2 has states = 8, set at m.toml:5:13\n"
                                "note: just so\n");
  std::ostringstream stream;
  stream << diagnostic;
  CHECK(stream.str() == toString(diagnostic));
}

TEST_CASE("a diagnostic about a whole file shows no line") {
  Diagnostic diagnostic;
  diagnostic.severity = Severity::Warning;
  diagnostic.location.file = "m.toml";
  diagnostic.message = "odd";
  CHECK(toString(diagnostic) == "m.toml: warning: odd\n");
  CHECK(toString(std::vector<Diagnostic>{diagnostic, diagnostic}) == "m.toml: warning: odd\nm.toml: warning: odd\n");
}

TEST_CASE("the gutter is four digits wide, and wider where the number needs it") {
  CHECK(toString(make("x", 7, 1)) == "m.toml:7:1: error: wrong\n   7 | x\n     | ^\n");
  CHECK(toString(make("x", 1234, 1)) == "m.toml:1234:1: error: wrong\n1234 | x\n     | ^\n");
  CHECK(toString(make("x", 123456, 1)) == "m.toml:123456:1: error: wrong\n123456 | x\n       | ^\n");
}

TEST_CASE("an empty line leaves no space at its end") {
  CHECK(toString(make("", 1, 1)) == "m.toml:1:1: error: wrong\n   1 |\n     | ^\n");
}

TEST_CASE("tabs become spaces up to the next multiple of eight") {
  Excerpt excerpt = makeExcerpt("\ta\t= 1", 4);
  CHECK(excerpt.text == "        a       = 1");
  CHECK(excerpt.caret == 16);
}

TEST_CASE("the caret counts cells: wide characters two, combining marks none") {
  CHECK(makeExcerpt("é = x", 5).caret == 4);
  CHECK(makeExcerpt("木の = x", 6).caret == 7);
  CHECK(makeExcerpt("e\xCC\x81 = x", 6).caret == 4);
  CHECK(makeExcerpt("\xF0\x9F\x8C\xB3 = x", 5).caret == 5);
}

TEST_CASE("control characters and broken bytes are shown as replacement characters") {
  CHECK(makeExcerpt("a\x1b[2Jb", 3).text == "a\xEF\xBF\xBD[2Jb");
  CHECK(makeExcerpt("a\xFF\xC3", 3).text == "a\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(makeExcerpt("\xE2\x80\xAE", 1).text == "\xEF\xBF\xBD");
}

TEST_CASE("line ends are no part of the line") {
  CHECK(makeExcerpt("abc\r\n", 2).text == "abc");
  CHECK(makeExcerpt("abc\r", 2).text == "abc");
}

TEST_CASE("a column past the end of the line points behind it") {
  CHECK(makeExcerpt("abc", 4).caret == 3);
  CHECK(makeExcerpt("abc", 40).caret == 3);
  CHECK(makeExcerpt("abc", 0).caret == 0);
}

TEST_CASE("long lines are cut on the side that is far from the caret") {
  std::string line(1000, '.');
  for (size_t column : {1, 2, 60, 61, 62, 111, 500, 940, 999, 1000, 1001}) {
    INFO(column);
    std::string marked = line;
    if (column <= marked.size())
      marked[column - 1] = 'X';
    Excerpt excerpt = makeExcerpt(marked, static_cast<int64_t>(column));
    CHECK(excerpt.text.size() <= 116);
    CHECK(excerpt.caret <= excerpt.text.size());
    if (column <= marked.size())
      CHECK(excerpt.text.at(excerpt.caret) == 'X');
  }
  CHECK(makeExcerpt(std::string(110, 'a'), 1).text == std::string(110, 'a'));
  CHECK(makeExcerpt(std::string(111, 'a'), 1).text == std::string(110, 'a') + "...");
  CHECK(makeExcerpt(std::string(200, 'a'), 200).text == "..." + std::string(61, 'a'));
}

TEST_CASE("lines of megabytes are cut as well") {
  std::string line(5000000, 'a');
  line[4000000] = 'X';
  Excerpt excerpt = makeExcerpt(line, 4000001);
  CHECK(excerpt.text.size() <= 116);
  CHECK(excerpt.text.at(excerpt.caret) == 'X');
}
