//===- Underflow.cpp - Numbers that are written but lost ------------------===//
//
// The places of all zeros are sorted, so that one sweep over the text finds the literals of them all.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Underflow.h"

#include "compiler/frontend/Unicode.h"

#include <algorithm>
#include <tuple>

namespace espalier {

namespace {

/// No deeper than the parser nests.
void collectZeros(const toml::node &node, std::vector<Place> &zeros) {
  if (const toml::table *table = node.as_table()) {
    for (auto &&[key, value] : *table)
      collectZeros(value, zeros);
  } else if (const toml::array *array = node.as_array()) {
    for (const toml::node &element : *array)
      collectZeros(element, zeros);
  } else if (auto value = node.value_exact<double>(); value && *value == 0) {
    zeros.push_back(placeOf(node));
  }
}

/// Whether a literal such as 0.5e-400 has a digit other than 0 before its exponent.
bool isNonzero(std::string_view literal) {
  return literal.substr(0, literal.find_first_of("eE")).find_first_of("123456789") != std::string_view::npos;
}

/// Goes forward through the lines of a file; columns count characters.
class Cursor {
public:
  explicit Cursor(const SourceFile &file) : file(file) {}

  /// The literal at a place that is not before the last one.
  std::string_view literalAt(Place place) {
    if (place.line != line) {
      line = place.line;
      column = 1;
      rest = file.line(line);
    }
    for (; column < place.column && !rest.empty(); ++column)
      rest.remove_prefix(decode(rest).bytes.size());
    return rest.substr(0, rest.find_first_not_of("+-.0123456789_eE"));
  }

private:
  const SourceFile &file;
  toml::source_index line = 0, column = 1;
  std::string_view rest;
};

} // namespace

bool checkUnderflow(const SourceFile &file, const toml::table &table, Reader &reader) {
  std::vector<Place> zeros;
  collectZeros(table, zeros);
  std::sort(zeros.begin(), zeros.end(),
            [](Place a, Place b) { return std::tie(a.line, a.column) < std::tie(b.line, b.column); });
  Cursor cursor(file);
  bool allZero = true;
  for (Place place : zeros) {
    std::string_view literal = cursor.literalAt(place);
    if (!isNonzero(literal))
      continue;
    reader.error(place, "expects a number that a double can hold, got " + quote(literal));
    allZero = false;
  }
  return allZero;
}

} // namespace espalier
