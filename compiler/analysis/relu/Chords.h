//===- Chords.h - exp and log by chords between knots -------------*- C++ -*-===//
//
// Where knots go, and how far chords are from the function. A chord of exp lies above it, a chord of log below it: both
// errors have one sign, so that the oscillation of an error is at most its maximum.
//
// The error of exp is stated against an *envelope*: E(u) - e^u <= eps (kappa + e^u). kappa = 0 is a relative error, a
// large kappa an absolute one; what a level needs is in between (EdgeBounds.h). Equal error per chord under it is what
// takes the fewest knots.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_CHORDS_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_CHORDS_H

#include "compiler/analysis/relu/ReluNetwork.h"

#include <span>

namespace espalier::relu {

/// Chords of exp for inputs in [-span, 0] whose `pieces` >= 1 have about equal error under the envelope; kappa > 0
/// where `span` is infinite. Knots are numbers of `precision`.
PiecewiseLinear expChords(int64_t pieces, double kappa, double span, Precision precision);

/// The least eps of the envelope that holds on [-span, 0]; infinite where there is none.
double expError(const PiecewiseLinear &chords, double kappa, double span);

/// exp of 0 and of log 0, exactly, by one ReLU: what symbols need.
PiecewiseLinear oneHotExp();

/// Chords of log (less log of the last knot) on [low, high], 0 < low <= high, of equal error.
PiecewiseLinear logChords(int64_t pieces, double low, double high, Precision precision);

/// The same, but only what happens at `points` (ascending, positive) counts: at most `pieces` chords, exact where that
/// is enough for a knot at every point.
PiecewiseLinear logChordsAt(int64_t pieces, std::span<const double> points, Precision precision);

/// Largest log x - Lg(x), up to the constant, on [low, high]; infinite where chords do not cover it.
double logError(const PiecewiseLinear &chords, double low, double high);
double logErrorAt(const PiecewiseLinear &chords, std::span<const double> points);

/// Largest x dLg/dx: what a relative error of x becomes. Between 1 and 1 plus half the log of a piece's ratio.
double logSlope(const PiecewiseLinear &chords);

} // namespace espalier::relu

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_CHORDS_H
