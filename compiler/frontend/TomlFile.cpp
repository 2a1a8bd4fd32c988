//===- TomlFile.cpp - The syntax of a model file --------------------------===//
//
// toml++ words its errors as "Error while parsing X: expected Y, saw Z"; we say "malformed TOML in X: expects Y, got
// Z".
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/TomlFile.h"

#include "compiler/frontend/KeyDepth.h"
#include "compiler/frontend/Underflow.h"
#include "compiler/frontend/Unicode.h"

#include <cctype>

namespace espalier {

namespace {

/// What stands between the first quotes of a message that quotes a literal; empty elsewhere.
std::string_view quotedIn(std::string_view description) {
  size_t open = description.find(": '");
  size_t close = description.find('\'', open == std::string_view::npos ? open : open + 3);
  bool found = open != std::string_view::npos && close != std::string_view::npos;
  return found ? description.substr(open + 3, close - open - 3) : std::string_view();
}

void replace(std::string &text, std::string_view from, std::string_view to) {
  if (size_t at = text.find(from); at != std::string::npos)
    text.replace(at, from.size(), to);
}

std::string rephrase(std::string_view description) {
  constexpr std::string_view head = "Error while parsing ";
  while (description.ends_with('.'))
    description.remove_suffix(1);
  if (description.ends_with("could not be interpreted as a value")) // toml++ has checked its syntax
    return "expects a number that a double can hold, got " + quote(quotedIn(description));
  std::string text(description);
  if (description.starts_with(head)) {
    text = "malformed TOML in " + text.substr(head.size());
    replace(text, ": expected ", ": expects ");
    replace(text, ", saw ", ", got ");
    return text;
  }
  if (!text.empty())
    text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return "malformed TOML: " + text;
}

/// An open string ends at the line's end for toml++, a control character that strings must not hold.
bool isOpenString(const SourceFile &file, const toml::parse_error &error) {
  bool isLineEnd = error.source().begin.column > countCharacters(file.line(error.source().begin.line));
  return isLineEnd && error.description().find("unescaped control characters") != std::string_view::npos;
}

/// toml++ points behind a number that it cannot represent; we point to its start, where its text stands there.
Place pointToLiteral(const SourceFile &file, std::string_view description, Place place) {
  std::string_view literal = quotedIn(description);
  size_t found = file.line(place.line).find(literal);
  bool isAscii = found != std::string_view::npos && place.column >= 1 && found + literal.size() == place.column - 1;
  if (literal.size() < 2 || !isAscii)
    return place;
  return {place.line, static_cast<toml::source_index>(found + 1)};
}

} // namespace

std::optional<toml::table> parseToml(const SourceFile &file, Reader &reader) {
  if (auto line = findDeepKey(file.text())) {
    reader.error({static_cast<toml::source_index>(*line), 1},
                 "keys expect at most " + std::to_string(maxKeyParts) + " parts between dots, got more");
    return std::nullopt;
  }
  try {
    toml::table table = toml::parse(std::string_view(file.text()), std::string_view(file.path()));
    return checkUnderflow(file, table, reader) ? std::optional(std::move(table)) : std::nullopt;
  } catch (const toml::parse_error &error) {
    std::string_view description = error.description();
    if (isOpenString(file, error))
      reader.error(error.source().begin, "malformed TOML in string: expects a closing quote, got the end of the line");
    else
      reader.error(pointToLiteral(file, description, error.source().begin), rephrase(description));
    return std::nullopt;
  }
}

} // namespace espalier
