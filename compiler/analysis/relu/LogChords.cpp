//===- LogChords.cpp - log by chords between knots ------------------------===//
//
// On a piece [g, rho g] the chord has slope c / g with c = log rho / (rho - 1), and log is farthest above it at
// x = g / c, by c - 1 - log c: all pieces of one ratio have one error.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/relu/Chords.h"
#include "compiler/analysis/relu/Numbers.h"

#include <algorithm>
#include <cmath>

namespace espalier::relu {
namespace {

/// The error of a piece, by the logarithm of its ratio. Where that is small, c - 1 is -r/2 up to r^2/12: log1p keeps
/// the digits that c - 1 - log c would cancel.
double pieceError(double logRatio) {
  double excess = logRatio / std::expm1(logRatio) - 1; // c - 1, in (-1, 0]
  if (logRatio < 1e-3)
    return logRatio * logRatio / 8 * (1 + 1e-6); // the next term is of fourth order
  return excess - std::log1p(excess);
}

PiecewiseLinear throughLog(std::vector<double> knots) {
  knots.erase(std::unique(knots.begin(), knots.end()), knots.end());
  PiecewiseLinear chords{std::move(knots), {}};
  for (double g : chords.knots)
    chords.values.push_back(std::log(g / chords.knots.back()));
  return chords;
}

/// Error at x of the chord over [g, h].
double errorAt(double x, double g, double h) {
  return std::max(0.0, std::log(x / g) - (x - g) / (h - g) * std::log(h / g));
}

/// The numbers of the precision next to x, such that x is between them.
double atMost(Precision precision, double x) {
  double rounded = roundTo(precision, x);
  return rounded <= x ? rounded : static_cast<double>(std::nextafterf(static_cast<float>(rounded), 0.0F));
}
double atLeast(Precision precision, double x) {
  double rounded = roundTo(precision, x);
  return rounded >= x ? rounded : static_cast<double>(std::nextafterf(static_cast<float>(rounded), 3e38F));
}

/// Knots among the points, each piece as long as the error at the points in it stays within `error`. `logs` are those
/// of the points over the first one.
std::vector<double> knotsAt(std::span<const double> points, std::span<const double> logs, double error) {
  std::vector<double> knots = {points.front()};
  size_t from = 0;
  auto fits = [&](size_t to) {
    double slope = (logs[to] - logs[from]) / (points[to] - points[from]);
    for (size_t i = from + 1; i < to; ++i)
      if (logs[i] - logs[from] - (points[i] - points[from]) * slope > error)
        return false;
    return true;
  };
  while (from + 1 < points.size()) {
    size_t to = from + 1;
    while (to + 1 < points.size() && fits(to + 1))
      ++to;
    knots.push_back(points[to]);
    from = to;
  }
  return knots;
}

/// Knots at some of the points.
PiecewiseLinear chordsAt(int64_t pieces, std::span<const double> points, Precision precision) {
  const size_t room = static_cast<size_t>(pieces) + 1;
  std::vector<double> logs;
  for (double x : points)
    logs.push_back(std::log(x / points.front()));
  std::vector<double> knots(points.begin(), points.end());
  double low = 0, high = std::log(points.back() / points.front());
  for (int i = 0; i < 50 && knots.size() > room; ++i) {
    double middle = (low + high) / 2;
    std::vector<double> trial = knotsAt(points, logs, middle);
    (trial.size() <= room ? high : low) = middle;
    if (trial.size() <= room && (i > 30 || trial.size() == room || high < 1e-9))
      knots = std::move(trial);
  }
  if (knots.size() > room)
    knots = knotsAt(points, logs, high);
  for (double &g : knots)
    g = roundTo(precision, g);
  knots.front() = atMost(precision, points.front());
  knots.back() = atLeast(precision, points.back());
  return throughLog(std::move(knots));
}

} // namespace

PiecewiseLinear logChords(int64_t pieces, double low, double high, Precision precision) {
  low = atMost(precision, low);
  high = atLeast(precision, std::max(high, low * (1 + kLeastSpan)));
  double step = std::log(high / low) / static_cast<double>(pieces);
  std::vector<double> knots = {low};
  for (int64_t j = 1; j < pieces; ++j)
    knots.push_back(std::clamp(roundTo(precision, low * std::exp(step * static_cast<double>(j))), low, high));
  knots.push_back(high);
  return throughLog(std::move(knots));
}

PiecewiseLinear logChordsAt(int64_t pieces, std::span<const double> points, Precision precision) {
  PiecewiseLinear spread = logChords(pieces, points.front(), points.back(), precision);
  if (points.size() < 2)
    return spread;
  PiecewiseLinear chosen = chordsAt(pieces, points, precision);
  return logErrorAt(chosen, points) <= logErrorAt(spread, points) ? chosen : spread;
}

double logError(const PiecewiseLinear &chords, double low, double high) {
  const std::vector<double> &knots = chords.knots;
  if (low < knots.front() || high > knots.back())
    return kInfinity;
  double error = 0;
  for (size_t j = 0; j + 1 < knots.size(); ++j)
    if (knots[j] <= high && knots[j + 1] >= low)
      error = std::max(error, pieceError(std::log(knots[j + 1] / knots[j])));
  return error * (1 + 1e-9) + kSafety;
}

double logErrorAt(const PiecewiseLinear &chords, std::span<const double> points) {
  const std::vector<double> &knots = chords.knots;
  double error = 0;
  for (double x : points) {
    if (x < knots.front() || x > knots.back())
      return kInfinity;
    auto above = std::upper_bound(knots.begin() + 1, knots.end() - 1, x);
    error = std::max(error, errorAt(x, *(above - 1), *above));
  }
  return error + kSafety;
}

double logSlope(const PiecewiseLinear &chords) {
  double most = 1;
  for (size_t j = 0; j + 1 < chords.knots.size(); ++j) {
    double logRatio = std::log(chords.knots[j + 1] / chords.knots[j]);
    most = std::max(most, logRatio / -std::expm1(-logRatio));
  }
  return most;
}

} // namespace espalier::relu
