//===- ValuesTest.cpp - Values of options ---------------------------*- C++ -*-===//
//
// Every way to write a number, and what is none.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Values.h"
#include "runtime/Error.h"

#include <catch2/catch.hpp>

#include <cmath>

using namespace espalier::runtime;

namespace {

std::string integer(const std::string &text, IntegerRange range = {}) {
  try {
    return std::to_string(parseInteger("-n", text, range));
  } catch (const Error &error) {
    return error.what();
  }
}

std::string refusal(const std::string &got) { return "error: -n expects an integer in 0 .. 2^64 - 1, got " + got; }

} // namespace

TEST_CASE("values: an integer is one however it is written", "[cli]") {
  for (const char *text : {"12", "+12", "0012", "12.", "12.0", "1.2e1", "1.2E+1", "120e-1", "0.012e3"})
    CHECK(integer(text) == "12");
  for (const char *text : {"0", "-0", "0.0", "0e9", ".0"})
    CHECK(integer(text) == "0");
  CHECK(integer("1e6") == "1000000");
  CHECK(integer("1e19") == "10000000000000000000");
  CHECK(integer("18446744073709551615") == "18446744073709551615");
  CHECK(integer("9007199254740993") == "9007199254740993"); // no double
}

TEST_CASE("values: what is no integer is quoted, what is out of range is not", "[cli]") {
  for (const char *text : {"",      "abc",   "1.5",   "12e-1", "1e",  "e6",      "1e+",
                           "1e--1", "1e+-1", ".",     "-",     "--1", "0x10",    "1 ",
                           " 1",    "1,000", "1_000", "nan",   "inf", "1e99999", "9007199254740992.5"})
    CHECK(integer(text) == refusal(std::string("'") + text + "'"));
  for (const char *text : {"-1", "-1e3", "18446744073709551616", "1e20", "1e9999"})
    CHECK(integer(text) == refusal(text));
  CHECK(integer("4097", {1, 4096}) == "error: -n expects an integer in 1 .. 4096, got 4097");
  CHECK(integer("0", {1, 4096}) == "error: -n expects an integer in 1 .. 4096, got 0");
}

TEST_CASE("values: limits are short to read", "[cli]") {
  CHECK(rangeText({}) == "an integer in 0 .. 2^64 - 1");
  CHECK(rangeText({0, (uint64_t{1} << 63) - 1}) == "an integer in 0 .. 2^63 - 1");
  CHECK(rangeText({1, (uint64_t{1} << 31) - 1}) == "an integer in 1 .. 2^31 - 1");
  CHECK(rangeText({1, uint64_t{1} << 40}) == "an integer in 1 .. 2^40");
  CHECK(rangeText({1, 4096}) == "an integer in 1 .. 4096");
}

TEST_CASE("values: reals are those that a double can hold", "[cli]") {
  CHECK(parseReal("--x", "0.5") == 0.5);
  CHECK(parseReal("--x", "+.5e1") == 5);
  CHECK(parseReal("--x", "-2") == -2);
  CHECK(parseReal("--x", "0e-999") == 0);
  CHECK(parseReal("--x", "5e-324") == 5e-324);
  CHECK(std::isnan(parseReal("--x", "nan")));
  CHECK(std::isinf(parseReal("--x", "-inf")));
  for (const char *text : {"1e400", "-1e400", "1e-400", "0.001e-330"})
    CHECK_THROWS_WITH(parseReal("--x", text),
                      std::string("error: --x expects a number that a double can hold, got ") + text);
  for (const char *text : {"", "abc", "0,7", "1 ", " 1", "+-1", "++1", "1e", "0x1p3", "1f"})
    CHECK_THROWS_WITH(parseReal("--x", text), std::string("error: --x expects a number, got '") + text + "'");
}
