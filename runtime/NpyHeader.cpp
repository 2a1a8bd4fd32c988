//===- NpyHeader.cpp - The header of a .npy file --------------------*- C++ -*-===//
//
// A recursive-descent parser of three keys; everything unexpected is an error.
//
//===----------------------------------------------------------------------===//

#include "runtime/NpyHeader.h"

#include "runtime/Error.h"

#include <charconv>
#include <set>

using namespace espalier::runtime;

namespace {

/// NumPy itself allows 32 axes (64 since version 2).
constexpr size_t maxAxes = 64;

/// Words of the file inside a message: what could harm a terminal replaced, cut where they are long.
std::string quoteWord(std::string_view text) {
  constexpr size_t most = 40;
  std::string result(text.substr(0, most));
  for (char &character : result)
    if (character < ' ' || character > '~')
      character = '?';
  return "'" + result + (text.size() > most ? "...'" : "'");
}

class Parser {
public:
  Parser(std::string_view text, const std::string &path) : text(text), path(path) {}

  NpyHeader parse() {
    expect('{');
    std::set<std::string> seen;
    while (!accept('}')) {
      std::string key = string();
      expect(':');
      if (!seen.insert(key).second)
        fail("key " + quoteWord(key) + " twice");
      value(key);
      if (!accept(',') && peek() != '}')
        fail("no comma or closing brace after " + quoteWord(key));
    }
    if (peek() != '\0' || position != text.size())
      fail("text after the closing brace");
    if (seen.size() != 3)
      fail("not all of the keys");
    return header;
  }

private:
  [[noreturn]] void fail(const std::string &found) {
    throw Error(path, "expects a .npy header with the keys descr, fortran_order and shape, got " + found);
  }

  void skipSpace() {
    while (position < text.size() && std::string_view(" \t\r\n").find(text[position]) != std::string_view::npos)
      ++position;
  }
  char peek() {
    skipSpace();
    return position < text.size() ? text[position] : '\0';
  }
  bool accept(char character) {
    if (peek() != character || position == text.size())
      return false;
    ++position;
    return true;
  }
  void expect(char character) {
    if (!accept(character))
      fail(std::string("no '") + character + "' where one belongs");
  }
  bool acceptWord(std::string_view word) {
    skipSpace();
    if (text.substr(position, word.size()) != word)
      return false;
    position += word.size();
    return true;
  }

  std::string string() {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      fail("no quoted text where some belongs");
    size_t end = text.find(quote, position + 1);
    if (end == std::string_view::npos)
      fail("an open quotation");
    std::string result(text.substr(position + 1, end - position - 1));
    position = end + 1;
    return result;
  }

  void value(const std::string &key) {
    if (key == "descr")
      return elementType();
    if (key == "shape")
      return shape();
    if (key != "fortran_order")
      fail("the key " + quoteWord(key));
    header.fortranOrder = acceptWord("True");
    if (!header.fortranOrder && !acceptWord("False"))
      fail("a fortran_order that is neither True nor False");
  }

  void elementType() {
    if (peek() == '[')
      throw Error(path, "expects plain numbers, got records with named fields");
    std::string descr = string();
    std::string_view rest = descr;
    if (!rest.empty() && std::string_view("<>|=").find(rest.front()) != std::string_view::npos) {
      header.byteOrder = rest.front();
      rest.remove_prefix(1);
    }
    header.kind = rest.empty() ? '?' : rest.front();
    rest.remove_prefix(rest.empty() ? 0 : 1);
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), header.width);
    bool parsed = error == std::errc() && end == rest.data() + rest.size();
    if (!parsed || !supported())
      throw Error(path,
                  "expects booleans, integers or reals of 16, 32 or 64 bits, got elements of type " + quoteWord(descr));
  }

  bool supported() const {
    int64_t width = header.width;
    if (header.kind == 'b')
      return width == 1;
    if (header.kind == 'f')
      return width == 2 || width == 4 || width == 8;
    return (header.kind == 'i' || header.kind == 'u') && (width == 1 || width == 2 || width == 4 || width == 8);
  }

  void shape() {
    expect('(');
    while (!accept(')')) {
      header.shape.push_back(extent());
      if (header.shape.size() > maxAxes)
        fail("a shape of more than " + std::to_string(maxAxes) + " axes");
      if (!accept(',') && peek() != ')')
        fail("a shape without its closing parenthesis");
    }
  }

  int64_t extent() {
    skipSpace();
    int64_t result = 0;
    auto [end, error] = std::from_chars(text.data() + position, text.data() + text.size(), result);
    if (error == std::errc::result_out_of_range)
      fail("an extent beyond 64 bits");
    if (error != std::errc())
      fail("an extent that is no integer");
    if (result < 0)
      fail("the negative extent " + std::to_string(result));
    position = static_cast<size_t>(end - text.data());
    acceptWord("L"); // Python 2 wrote long integers so.
    return result;
  }

  std::string_view text;
  const std::string &path;
  size_t position = 0;
  NpyHeader header;
};

} // namespace

NpyHeader espalier::runtime::parseNpyHeader(std::string_view text, const std::string &path) {
  return Parser(text, path).parse();
}
