//===- BlockChoices.cpp - One block at every number of knots --------------===//

#include "compiler/analysis/relu/BlockChoices.h"

#include "compiler/analysis/relu/Chords.h"

namespace espalier::relu {

/// Takes the envelope under which the block's error takes the fewest knots: n^2 ~ gain integral^2 / error.
BlockChoices::BlockChoices(const LevelBounds &level, Precision precision) : level(level), precision(precision) {
  double least = kInfinity;
  for (size_t i = 0; i < kKappaCount; ++i) {
    double gain = 0, knots = integral(kKappas[i]);
    for (const EdgeBounds &edge : level.edges)
      gain = std::max(gain, edge.gains[i].largest());
    if (std::isfinite(gain * knots) && gain * knots * knots < least) {
      least = gain * knots * knots;
      envelope = i;
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
    place->second = expIsFixed() ? oneHotExp() : expChords(pieces, kKappas[envelope], level.span, precision);
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
    place->second = measureBlock(block(expPieces, logPieces), std::span(&envelope, 1), level, precision);
  return place->second;
}

} // namespace espalier::relu
