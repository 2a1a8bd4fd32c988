//===- Unicode.cpp - The little of Unicode that messages need -------------===//
//
// The width table merges neighbouring blocks of Unicode's EastAsianWidth; it only decides where a caret is drawn.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Unicode.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace espalier {

namespace {

struct Range {
  char32_t first, last;
};

constexpr Range controls[] = {{0x0, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}};

constexpr Range zeroWidth[] = {{0x300, 0x36F},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},
                               {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF}};

constexpr Range doubleWidth[] = {{0x1100, 0x115F},  {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xA960, 0xA97F},
                                 {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                 {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
                                 {0x20000, 0x3FFFD}};

template <size_t N> bool isIn(char32_t point, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](Range range) { return range.first <= point && point <= range.last; });
}

/// Bytes of the sequence that `lead` opens; 0 where none does.
size_t sequenceLength(unsigned char lead) {
  if (lead < 0x80)
    return 1;
  if (lead >= 0xC2 && lead <= 0xDF)
    return 2;
  if (lead >= 0xE0 && lead <= 0xEF)
    return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

bool isScalarValue(char32_t value, size_t length) {
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  return value >= smallest[length] && value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

} // namespace

CodePoint decode(std::string_view text) {
  CodePoint broken{0xFFFD, text.substr(0, 1), false};
  auto lead = static_cast<unsigned char>(text.front());
  size_t length = sequenceLength(lead);
  if (length == 0 || length > text.size())
    return broken;
  char32_t value = length == 1 ? lead : lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80)
      return broken;
    value = value << 6 | (next & 0x3F);
  }
  return isScalarValue(value, length) ? CodePoint{value, text.substr(0, length), true} : broken;
}

bool isControl(char32_t point) { return isIn(point, controls); }

int displayWidth(char32_t point) { return isIn(point, zeroWidth) ? 0 : isIn(point, doubleWidth) ? 2 : 1; }

size_t countCharacters(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count)
    text.remove_prefix(decode(text).bytes.size());
  return count;
}

std::string quote(std::string_view text, size_t maxCharacters) {
  std::string quoted = "'";
  for (size_t count = 0; !text.empty(); ++count) {
    if (count == maxCharacters) {
      quoted += "...";
      break;
    }
    CodePoint point = decode(text);
    text.remove_prefix(point.bytes.size());
    if (point.valid && !isControl(point.value))
      quoted += point.bytes;
    else
      quoted += "\xEF\xBF\xBD";
  }
  return quoted + "'";
}

} // namespace espalier
