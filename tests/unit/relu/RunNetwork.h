//===- RunNetwork.h - The network of ReLUs, as it is defined ------*- C++ -*-===//
//
// Runs a chosen network in any number type: float and double are what a program does, long double shows the errors of
// the chords alone. ReLUs, products and norm layers only; the knots are all that it takes from the analysis.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_RELU_RUNNETWORK_H
#define ESPALIER_TESTS_UNIT_RELU_RUNNETWORK_H

#include "compiler/analysis/relu/ReluNetwork.h"
#include "tests/unit/analysis/Propagate.h"

namespace espalier::test {

/// Increments of slope, each the coefficient of one ReLU. Of exp in the order of its knots, of log from the last one.
inline std::vector<double> reluCoefficients(const PiecewiseLinear &chords, bool fromRight) {
  std::vector<double> slopes, coefficients;
  for (size_t j = 0; j + 1 < chords.knots.size(); ++j)
    slopes.push_back((chords.values[j + 1] - chords.values[j]) / (chords.knots[j + 1] - chords.knots[j]));
  if (fromRight)
    std::reverse(slopes.begin(), slopes.end());
  for (size_t j = 0; j < slopes.size(); ++j)
    coefficients.push_back(slopes[j] - (j > 0 ? slopes[j - 1] : 0));
  return coefficients;
}

/// q = Lg(K E(u)) for one edge.
template <typename Real> class BlockRun {
public:
  /// `merged` multiplies kernel and coefficients of exp before, and sums all products in one row.
  BlockRun(const ReluBlock &block, bool merged)
      : block(block), merged(merged), exp(reluCoefficients(block.exp, false)), log(reluCoefficients(block.log, true)) {}

  std::vector<Real> operator()(const std::vector<double> &weights, const std::vector<Real> &u) const {
    const size_t outputs = weights.size() / u.size();
    std::vector<Real> result;
    for (size_t s = 0; s < outputs; ++s)
      result.push_back(logOf(row(weights.data() + s * u.size(), u)));
    return result;
  }

  Real expOf(Real u) const {
    Real sum = static_cast<Real>(block.exp.values.front());
    for (size_t j = 0; j < exp.size(); ++j)
      sum += static_cast<Real>(exp[j]) * std::max(Real(0), u - static_cast<Real>(block.exp.knots[j]));
    return sum;
  }

  Real logOf(Real x) const {
    Real sum = 0;
    for (size_t j = 0; j < log.size(); ++j)
      sum += static_cast<Real>(log[j]) * std::max(Real(0), static_cast<Real>(*(block.log.knots.rbegin() + j)) - x);
    return -sum;
  }

private:
  Real row(const double *weights, const std::vector<Real> &u) const {
    Real sum = 0;
    for (size_t a = 0; a < u.size(); ++a) {
      if (!merged) {
        sum += static_cast<Real>(weights[a]) * expOf(u[a]);
        continue;
      }
      sum += static_cast<Real>(weights[a] * block.exp.values.front());
      for (size_t j = 0; j < exp.size(); ++j)
        sum += static_cast<Real>(weights[a] * exp[j]) * std::max(Real(0), u[a] - static_cast<Real>(block.exp.knots[j]));
    }
    return sum;
  }

  const ReluBlock &block;
  bool merged;
  std::vector<double> exp, log;
};

template <typename Real> void norm(std::vector<Real> &h) {
  Real most = *std::max_element(h.begin(), h.end());
  for (Real &entry : h)
    entry -= most;
}

template <typename Real> std::vector<Real> softmax(std::vector<Real> b) {
  norm(b);
  Real sum = 0;
  for (Real &entry : b)
    sum += entry = std::exp(entry);
  for (Real &entry : b)
    entry /= sum;
  return b;
}

template <typename Real> void accumulate(std::vector<Real> &sum, const std::vector<Real> &term) {
  for (size_t s = 0; s < sum.size(); ++s)
    sum[s] += term[s];
}

/// Row-major [parents x children], or its transpose.
inline std::vector<double> kernelOf(const Model &model, int64_t l, int64_t node, bool transposed) {
  const int64_t parents = model.states(l - 1), children = model.states(l);
  std::vector<double> weights(parents * children);
  for (int64_t s = 0; s < parents; ++s)
    for (int64_t a = 0; a < children; ++a)
      weights[transposed ? a * parents + s : s * children + a] = model.kernel(l, node)[s * children + a];
  return weights;
}

template <typename Real> struct NetworkRun {
  std::vector<Messages<Real>> below;      ///< h, by level
  std::vector<Messages<Real>> beliefs;    ///< b, by level; the root's alone where the network has no decoder
  std::vector<Messages<Real>> posteriors; ///< softmax of b
};

/// The whole network; `leaves` are log messages.
template <typename Real>
NetworkRun<Real> runNetwork(const ReluNetwork &network, const Messages<double> &leaves, bool merged) {
  const Model &model = network.prepared.model;
  const int64_t depth = model.depth();
  std::vector<Messages<Real>> h(depth + 1), q(depth + 1), beliefs(depth + 1), posteriors(depth + 1);
  for (const auto &leaf : leaves)
    h[depth].emplace_back(leaf.begin(), leaf.end());
  for (int64_t l = depth; l >= 1; --l) {
    BlockRun<Real> block(network.up[l - 1], merged);
    h[l - 1].assign(model.nodes(l - 1), std::vector<Real>(model.states(l - 1), 0));
    for (int64_t v = 0; v < model.nodes(l); ++v) {
      q[l].push_back(block(kernelOf(model, l, v, false), h[l][v]));
      accumulate(h[l - 1][v / model.ranks(l)], q[l][v]);
    }
    for (auto &message : h[l - 1])
      norm(message);
  }
  Messages<Real> belief = h[0];
  for (int64_t s = 0; s < model.rootStates; ++s)
    belief[0][s] += model.prior[s] > 0 ? static_cast<Real>(std::log(model.prior[s])) : Real(-1e30);
  norm(belief[0]);
  beliefs[0] = belief;
  posteriors[0] = {softmax(belief[0])};
  for (int64_t l = 1; l <= depth && !network.down.empty(); ++l) {
    BlockRun<Real> block(network.down[l - 1], merged);
    Messages<Real> next;
    for (int64_t v = 0; v < model.nodes(l); ++v) {
      std::vector<Real> told = belief[v / model.ranks(l)];
      for (size_t s = 0; s < told.size(); ++s)
        told[s] -= q[l][v][s];
      norm(told);
      next.push_back(block(kernelOf(model, l, v, true), told));
      norm(next[v]);
      accumulate(next[v], h[l][v]);
      norm(next[v]);
      posteriors[l].push_back(softmax(next[v]));
    }
    beliefs[l] = next;
    belief = std::move(next);
  }
  return {std::move(h), std::move(beliefs), std::move(posteriors)};
}

} // namespace espalier::test

#endif // ESPALIER_TESTS_UNIT_RELU_RUNNETWORK_H
