//===- TomlFile.cpp - The syntax of a model file --------------------------===//
//
// toml++ words its errors as "Error while parsing X: Y"; we say "malformed TOML in X: Y" in our own form.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/TomlFile.h"

#include "compiler/frontend/KeyDepth.h"
#include "compiler/frontend/Unicode.h"

#include <cctype>

namespace espalier {

namespace {

std::string rephrase(std::string_view description) {
  constexpr std::string_view head = "Error while parsing ";
  while (description.ends_with('.'))
    description.remove_suffix(1);
  if (description.starts_with(head))
    return "malformed TOML in " + std::string(description.substr(head.size()));
  std::string text(description);
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
  size_t open = description.find(": '");
  size_t close = description.find('\'', open == std::string_view::npos ? open : open + 3);
  if (open == std::string_view::npos || close == std::string_view::npos)
    return place;
  std::string_view literal = description.substr(open + 3, close - open - 3);
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
    return toml::parse(std::string_view(file.text()), std::string_view(file.path()));
  } catch (const toml::parse_error &error) {
    std::string_view description = error.description();
    if (isOpenString(file, error))
      reader.error(error.source().begin, "malformed TOML in string: expected a closing quote, saw the end of the line");
    else
      reader.error(pointToLiteral(file, description, error.source().begin), rephrase(description));
    return std::nullopt;
  }
}

} // namespace espalier
