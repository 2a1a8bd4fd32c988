//===- Reader.cpp - Typed access to the values of a model file ------------===//
//
// One function per type of value; all of them report in the same words.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Reader.h"

#include "compiler/frontend/Unicode.h"
#include "runtime/Spelling.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace espalier {

namespace {

/// Such that 2.0 does not look like an integer.
std::string describeFloat(double value) {
  std::string text = formatNumber(value);
  bool looksLikeInteger = text.find_first_not_of("-0123456789") == std::string::npos;
  return "float " + text + (looksLikeInteger ? ".0" : "");
}

/// The value itself where it is short, else its type.
std::string describeValue(const toml::node &node) {
  if (auto integer = node.value_exact<int64_t>())
    return std::to_string(*integer);
  if (auto real = node.value_exact<double>())
    return describeFloat(*real);
  if (auto text = node.value_exact<std::string>())
    return quote(*text);
  return describeType(node);
}

std::string describeRange(int64_t low, int64_t high) {
  if (high == std::numeric_limits<int64_t>::max())
    return "an integer >= " + std::to_string(low);
  return "an integer in [" + std::to_string(low) + ", " + std::to_string(high) + "]";
}

/// "potts", "kernel.potts": the known key that `key` may stand for, or the inner one; empty where nothing is near.
std::string findMeant(std::string_view key, std::span<const std::string_view> known, std::span<const InnerKeys> inner) {
  for (const InnerKeys &group : inner)
    if (std::find(group.keys.begin(), group.keys.end(), key) != group.keys.end())
      return std::string(group.table) + "." + std::string(key);
  if (auto meant = runtime::nearestWord(key, known))
    return std::string(*meant);
  for (const InnerKeys &group : inner)
    if (auto meant = runtime::nearestWord(key, group.keys))
      return std::string(group.table) + "." + std::string(*meant);
  return "";
}

} // namespace

Place placeOf(const toml::node &node) { return node.source().begin; }

std::string describeType(const toml::node &node) {
  switch (node.type()) {
  case toml::node_type::table:
    return "a table";
  case toml::node_type::array:
    return "an array";
  case toml::node_type::string:
    return "a string";
  case toml::node_type::integer:
    return "an integer";
  case toml::node_type::floating_point:
    return "a float";
  case toml::node_type::boolean:
    return "a boolean";
  default:
    return "a date or time";
  }
}

std::string formatNumber(double value) {
  if (std::isnan(value))
    return "nan";
  char text[64];
  auto result = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, result.ptr);
}

Location Reader::locate(Place place) const {
  return {file.path(), std::max<int64_t>(place.line, 1), std::max<int64_t>(place.column, 1)};
}

Diagnostic &Reader::error(Place place, std::string message) {
  if (diagnostics.size() >= maxErrors) {
    ++hiddenCount;
    return hidden;
  }
  Location location = locate(place);
  diagnostics.push_back(file.error(location.line, location.column, std::move(message)));
  return diagnostics.back();
}

void Reader::finish() {
  if (hiddenCount > 0)
    diagnostics.back().notes.push_back({std::to_string(hiddenCount) + " more errors not shown", std::nullopt});
}

void Reader::note(Diagnostic &diagnostic, std::string message, Place place) const {
  diagnostic.notes.push_back({std::move(message), locate(place)});
}

void Reader::checkKeys(const toml::table &table, std::string_view where, std::span<const std::string_view> known,
                       std::span<const InnerKeys> inner) {
  for (auto &&[key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end())
      continue;
    std::string message = "unknown key " + quote(key.str()) + " in " + std::string(where);
    std::string meant = findMeant(key.str(), known, inner);
    error(key.source().begin,
          message + (meant.empty() ? ", expects " + runtime::listWords(known) : ", did you mean '" + meant + "'?"));
    if (!meant.empty())
      misspelt.emplace_back(&table, meant.substr(0, meant.find('.')));
  }
}

bool Reader::isMisspelt(const toml::table &table, std::string_view key) const {
  return std::any_of(misspelt.begin(), misspelt.end(),
                     [&](const auto &entry) { return entry.first == &table && entry.second == key; });
}

std::optional<int64_t> Reader::integer(const toml::node &node, const std::string &what, int64_t low, int64_t high) {
  auto value = node.value_exact<int64_t>();
  if (value && *value >= low && *value <= high)
    return value;
  error(placeOf(node), what + " expects " + describeRange(low, high) + ", got " + describeValue(node));
  return std::nullopt;
}

std::optional<double> Reader::real(const toml::node &node, const std::string &what) {
  std::optional<double> value;
  if (node.is_number())
    value = node.value<double>();
  if (auto integer = node.value_exact<int64_t>())
    value = static_cast<double>(*integer);
  if (value && std::isfinite(*value))
    return value;
  error(placeOf(node), what + " expects a finite number, got " + describeValue(node));
  return std::nullopt;
}

std::optional<std::string> Reader::string(const toml::node &node, const std::string &what) {
  if (auto value = node.value_exact<std::string>())
    return value;
  error(placeOf(node), what + " expects a string, got " + describeType(node));
  return std::nullopt;
}

const toml::table *Reader::table(const toml::node &node, const std::string &what) {
  if (const toml::table *table = node.as_table())
    return table;
  error(placeOf(node), what + " expects a table, got " + describeType(node));
  return nullptr;
}

const toml::array *Reader::array(const toml::node &node, const std::string &what) {
  if (const toml::array *array = node.as_array())
    return array;
  error(placeOf(node), what + " expects an array, got " + describeType(node));
  return nullptr;
}

std::optional<size_t> Reader::choice(const toml::node &node, const std::string &what,
                                     std::span<const std::string_view> words) {
  auto value = node.value_exact<std::string>();
  auto found = value ? std::find(words.begin(), words.end(), *value) : words.end();
  if (found != words.end())
    return static_cast<size_t>(found - words.begin());
  error(placeOf(node), what + " expects " + runtime::listWords(words) + ", got " + describeValue(node) +
                           (value ? runtime::didYouMean(*value, words) : ""));
  return std::nullopt;
}

} // namespace espalier
