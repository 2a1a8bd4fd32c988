//===- Lines.cpp - The lines of a piecewise linear function ---------------===//

#include "compiler/conversion/support/Lines.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <bit>
#include <cmath>

using llvm::ArrayRef;

namespace espalier {
namespace {

/// Beyond the innermost cache, but not beyond the next: 64 KiB in single precision, 128 in double.
constexpr int64_t kMostBuckets = 4096;

int64_t bitsOf(double x, bool isSingle) {
  return isSingle ? std::bit_cast<int32_t>(static_cast<float>(x)) : std::bit_cast<int64_t>(x);
}

double rounded(double x, bool isSingle) { return isSingle ? static_cast<float>(x) : x; }

/// Fills in what holds in each bucket; false where there is one with two knots.
bool placeKnots(Buckets &buckets, const Lines &lines, bool isSingle) {
  int64_t count = buckets(buckets.high, isSingle) + 1, previous = -1;
  if (count > kMostBuckets)
    return false;
  buckets.lines.resize(count);
  size_t piece = 0;
  for (auto [j, knot] : llvm::enumerate(lines.knots)) {
    int64_t bucket = buckets(knot, isSingle);
    if (bucket == previous)
      return false;
    for (int64_t between = previous + 1; between < bucket; ++between)
      buckets.lines[between] = {lines.lines[piece], lines.lines[piece]};
    buckets.lines[bucket] = {lines.lines[j], lines.lines[j + 1]};
    piece = j + 1;
    previous = bucket;
  }
  for (int64_t between = previous + 1; between < count; ++between)
    buckets.lines[between] = {lines.lines[piece], lines.lines[piece]};
  return true;
}

Buckets reaching(const Lines &lines) {
  Buckets buckets;
  buckets.low = lines.knots.front();
  buckets.high = lines.knots.back();
  return buckets;
}

std::optional<Buckets> byPlace(const Lines &lines, bool isSingle) {
  for (double count = static_cast<double>(lines.knots.size()); count <= kMostBuckets; count = std::ceil(count * 1.1)) {
    Buckets buckets = reaching(lines);
    buckets.scale = rounded((count - 0.5) / (buckets.high - buckets.low), isSingle);
    if (std::isfinite(buckets.scale) && placeKnots(buckets, lines, isSingle))
      return buckets;
  }
  return std::nullopt;
}

std::optional<Buckets> byBits(const Lines &lines, bool isSingle) {
  for (int64_t shift = isSingle ? 23 : 52; shift >= 0 && lines.knots.front() > 0; --shift) {
    Buckets buckets = reaching(lines);
    buckets.byBits = true;
    buckets.shift = shift;
    if (buckets(buckets.high, isSingle) >= kMostBuckets)
      break;
    if (placeKnots(buckets, lines, isSingle))
      return buckets;
  }
  return std::nullopt;
}

} // namespace

double Units::operator()(double x) const {
  double sum = offset;
  for (size_t j = 0; j < in.size(); ++j)
    sum += out[j] * std::max(0.0, in[j] * x + bias[j]);
  return sum;
}

Lines::Lines(const Units &units) {
  for (size_t j = 0; j < units.in.size(); ++j) {
    if (units.in[j] != 0 && units.out[j] != 0)
      knots.push_back(-units.bias[j] / units.in[j]);
    isConvex &= units.out[j] >= 0;
    isConcave &= units.out[j] <= 0;
  }
  llvm::sort(knots);
  knots.erase(std::unique(knots.begin(), knots.end()), knots.end());
  for (size_t piece = 0; piece <= knots.size(); ++piece) {
    Line line;
    for (size_t j = 0; j < units.in.size(); ++j) {
      double knot = units.in[j] == 0 ? 0 : -units.bias[j] / units.in[j];
      bool isRight = piece > 0 && knot <= knots[piece - 1];
      if (units.in[j] > 0 ? isRight : !isRight)
        line.slope += units.out[j] * units.in[j];
    }
    // On the line at a knot of its own; at the nearer one to 0 least is rounded away.
    double at = knots.empty() ? 0 : knots[piece > 0 ? piece - 1 : 0];
    line.intercept = units(at) - line.slope * at;
    lines.push_back(line);
  }
}

int64_t Buckets::operator()(double x, bool isSingle) const {
  x = std::min(std::max(x, low), high);
  if (byBits)
    return (bitsOf(x, isSingle) - bitsOf(low, isSingle)) >> shift;
  if (isSingle)
    return static_cast<int64_t>((static_cast<float>(x) - static_cast<float>(low)) * static_cast<float>(scale));
  return static_cast<int64_t>((x - low) * scale);
}

std::optional<Buckets> findBuckets(const Lines &lines, bool isSingle) {
  bool exact = llvm::all_of(lines.knots, [&](double knot) { return rounded(knot, isSingle) == knot; });
  if (lines.knots.size() < 2 || !exact || !(lines.isConvex || lines.isConcave))
    return std::nullopt;
  std::optional<Buckets> place = byPlace(lines, isSingle), bits = byBits(lines, isSingle);
  if (!place || !bits)
    return place ? place : bits;
  return bits->lines.size() < place->lines.size() ? bits : place;
}

} // namespace espalier
