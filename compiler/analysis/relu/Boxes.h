//===- Boxes.h - Boxes of weights, and what is largest on them ----*- C++ -*-===//
//
// The boxes around a set of messages (EdgeBounds.h), and the two problems that are solved exactly on a box: the largest
// ratio of two sums, and the largest difference of two distributions on a set of states.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_BOXES_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_BOXES_H

#include "compiler/analysis/relu/Numbers.h"

#include <span>

namespace espalier::relu {

/// Weights w_a in [low_a, high_a].
struct Box {
  int64_t reference = 0; ///< the state with w = 1
  std::vector<double> low, high;
};

struct Boxes {
  /// Each holds the whole set; may be empty.
  std::vector<Box> relaxed;
  /// Together they hold the set, normalized. Empty where there would be too many to look at.
  std::vector<Box> normalized;
};

/// For many states only some boxes are looked at: bounds stay valid, and get looser.
Boxes boxesAround(const Pairs &differences);

/// The normalized box about state b; empty where b cannot be the largest.
Box normalizedBox(const Pairs &differences, int64_t b);

/// Sup over the box of sum n_a w_a / sum d_a w_a; n, d >= 0. Where it is at most `known`, that may be returned instead,
/// which takes less time.
double largestRatio(const double *n, const double *d, const Box &box, double known = 0);

/// Sup over the box of sum c_a (kappa + w_a) / sum p_a w_a, the reference left out of the upper sum; c, p >= 0. `known`
/// as before.
double largestGain(const std::vector<double> &c, const double *p, double kappa, const Box &box, double known = 0);

/// Two rows in an order such that q/p rises. For k in 1..size-1, bound[k] is the largest value on the box of the
/// probability of the first k states under p w (normalized) less that under q w.
void differencesOfPrefixes(std::span<const double> p, std::span<const double> q, const Box &box,
                           std::span<const int64_t> order, std::vector<double> &bound);

} // namespace espalier::relu

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_BOXES_H
