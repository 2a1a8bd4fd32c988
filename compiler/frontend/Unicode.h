//===- Unicode.h - The little of Unicode that messages need -------*- C++ -*-===//
//
// Decoding of UTF-8 that survives broken bytes, and how many cells of a terminal a character takes. The C library's
// wcwidth depends on the user's locale, which must not change a diagnostic.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_UNICODE_H
#define ESPALIER_COMPILER_FRONTEND_UNICODE_H

#include <string>
#include <string_view>

namespace espalier {

struct CodePoint {
  char32_t value = 0;
  std::string_view bytes; ///< never empty; a single byte where the text is not UTF-8
  bool valid = false;
};

/// The first code point of `text`, which must not be empty. Overlong forms, surrogates and values above U+10FFFF are
/// not valid UTF-8.
CodePoint decode(std::string_view text);

/// Characters that change the terminal's state instead of showing something, the bidirectional overrides included.
bool isControl(char32_t point);

/// Cells that a character takes: 0 for combining marks, 2 for East Asian wide characters and emoji, else 1.
int displayWidth(char32_t point);

/// Code points of `text`, broken bytes counting one each.
size_t countCharacters(std::string_view text);

/// `text` in single quotes, control characters and broken bytes replaced, cut where it is very long: a user's own
/// words inside a message.
std::string quote(std::string_view text, size_t maxCharacters = 60);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_UNICODE_H
