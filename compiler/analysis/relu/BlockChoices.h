//===- BlockChoices.h - One block at every number of knots --------*- C++ -*-===//
//
// Places knots on demand, and remembers where and with what error.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_BLOCKCHOICES_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_BLOCKCHOICES_H

#include "compiler/analysis/relu/Certify.h"

#include <map>

namespace espalier::relu {

class BlockChoices {
public:
  BlockChoices(const LevelBounds &level, Precision precision);

  /// Symbols take one ReLU for exp.
  bool expIsFixed() const { return !level.points.empty(); }
  /// Pieces needed for an error of 1 (of eps; of log): others need that much times error^(-1/2).
  double expScale() const { return integral(kKappas[envelope]) / std::sqrt(8.0); }
  double logScale() const { return std::log(level.high / level.low) / std::sqrt(8.0); }
  /// Index of the envelope that knots are placed for.
  size_t kappaIndex() const { return envelope; }
  const LevelBounds &bounds() const { return level; }

  ReluBlock block(int64_t expPieces, int64_t logPieces);
  BlockErrors errors(int64_t expPieces, int64_t logPieces);

private:
  double integral(double candidate) const;
  const PiecewiseLinear &expOf(int64_t pieces);
  const PiecewiseLinear &logOf(int64_t pieces);

  const LevelBounds &level;
  Precision precision;
  size_t envelope = kKappaCount - 1;
  std::map<int64_t, PiecewiseLinear> exps, logs;
  std::map<std::pair<int64_t, int64_t>, BlockErrors> measured;
};

} // namespace espalier::relu

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_BLOCKCHOICES_H
