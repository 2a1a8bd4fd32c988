//===- Excerpt.cpp - One line of a file, ready to print -------------------===//
//
// The line is a row of glyphs, each a few bytes that take 0, 1 or 2 cells (a tab up to 8); what does not fit into
// the limit is cut on the left, on the right or on both sides and marked by dots.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Excerpt.h"

#include "compiler/frontend/Unicode.h"

#include <algorithm>
#include <vector>

namespace espalier {

namespace {

constexpr size_t tabStop = 8;
/// Longer lines are cut to this many cells.
constexpr size_t maxCells = 110;
/// Cells kept left of the caret where the left side is cut.
constexpr size_t cellsBeforeCaret = 60;
/// Characters looked at on either side of the caret; some may take no cell.
constexpr size_t neighbourhood = 512;
constexpr std::string_view dots = "...";

struct Glyph {
  std::string bytes;
  size_t width;
};

Glyph makeGlyph(const CodePoint &point, size_t cell) {
  if (point.value == U'\t') {
    size_t width = tabStop - cell % tabStop;
    return {std::string(width, ' '), width};
  }
  if (!point.valid || isControl(point.value))
    return {"\xEF\xBF\xBD", 1};
  return {std::string(point.bytes), static_cast<size_t>(displayWidth(point.value))};
}

/// At most `count` glyphs from the start of `line`, which shrinks to the rest.
std::vector<Glyph> takeGlyphs(std::string_view &line, size_t count) {
  std::vector<Glyph> glyphs;
  size_t cell = 0;
  while (!line.empty() && glyphs.size() < count) {
    CodePoint point = decode(line);
    line.remove_prefix(point.bytes.size());
    glyphs.push_back(makeGlyph(point, cell));
    cell += glyphs.back().width;
  }
  return glyphs;
}

/// Drops `count` characters, or all there are.
void skip(std::string_view &line, size_t count) {
  for (; count > 0 && !line.empty(); --count)
    line.remove_prefix(decode(line).bytes.size());
}

size_t cells(const std::vector<Glyph> &glyphs, size_t begin, size_t end) {
  size_t sum = 0;
  for (size_t i = begin; i < end; ++i)
    sum += glyphs[i].width;
  return sum;
}

std::string_view withoutLineEnd(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
    line.remove_suffix(1);
  return line;
}

} // namespace

Excerpt makeExcerpt(std::string_view line, int64_t column) {
  line = withoutLineEnd(line);
  // Generated files may hold millions of characters in a line: only the neighbourhood of the target is looked at.
  size_t target = static_cast<size_t>(std::max<int64_t>(column, 1) - 1);
  size_t skipped = target > neighbourhood ? target - neighbourhood : 0;
  skip(line, skipped);
  std::vector<Glyph> glyphs = takeGlyphs(line, 2 * neighbourhood);
  target = std::min(target - skipped, glyphs.size());

  size_t begin = 0, end = glyphs.size();
  if (cells(glyphs, 0, end) > maxCells) {
    if (cells(glyphs, 0, target) > cellsBeforeCaret)
      for (begin = target; begin > 0 && cells(glyphs, begin - 1, target) <= cellsBeforeCaret;)
        --begin;
    end = begin;
    for (size_t used = 0; end < glyphs.size() && (used += glyphs[end].width) <= maxCells;)
      ++end;
  }

  Excerpt excerpt;
  if (begin + skipped > 0)
    excerpt.text += dots;
  excerpt.caret = excerpt.text.size() + cells(glyphs, begin, target);
  for (size_t i = begin; i < end; ++i)
    excerpt.text += glyphs[i].bytes;
  if (end < glyphs.size() || !line.empty())
    excerpt.text += dots;
  return excerpt;
}

} // namespace espalier
