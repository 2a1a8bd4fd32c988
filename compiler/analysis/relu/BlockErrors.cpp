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

/// Relative error of x = K E(u): sums of `terms` terms, and for each: the ReLU's input, the coefficient, its product
/// with the kernel's entry, the product with the ReLU. Slopes come from differences in double precision, whose errors
/// add up over the knots.
double sumRounding(const ReluBlock &block, const LevelBounds &level, Precision precision) {
  double states = static_cast<double>(level.inputs), pieces = static_cast<double>(block.exp.pieces()) + 1;
  double terms = std::max(states * pieces, states + pieces);
  double underflow = states * pieces * leastNormal(precision) / level.low;
  return (terms + 8) * unitRoundoff(precision) + 4 * (pieces + 2) * 0x1p-53 + underflow;
}

/// Absolute error of Lg itself, relative to the range of its values.
double logRounding(const ReluBlock &block, Precision precision) {
  double pieces = static_cast<double>(block.log.pieces());
  return (pieces + 4) * unitRoundoff(precision) + 4 * (pieces + 2) * 0x1p-53;
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
  double ofOne = relative / (1 - relative) * logSlope(block.log) + logRounding(block, precision) * errors.outputSpan;
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
