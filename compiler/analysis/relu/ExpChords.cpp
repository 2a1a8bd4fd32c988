//===- ExpChords.cpp - exp by chords between knots ------------------------===//
//
// On a piece [t, t + w] the chord has slope s = e^t (e^w - 1) / w. chord(u) - (1 + eps) e^u is concave in u and largest
// at u* = log(s / (1 + eps)), so the piece is within the envelope where e^t + s (u* - t) - s <= eps kappa.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/relu/Chords.h"
#include "compiler/analysis/relu/Numbers.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace espalier::relu {
namespace {

/// The chord from (t, e^t) over a width w > 0.
struct Chord {
  double base, slope;
  Chord(double t, double w) : base(std::exp(t)), slope(base * std::expm1(w) / w) {}

  /// Largest chord(u) - (1 + eps) e^u on the piece; u* lies inside or at an end where the value is not positive.
  double excess(double eps) const {
    double shift = std::max(std::log(slope / base) - std::log1p(eps), 0.0);
    return base + slope * shift - (1 + eps) * base * std::exp(shift);
  }
  double slopeByWidth(double w) const { return base * (std::exp(w) * (w - 1) + 1) / (w * w); }
};

/// Width of the piece at t whose excess is eps * kappa, at most `most`. Newton's method on an excess that grows with
/// the width; knots need not be exact, their error is measured afterwards.
double pieceWidth(double t, double eps, double kappa, double most) {
  if (Chord(t, most).excess(eps) <= eps * kappa)
    return most;
  double low = 0, high = most;
  double w = std::min(std::sqrt(8 * eps * (kappa * std::exp(-t) + 1)), most / 2);
  for (int i = 0; i < 40 && high - low > 1e-9 * high; ++i) {
    Chord chord(t, w);
    double gap = chord.excess(eps) - eps * kappa;
    (gap > 0 ? high : low) = w;
    double shift = std::max(std::log(chord.slope / chord.base) - std::log1p(eps), 0.0);
    double derivative = chord.slopeByWidth(w) * shift;
    double next = derivative > 0 ? w - gap / derivative : 2 * w;
    if (std::abs(next - w) < 1e-6 * w)
      return next;
    w = next > low && next < high ? next : (low + high) / 2;
  }
  return low > 0 ? low : w;
}

/// First knot: left of it the constant e^t0 is within the envelope down to -span.
double firstKnot(double eps, double kappa, double span) { return std::log(eps * kappa + (1 + eps) * std::exp(-span)); }

/// Knots from the first one to 0, each piece as wide as eps allows; `count` also counts the part of the last piece that
/// is needed.
std::vector<double> knotsFor(double eps, double kappa, double span, double most, double &count) {
  std::vector<double> knots = {std::min(firstKnot(eps, kappa, span), -kLeastSpan)};
  count = 0;
  while (knots.back() < 0 && count < most) {
    double t = knots.back(), w = pieceWidth(t, eps, kappa, -t);
    bool last = w >= -t;
    double full = last ? pieceWidth(t, eps, kappa, -4 * t) : w;
    count += std::min(-t / full, 1.0);
    knots.push_back(last ? 0 : t + w);
  }
  return knots;
}

/// Sup of (chord - e^u) / (kappa + e^u) on a piece: the eps at which its excess is eps * kappa. Dinkelbach's iteration
/// rises to it from below.
double pieceError(double t, double w, double kappa) {
  Chord chord(t, w);
  double eps = 0;
  for (int i = 0; i < 60; ++i) {
    double shift = std::clamp(std::log(chord.slope / chord.base) - std::log1p(eps), 0.0, w);
    double value = chord.base * std::exp(shift);
    double next = (chord.base + chord.slope * shift - value) / (kappa + value);
    if (next <= eps * (1 + 1e-12))
      break;
    eps = next;
  }
  return eps;
}

/// Chords of width w err by e^u w^2 / 8: so many of equal error, were they narrow.
double guessError(double pieces, double kappa, double span) {
  double length = span;
  if (kappa > 0)
    length = 2 * (std::asinh(1 / std::sqrt(kappa)) - std::asinh(std::exp(-span / 2) / std::sqrt(kappa)));
  return length * length / (8 * pieces * pieces);
}

PiecewiseLinear throughExp(std::vector<double> knots) {
  PiecewiseLinear chords{std::move(knots), {}};
  for (double t : chords.knots)
    chords.values.push_back(std::exp(t));
  return chords;
}

} // namespace

PiecewiseLinear oneHotExp() { return {{-1, 0}, {0, 1}}; }

double expError(const PiecewiseLinear &chords, double kappa, double span) {
  const std::vector<double> &knots = chords.knots;
  bool ascending = std::ranges::adjacent_find(knots, std::ranges::greater_equal()) == knots.end();
  if (knots.size() < 2 || !ascending || !std::isfinite(knots.front()) || knots.back() != 0 ||
      chords.values.front() != std::exp(knots.front()))
    return kInfinity;
  double left = std::exp(-span), constant = chords.values.front();
  double eps = constant > left ? (constant - left) / (kappa + left) : 0;
  for (size_t j = 0; j + 1 < knots.size(); ++j)
    eps = std::max(eps, pieceError(knots[j], knots[j + 1] - knots[j], kappa));
  return eps * (1 + kSafety) + kSafety;
}

PiecewiseLinear expChords(int64_t pieces, double kappa, double span, Precision precision) {
  span = std::max(span, kLeastSpan);
  const double wanted = static_cast<double>(pieces), most = 4 * wanted + 4;
  // The least eps that `pieces` can hold. Their number falls like eps^(-1/2), which soon narrows the bracket.
  double low = 0, high = kInfinity, eps = guessError(wanted, kappa, span), count = 0;
  std::vector<double> best;
  for (int i = 0; i < 200 && high > low * 1.0001; ++i) {
    std::vector<double> knots = knotsFor(eps, kappa, span, most, count);
    bool fits = knots.back() == 0 && static_cast<int64_t>(knots.size()) <= pieces + 1;
    (fits ? high : low) = eps;
    if (fits)
      best = std::move(knots);
    if (fits && wanted - count < 1e-4 * wanted)
      break;
    double ratio = std::max(count, 0.1) / wanted, next = eps * ratio * ratio * 1.00003;
    bool inside = next > low * 1.00001 && next < high * 0.99999;
    eps = inside && i % 8 < 6 ? next : std::isfinite(high) ? (low + high) / 2 : 2 * low;
  }
  // Over a long range, few chords have relative errors beyond all numbers. Where no error counts, as of what one state
  // of a parent hears, one chord will do.
  if (best.empty() && std::isfinite(span))
    best = {-span, 0};
  for (double &t : best)
    t = roundTo(precision, t);
  best.erase(std::unique(best.begin(), best.end()), best.end());
  return throughExp(std::move(best));
}

} // namespace espalier::relu
