//===- BlockErrors.cpp - What one block adds to errors --------------------===//
//
// Rounding is bounded for products in any order, merged or not. The sums of a block have terms of one sign, so relative
// errors of its terms are relative errors of its sums.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/relu/Certify.h"

#include "compiler/analysis/relu/Chords.h"

#include <array>
#include <numeric>

namespace espalier::relu {
namespace {

/// Relative error of E(u) as the largest of lines s u + i, in units: of the line that holds 5 s |u| / E(u) + 2, where s
/// |u| / E(u) is largest at the left knot of a piece; other lines lie so far below that they add none.
double lineUnits(const PiecewiseLinear &exp) {
  double steepest = 0;
  for (int64_t j = 0; j < exp.pieces(); ++j) {
    double width = exp.knots[j + 1] - exp.knots[j];
    steepest = std::max(steepest, std::expm1(width) / width);
  }
  // Of a range without end there are no chords, and nothing is certified.
  return 3 + (exp.pieces() > 0 ? 5.1 * steepest * (1 - exp.knots.front()) : 0);
}

/// Relative error of x = K E(u). By ReLUs, sums of `terms` terms, and for each: the ReLU's input, the coefficient, its
/// product with the kernel's entry, the product with the ReLU. By lines, sums over states of a line each. Slopes come
/// from differences in double precision, whose errors add up over the knots.
double sumRounding(const ReluBlock &block, const LevelBounds &level, Precision precision) {
  double states = static_cast<double>(level.inputs), pieces = static_cast<double>(block.exp.pieces()) + 1;
  // At the two values that symbols have, the lines are exact.
  double ofLine = level.points.empty() ? lineUnits(block.exp) : 0;
  double terms = std::max(states * pieces, states + std::max(pieces, ofLine));
  double underflow = states * pieces * leastNormal(precision) / level.low;
  return (terms + 8) * unitRoundoff(precision) + 4 * (pieces + 2) * 0x1p-53 + underflow;
}

/// Absolute error of Lg itself. A sum of ReLUs errs by its own range; the least of lines s x + i by s x, which is at
/// most the relative slope where the line holds, and by i, which is at most that and the range.
double logRounding(const ReluBlock &block, double range, double slope, Precision precision) {
  double pieces = static_cast<double>(block.log.pieces());
  double units = std::max((pieces + 4) * range, 8 * slope + 2 * range);
  return units * unitRoundoff(precision) + 4 * (pieces + 2) * 0x1p-53 * (range + 2 * slope);
}

/// Symbols see exp at 0 and log 0 alone: an error only where the constant on the left is not 0.
double expErrorOn(const PiecewiseLinear &chords, double kappa, const LevelBounds &level) {
  if (level.points.empty())
    return expError(chords, kappa, level.span);
  if (chords.values.back() != 1)
    return kInfinity;
  double constant = chords.values.front();
  return constant > 0 ? constant / kappa : 0;
}

double logErrorOn(const ReluBlock &block, const LevelBounds &level) {
  if (!level.points.empty() && block.exp.values.front() == 0)
    return logErrorAt(block.log, level.points);
  return logError(block.log, level.low, level.high);
}

/// A NaN would pass every comparison that follows.
void refuseNaN(BlockErrors &errors) {
  auto check = [](double &error) {
    if (std::isnan(error))
      error = kInfinity;
  };
  for (Envelope &envelope : errors.exp)
    check(envelope.eps);
  check(errors.log);
  check(errors.rounding);
  check(errors.outputSpan);
}

} // namespace

BlockErrors measureBlock(const ReluBlock &block, std::span<const size_t> envelopes, const LevelBounds &level,
                         Precision precision) {
  BlockErrors errors;
  for (size_t index : envelopes)
    errors.exp.push_back({index, expErrorOn(block.exp, kKappas[index], level)});
  errors.log = logErrorOn(block, level);
  errors.outputSpan = -block.log.values.front() * (1 + kSafety);
  double relative = sumRounding(block, level, precision);
  // Slopes of log reach 1 / low, which must be a number of the precision.
  bool representable = relative < 0.1 && level.low > leastNormal(precision) * 0x1p26;
  double slope = logSlope(block.log);
  double ofOne = relative / (1 - relative) * slope + logRounding(block, errors.outputSpan, slope, precision);
  errors.rounding = representable ? 2 * ofOne : kInfinity;
  refuseNaN(errors);
  return errors;
}

BlockErrors measureBlock(const ReluBlock &block, const LevelBounds &level, Precision precision) {
  std::array<size_t, kKappaCount> all;
  std::iota(all.begin(), all.end(), size_t(0));
  return measureBlock(block, all, level, precision);
}

} // namespace espalier::relu
