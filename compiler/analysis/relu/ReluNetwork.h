//===- ReluNetwork.h - A ReLU network and its certificate ---------*- C++ -*-===//
//
// The paper's network of ReLUs for a model: every q = log K exp h becomes log and exp replaced by chords between knots,
// W1 ReLU(W2 ReLU(W3 [u; 1])) with u = h - max h. This analysis chooses the knots for a tolerance, with as few hidden
// units as it can, and proves how far the network's answers can be from those of exact belief propagation on the model
// as written, rounding included. docs/rationale-relu.md has the proof. Plain doubles, free of MLIR.
//
// What the network must do for the certificate to hold:
//   * kernels and prior are those of `prepared`;
//   * inputs of every block are norm layers: their maximum is exactly 0; log 0 is the floor -1e30;
//   * decoder blocks subtract the skip: norm(b_parent - q), q the same numbers that the encoder summed;
//   * every layer computes in `precision` or better, coefficients rounded to it or better, sums in any order, with or
//     without fused operations, the piecewise linear layers separate or merged with the convolution, or each function
//     of one variable as the largest (exp) or least (log) of its lines, of all or of some that hold the right one;
//   * stems give h with an error of at most 16 (1 + |h|) units of rounding (2^-24, 2^-53) for every entry, its maximum
//     exactly 0; Gaussian ones form fields in double precision (support/GaussianField.h).
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_RELUNETWORK_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_RELUNETWORK_H

#include "compiler/analysis/Normalize.h"

#include <optional>
#include <string>

namespace espalier {

/// A monotone function, linear between its knots.
struct PiecewiseLinear {
  /// Ascending, at least two, exact in the network's precision.
  std::vector<double> knots;
  /// The function's value at each knot, in double precision.
  std::vector<double> values;

  /// ReLUs that it takes: one for every piece.
  int64_t pieces() const { return static_cast<int64_t>(knots.size()) - 1; }
};

/// One log-sum-exp. In each, as many ReLUs as there are pieces.
///
/// `exp` is convex and, left of its first knot, constant: v_0 + sum_j c_j ReLU(u - t_j) over the knots but the last,
/// all c_j >= 0 the increments of slope; u <= 0, and the last knot is 0 with value 1.
/// `log` is concave, and its last value is 0, that is log up to a constant that norm layers take away:
/// - sum_j c_j ReLU(g_j - x) over the knots but the first, all c_j >= 0. No sum in either cancels.
struct ReluBlock {
  PiecewiseLinear exp;
  PiecewiseLinear log;
};

/// What leaves send: one-hot or all zeros (`Symbol`); the field of a z in a box (`Gaussian`); anything (`Any`).
enum class ReluLeaves { Symbol, Gaussian, Any };

/// z, every component of it, clipped to [low, high]; levels of noise and signal that the certificate holds for.
struct GaussianBox {
  double low = -5, high = 5;
  double sigmaLow = 0.05, sigmaHigh = 5; ///< > 0
  double lambdaLow = 1, lambdaHigh = 1;
};

struct ReluOptions {
  /// Which answers the tolerance is about; at least one.
  bool classify = true;   ///< total variation of the root's posterior
  bool denoise = false;   ///< |E-hat - E| of any component of any leaf, in the unit of the model's values
  bool marginals = false; ///< total variation of any node's posterior, on any level
  ReluLeaves leaves = ReluLeaves::Symbol;
  GaussianBox box; ///< where leaves are `Gaussian`
  double tolerance = 1e-2;
  Precision precision = Precision::F32;

  bool downward() const { return denoise || marginals; }
};

/// What was proved of the blocks of one level and direction. Errors are oscillations, max - min over states of the
/// error of a log message: what a constant adds to it does not count.
struct ReluBlockCertificate {
  double span = 0;                ///< inputs lie in [-span, 0]; infinite where evidence can be anything
  double sumLow = 0, sumHigh = 0; ///< range of K exp u
  double contraction = 0;         ///< of errors that enter, on this range; the largest of all ranks
  int64_t expPieces = 0, logPieces = 0;
  double entering = 0;    ///< error of the input
  double delta = 0;       ///< error that the block makes in real arithmetic
  double rounding = 0;    ///< error that it makes by rounding
  double accumulated = 0; ///< up: of the parent's message, all children summed; down: of the child's belief
};

struct ReluCertificate {
  std::vector<ReluBlockCertificate> up, down; ///< [l - 1] is level l; `down` is empty for classify alone
  /// Bounds for the three answers, infinite for those that were not asked for; their maximum is at most the tolerance.
  double classify = 0, denoise = 0, marginals = 0;
  double total = 0;       ///< the largest of those asked for
  int64_t width = 0;      ///< D: hidden units of the widest layer of any block, its constant included
  int64_t units = 0;      ///< hidden units of all blocks, each level and direction counted once
  int64_t parameters = 0; ///< weights that are not zero, of all kernels
  double paperWidth = 0;  ///< D by the plain formula, every level alike (PlainFormula.h)
};

struct ReluNetwork {
  PreparedModel prepared;          ///< what runs: weights rounded to the precision
  std::vector<ReluBlock> up, down; ///< [l - 1] is level l, one block for all ranks; `down` may be empty
  ReluCertificate certificate;
};

/// A network, or one sentence on why there is none: lower-case, without a final period.
struct ReluResult {
  std::optional<ReluNetwork> network;
  std::string error;
};

/// The network with the fewest hidden units that this analysis finds for the tolerance. Fails where the tolerance is
/// not in (0, inf) or below what the precision's rounding allows (the sentence names the least that can be met, and
/// whether f64 would), where zeros of a kernel let a sum be zero, and beyond 512 states.
ReluResult chooseReluNetwork(const Model &model, const ReluOptions &options);

/// The certificate of given blocks, whatever they reach: `options.tolerance` is not used. Where blocks do not cover
/// what can enter them, its errors are infinite.
ReluResult certifyReluNetwork(const Model &model, const ReluOptions &options, const std::vector<ReluBlock> &up,
                              const std::vector<ReluBlock> &down);

} // namespace espalier

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_RELUNETWORK_H
