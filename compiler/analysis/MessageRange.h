//===- MessageRange.h - How large and how unequal messages can get -*- C++ -*-===//
//
// Range analysis: from the kernels alone, bounds on the entries of every message that evidence of a kind can cause.
// It decides what is exact in floating point: the linear domain or the log domain, and where to rescale.
//
// A message matters only up to a factor. What can go wrong is (1) that its overall size leaves the range of the
// type, which rescaling cures, and (2) that the ratio between two entries that both still count does, which only the
// log domain cures. A kernel with positive entries bounds (2) whatever the evidence: the ratio of two entries of
// K h is at most max K[s, a] / K[s', a] (Birkhoff's projective diameter, one side of it). A kernel with zeros does not.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_MESSAGERANGE_H
#define ESPALIER_COMPILER_ANALYSIS_MESSAGERANGE_H

#include "compiler/analysis/Model.h"

namespace espalier {

enum class Precision { F32, F64 };

/// Whether leaf messages are one-hot or all ones (`Exact`: symbols), or can be anything (`Any`: gaussian, soft).
enum class LeafMessages { Exact, Any };

/// Bounds for the messages across the edges of one level l >= 1, and at its parents. All logs are natural.
struct LevelRange {
  /// A common factor per message suffices to compute K h (upward) or transpose(K) w (downward) exactly; otherwise
  /// each sum needs its own maximum.
  bool upShared = false;
  bool downShared = false;
  /// What children send up has no zeros, and its ratios fit the type: a sum of logs may be undone by subtraction.
  bool positive = false;
  /// Bound on log(max / min) over the non-zero entries of what a child sends up, of a parent's product of these, and of
  /// what a parent sends down; infinite where there is none.
  double up = 0;
  double node = 0;
  double down = 0;
  /// In the linear domain: normalize the parent's product (message of level l-1), or what goes down to level l.
  bool rescaleUp = false;
  bool rescaleDown = false;
};

struct MessageRanges {
  /// The linear domain is exact on every level.
  bool linear = false;
  std::vector<LevelRange> levels; ///< levels[l - 1] is level l
};

MessageRanges analyzeMessageRanges(const Model &model, LeafMessages leaves, Precision precision);

} // namespace espalier

#endif // ESPALIER_COMPILER_ANALYSIS_MESSAGERANGE_H
