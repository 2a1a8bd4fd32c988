//===- EdgeBounds.h - What one matrix does to messages and errors -*- C++ -*-===//
//
// f_s(h) = log sum_a K[s, a] e^{h_a}, for all h of a set that is given by bounds on differences, h_a - h_b <= D[a, b].
// With w = e^h every question is about ratios of sums that are linear in w. The set is not a box, but it lies in boxes:
//   * in each *relaxed* box, w_b = 1 for one b, w_a in [e^-D[b, a], e^D[a, b]]: the least bound of any b holds;
//   * in the union of the *normalized* boxes, the same with w_a <= 1, as some entry is the largest: the largest bound
//   of
//     all b holds.
// On a box, a ratio of sums is largest with every w_a at one of its ends.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_EDGEBOUNDS_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_EDGEBOUNDS_H

#include "compiler/analysis/relu/Numbers.h"

namespace espalier::relu {

/// A matrix [outputs x inputs], row-major.
struct Weights {
  int64_t outputs = 0, inputs = 0;
  std::vector<double> entries;
  const double *row(int64_t s) const { return entries.data() + s * inputs; }
};

/// Envelopes eps (kappa + e^u) that errors of exp are bounded by; the last one is as good as absolute.
inline constexpr double kKappas[] = {0, 0.01, 0.03, 0.07, 0.15, 0.3, 0.6, 1.2, 3, 1000};
inline constexpr size_t kKappaCount = std::size(kKappas);

struct EdgeBounds {
  /// (s, t) bounds f_s - f_t.
  Pairs differences;
  /// (s, t) bounds the total variation of p_s and p_t, p_s[a] = K[s, a] w_a / sum: if h changes by an oscillation of e
  /// within the set, f_s - f_t changes by at most this times e.
  Pairs contraction;
  /// (s, t) bounds the sum over a of max(0, K[s, a] / x_s - K[t, a] / x_t), x = K w, w normalized to maximum 1 and the
  /// a with w_a = 1 left out: what an absolute error of all other weights does to f_s - f_t.
  Pairs sharpness;
  /// [i] (s, t): what an error of kKappas[i] + w_a of each weight, but the largest one, does to f_s - f_t. Finite where
  /// sums cannot vanish.
  std::vector<Pairs> gains;
  /// x_s lies in [low, high] for w normalized to maximum 1; w may be raised to 1.
  double low = kInfinity, high = 0;

  /// Bounds for either of two matrices.
  void maximize(const EdgeBounds &other);
};

EdgeBounds boundEdge(const Weights &weights, const Pairs &inputs);

} // namespace espalier::relu

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_EDGEBOUNDS_H
