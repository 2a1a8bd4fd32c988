//===- LeafRange.cpp - What leaves can send -------------------------------===//
//
// Gaussian fields differ by h_a - h_b = lambda (e_a - e_b) . (z - lambda (e_a + e_b) / 2) / sigma^2: linear in every
// component of z, a quadratic in lambda, and a multiple of 1 / sigma^2, each over an interval. Bounds on differences
// are exact for each pair, and lose that z ties all of them together: where sigma may be small, that is little, because
// every state can then be as good as certain.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/relu/Ranges.h"

namespace espalier::relu {
namespace {

/// Largest lambda d (z - lambda m), d = e_a - e_b, m = (e_a + e_b) / 2, for z in the box at a fixed lambda. It is a
/// product, so that what both values have in common cancels within m's difference from z alone.
double largestAt(const Model &model, const GaussianBox &box, int64_t a, int64_t b, double lambda) {
  double sum = 0;
  for (int64_t i = 0; i < model.valueSize; ++i) {
    double ea = model.values[a * model.valueSize + i], eb = model.values[b * model.valueSize + i], d = ea - eb;
    double m = lambda * (ea / 2 + eb / 2);
    sum += lambda * std::max(d * (box.low - m), d * (box.high - m));
  }
  return sum;
}

/// The same over all lambda: at an end of the interval, or where the parabola through three of its values has its top.
/// For lambda of both signs the box's best corner changes at 0.
double largest(const Model &model, const GaussianBox &box, int64_t a, int64_t b) {
  double low = box.lambdaLow, high = box.lambdaHigh;
  auto at = [&](double lambda) { return largestAt(model, box, a, b, lambda); };
  double most = std::max(at(low), at(high));
  double one = at(1), two = at(2); // value = p lambda - q lambda^2
  double q = (2 * one - two) / 2, p = one + q;
  if (q > 0 && p / (2 * q) > low && p / (2 * q) < high)
    most = std::max(most, at(p / (2 * q)));
  return most;
}

} // namespace

Pairs leafDifferences(const Model &model, const ReluOptions &options) {
  Pairs differences(model.leafStates(), kInfinity);
  if (options.leaves != ReluLeaves::Gaussian)
    return differences;
  const GaussianBox &box = options.box;
  for (int64_t a = 0; a < model.leafStates(); ++a)
    for (int64_t b = 0; b < model.leafStates(); ++b) {
      if (a == b)
        continue;
      double most = largest(model, box, a, b);
      double sigma = most > 0 ? box.sigmaLow : box.sigmaHigh;
      // Missing leaves send zeros.
      differences(a, b) = std::max(0.0, most / (sigma * sigma)) * (1 + kSafety);
    }
  return differences;
}

} // namespace espalier::relu
