//===- Values.cpp - Values of options -------------------------------*- C++ -*-===//
//
// Numbers are read digit by digit where the standard library would round, wrap around or stop early.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Values.h"

#include "runtime/Error.h"
#include "runtime/Spelling.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>

using namespace espalier::runtime;

namespace {

constexpr std::string_view digits = "0123456789";

/// An integer as it is written: its digits without leading zeros, empty for 0.
struct Decimal {
  bool isNegative = false;
  std::string digits;
};

/// Takes the digits at the front of `text` away.
std::string_view takeDigits(std::string_view &text) {
  std::string_view taken = text.substr(0, text.find_first_not_of(digits));
  text.remove_prefix(taken.size());
  return taken;
}

/// Takes "e6" or "e-6" away: 6 or -6, 0 where there is none. Nothing where it is malformed or beyond all numbers.
std::optional<int> takeExponent(std::string_view &text) {
  if (text.empty() || (text.front() != 'e' && text.front() != 'E'))
    return 0;
  text.remove_prefix(text.starts_with("e+") || text.starts_with("E+") ? 2 : 1);
  int exponent = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  constexpr int most = 10000;
  if (error != std::errc() || std::abs(exponent) > most)
    return std::nullopt;
  text.remove_prefix(end - text.data());
  return exponent;
}

/// "12", "-3", "1e6", "2.50e1"; nothing where the text is no integer.
std::optional<Decimal> parseDecimal(std::string_view text) {
  Decimal result;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    result.isNegative = text.front() == '-';
    text.remove_prefix(1);
  }
  std::string all(takeDigits(text));
  int exponent = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    std::string_view fraction = takeDigits(text);
    all += fraction;
    exponent -= static_cast<int>(fraction.size());
  }
  std::optional<int> written = takeExponent(text);
  if (all.empty() || !written || !text.empty())
    return std::nullopt;
  for (exponent += *written; exponent < 0 && !all.empty(); ++exponent) {
    if (all.back() != '0')
      return std::nullopt;
    all.pop_back();
  }
  all.erase(0, all.find_first_not_of('0'));
  result.digits = all.empty() ? "" : all + std::string(exponent, '0');
  return result;
}

/// The value; nothing below 0 or beyond 64 bits.
std::optional<uint64_t> toUnsigned(const Decimal &decimal) {
  if (decimal.digits.empty())
    return 0;
  uint64_t value = 0;
  auto [end, error] = std::from_chars(decimal.digits.data(), decimal.digits.data() + decimal.digits.size(), value);
  if (decimal.isNegative || error != std::errc())
    return std::nullopt;
  return value;
}

/// Large limits are powers of two.
std::string limitText(uint64_t limit) {
  constexpr uint64_t large = uint64_t{1} << 31;
  if (limit >= large - 1 && std::has_single_bit(limit + 1))
    return "2^" + std::to_string(std::countr_zero(limit + 1)) + " - 1";
  if (limit == std::numeric_limits<uint64_t>::max())
    return "2^64 - 1";
  return limit >= large && std::has_single_bit(limit) ? "2^" + std::to_string(std::countr_zero(limit))
                                                      : std::to_string(limit);
}

/// A double that has lost what the text says: 1e999, 1e-999.
bool isLost(double value, std::string_view text) {
  bool hasDigits = text.substr(0, text.find_first_of("eE")).find_first_of("123456789") != std::string_view::npos;
  return hasDigits && (value == 0 || std::isinf(value));
}

} // namespace

std::string espalier::runtime::rangeText(IntegerRange range) {
  return "an integer in " + std::to_string(range.low) + " .. " + limitText(range.high);
}

uint64_t espalier::runtime::parseInteger(const std::string &name, const std::string &text, IntegerRange range) {
  const std::optional<Decimal> decimal = parseDecimal(text);
  const std::optional<uint64_t> value = decimal ? toUnsigned(*decimal) : std::nullopt;
  if (value && *value >= range.low && *value <= range.high)
    return *value;
  throw Error(name + " expects " + rangeText(range) + ", got " + (decimal ? text : "'" + text + "'"));
}

double espalier::runtime::parseReal(const std::string &name, const std::string &text) {
  std::string_view rest = text;
  if (rest.starts_with('+') && !rest.starts_with("+-"))
    rest.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error == std::errc::invalid_argument || end != rest.data() + rest.size())
    throw Error(name + " expects a number, got '" + text + "'");
  if (error != std::errc() || isLost(value, rest))
    throw Error(name + " expects a number that a double can hold, got " + text);
  return value;
}

size_t espalier::runtime::parseChoice(const std::string &name, const std::string &text,
                                      std::span<const std::string_view> words) {
  auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end())
    throw Error(name + " expects " + listWords(words) + ", got '" + text + "'" + didYouMean(text, words));
  return static_cast<size_t>(found - words.begin());
}

CLI::Option *espalier::runtime::addReal(CLI::App &command, const std::string &name, double &target,
                                        const std::string &help) {
  auto set = [name, &target](const std::string &text) { target = parseReal(name, text); };
  return command.add_option_function<std::string>(name, set, help)->type_name("X");
}
