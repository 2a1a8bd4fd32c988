//===- Excerpt.h - One line of a file, ready to print -------------*- C++ -*-===//
//
// Turns a line of a user's file into what a terminal can show in a row: tabs become spaces, control characters and
// broken bytes a replacement character, and long lines are cut around the place of interest.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_EXCERPT_H
#define ESPALIER_COMPILER_FRONTEND_EXCERPT_H

#include <cstdint>
#include <string>
#include <string_view>

namespace espalier {

struct Excerpt {
  std::string text;
  size_t caret = 0; ///< display cells left of the caret
};

/// `column` counts characters from 1 and may lie past the end of the line. Line ends are not part of the excerpt.
Excerpt makeExcerpt(std::string_view line, int64_t column);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_EXCERPT_H
