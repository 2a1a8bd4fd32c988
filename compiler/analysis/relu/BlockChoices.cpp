//===- BlockChoices.cpp - One block at every number of knots --------------===//

#include "compiler/analysis/relu/BlockChoices.h"

#include "compiler/analysis/relu/Chords.h"

namespace espalier::relu {

/// Takes the kappa for which the block's error takes the fewest knots: n^2 ~ (contraction + kappa sharpness)
/// integral^2 / error.
BlockChoices::BlockChoices(const LevelBounds &level, Precision precision)
    : level(level), precision(precision), kappa(1) {
  double contraction = 0, sharpness = 0, least = kInfinity;
  for (const EdgeBounds &edge : level.edges) {
    contraction = std::max(contraction, edge.contraction.largest());
    sharpness = std::max(sharpness, edge.sharpness.largest());
  }
  for (double candidate : {0.0, 0.005, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 3.0, 10.0}) {
    double knots = integral(candidate);
    double cost = (contraction + candidate * sharpness) * knots * knots;
    if (std::isfinite(cost) && cost < least) {
      least = cost;
      kappa = candidate;
    }
  }
}

/// Of sqrt(e^u / (kappa + e^u)) over the range of u: chords of width w err by e^u w^2 / 8.
double BlockChoices::integral(double candidate) const {
  if (candidate == 0)
    return std::max(level.span, kLeastSpan);
  double root = std::sqrt(candidate);
  return 2 * (std::asinh(1 / root) - std::asinh(std::exp(-std::max(level.span, kLeastSpan) / 2) / root));
}

const PiecewiseLinear &BlockChoices::expOf(int64_t pieces) {
  auto [place, isNew] = exps.try_emplace(pieces);
  if (isNew)
    place->second = expIsFixed() ? oneHotExp() : expChords(pieces, kappa, level.span, precision);
  return place->second;
}

const PiecewiseLinear &BlockChoices::logOf(int64_t pieces) {
  auto [place, isNew] = logs.try_emplace(pieces);
  if (isNew)
    place->second = level.points.empty() ? logChords(pieces, level.low, level.high, precision)
                                         : logChordsAt(pieces, level.points, precision);
  return place->second;
}

ReluBlock BlockChoices::block(int64_t expPieces, int64_t logPieces) { return {expOf(expPieces), logOf(logPieces)}; }

BlockErrors BlockChoices::errors(int64_t expPieces, int64_t logPieces) {
  auto [place, isNew] = measured.try_emplace({expPieces, logPieces});
  if (isNew)
    place->second = measureBlock(block(expPieces, logPieces), kappa, level, precision);
  return place->second;
}

} // namespace espalier::relu
