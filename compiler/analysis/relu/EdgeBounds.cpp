//===- EdgeBounds.cpp - What one matrix does to messages and errors -------===//

#include "compiler/analysis/relu/EdgeBounds.h"

#include "compiler/analysis/relu/Boxes.h"

#include <cmath>
#include <numeric>

namespace espalier::relu {
namespace {

class Bounder {
public:
  Bounder(const Weights &weights, const Pairs &inputs)
      : weights(weights), inputs(inputs), boxes(boxesAround(inputs)), outputs(weights.outputs), states(weights.inputs) {
    bounds.differences = bounds.contraction = bounds.sharpness = Pairs(outputs);
    bounds.gains.assign(kKappaCount, Pairs(outputs));
    variations.resize(outputs * outputs * boxes.normalized.size());
  }

  EdgeBounds run() {
    boundSums();
    for (int64_t s = 0; s < outputs; ++s)
      for (int64_t t = 0; t < outputs; ++t)
        if (s != t)
          boundPair(s, t);
    // Needs the differences of both directions.
    for (int64_t s = 0; s < outputs; ++s)
      for (int64_t t = 0; t < outputs; ++t)
        if (s != t)
          boundGains(s, t);
    return std::move(bounds);
  }

private:
  /// least(s, b): x_s in the normalized box about b, everything else at its least.
  void boundSums() {
    least.assign(outputs * states, kInfinity);
    for (int64_t b = 0; b < states; ++b) {
      Box box = normalizedBox(inputs, b);
      for (int64_t s = 0; s < outputs && !box.low.empty(); ++s) {
        const double *row = weights.row(s);
        double sum = 0;
        for (int64_t a = 0; a < states; ++a)
          sum += row[a] * (a == b ? 1 : box.low[a]);
        least[s * states + b] = sum * (1 - kSafety);
        bounds.low = std::min(bounds.low, sum * (1 - kSafety));
      }
    }
    for (int64_t s = 0; s < outputs; ++s)
      bounds.high = std::max(bounds.high, std::accumulate(weights.row(s), weights.row(s) + states, 0.0));
    bounds.high *= 1 + kSafety;
  }

  void boundPair(int64_t s, int64_t t) {
    const double *p = weights.row(s), *q = weights.row(t);
    std::vector<int64_t> order(states);
    std::iota(order.begin(), order.end(), 0);
    // q/p rises; states with neither weight stand last, where they do not matter.
    auto rank = [&](int64_t a) { return p[a] > 0 ? q[a] / p[a] : kInfinity; };
    std::ranges::stable_sort(order, {}, rank);
    boundDifference(s, t, rank(order.front()));
    boundContraction(s, t, order, rank(order.front()), p, q);
  }

  /// Whatever w is, the ratio of sums is at most the largest ratio of entries.
  void boundDifference(int64_t s, int64_t t, double leastRank) {
    double cone = leastRank > 0 ? 1 / leastRank : kInfinity;
    for (const Box &box : boxes.relaxed)
      cone = std::min(cone, largestRatio(weights.row(s), weights.row(t), box));
    double largest = boxes.normalized.empty() ? kInfinity : 0;
    for (const Box &box : boxes.normalized)
      largest = std::max(largest, largestRatio(weights.row(s), weights.row(t), box, largest));
    bounds.differences(s, t) = std::log(std::min(cone, largest)) + kSafety;
  }

  /// For every set of states that a threshold on q/p cuts off: the least bound of the relaxed boxes, and the largest of
  /// the normalized ones.
  void boundContraction(int64_t s, int64_t t, std::span<const int64_t> order, double leastRank, const double *p,
                        const double *q) {
    std::vector<double> bound, relaxed(states, 1), normalized(states, boxes.normalized.empty() ? 1 : 0);
    std::span<const double> ps(p, states), qs(q, states);
    for (const Box &box : boxes.relaxed) {
      differencesOfPrefixes(ps, qs, box, order, bound);
      for (int64_t k = 1; k < states; ++k)
        relaxed[k] = std::min(relaxed[k], bound[k]);
    }
    for (size_t i = 0; i < boxes.normalized.size(); ++i) {
      differencesOfPrefixes(ps, qs, boxes.normalized[i], order, bound);
      for (int64_t k = 1; k < states; ++k)
        normalized[k] = std::max(normalized[k], bound[k]);
      variation(s, t, i) = *std::ranges::max_element(bound);
    }
    double most = 0;
    for (int64_t k = 1; k < states; ++k)
      most = std::max(most, std::min(relaxed[k], normalized[k]));
    bounds.contraction(s, t) = std::min(most, birkhoff(order, leastRank, p, q));
  }

  double birkhoff(std::span<const int64_t> order, double leastRank, const double *p, const double *q) const {
    int64_t last = order.back();
    double ratio = p[last] > 0 ? q[last] / p[last] / leastRank : kInfinity;
    return std::isfinite(ratio) ? std::tanh(std::log(std::max(ratio, 1.0)) / 4) + kSafety : 1;
  }

  double &variation(int64_t s, int64_t t, size_t box) {
    return variations[(s * outputs + t) * boxes.normalized.size() + box];
  }

  /// (K[s, a] / x_s - K[t, a] / x_t) x_s = K[s, a] - (x_s / x_t) K[t, a], where it is positive; `ratio` bounds x_s /
  /// x_t from below.
  std::vector<double> advantages(int64_t s, int64_t t, double ratio) const {
    std::vector<double> result(states);
    for (int64_t a = 0; a < states; ++a)
      result[a] = std::max(0.0, weights.row(s)[a] - ratio * weights.row(t)[a]);
    return result;
  }

  /// Sum of the advantages but b's over the least x_s in the normalized box about b.
  double sharpness(int64_t s, int64_t b, const std::vector<double> &advantage) const {
    double total = 0, sum = least[s * states + b];
    for (int64_t a = 0; a < states; ++a)
      total += a == b ? 0 : advantage[a];
    return total > 0 ? total / sum * (1 + kSafety) + kSafety : 0;
  }

  /// Box by box: which state is the largest decides what the others can add. Without boxes, the same with what holds
  /// for all of them.
  void boundGains(int64_t s, int64_t t) {
    const double leastRatio = std::exp(-bounds.differences(t, s)), contraction = bounds.contraction(s, t);
    for (size_t i = 0; i < boxes.normalized.size(); ++i) {
      const Box &box = boxes.normalized[i];
      double inverse = largestRatio(weights.row(t), weights.row(s), box);
      std::vector<double> advantage = advantages(s, t, std::max(leastRatio, inverse > 0 ? 1 / inverse : 0));
      double sharp = sharpness(s, box.reference, advantage), varies = std::min(variation(s, t, i), contraction);
      addGains(s, t, sharp, [&](double kappa, double known) {
        double most = varies + kappa * sharp;
        return most <= known ? known
                             : std::min(most, largestGain(advantage, weights.row(s), kappa, box, known) + kSafety);
      });
    }
    const std::vector<double> advantage = advantages(s, t, leastRatio);
    for (int64_t b = 0; b < states && boxes.normalized.empty(); ++b)
      if (least[s * states + b] < kInfinity) {
        double sharp = sharpness(s, b, advantage);
        addGains(s, t, sharp, [&](double kappa, double) { return contraction + kappa * sharp; });
      }
  }

  /// `gain` may return what is known already where it is no larger.
  template <typename Function> void addGains(int64_t s, int64_t t, double sharp, Function gain) {
    bounds.sharpness(s, t) = std::max(bounds.sharpness(s, t), sharp);
    for (size_t i = 0; i < kKappaCount; ++i) {
      double &largest = bounds.gains[i](s, t);
      largest = std::max(largest, gain(kKappas[i], largest));
    }
  }

  const Weights &weights;
  const Pairs &inputs;
  Boxes boxes;
  int64_t outputs, states;
  std::vector<double> least;      ///< [s][b]
  std::vector<double> variations; ///< [s][t][box]: total variation on each normalized box
  EdgeBounds bounds;
};

} // namespace

void EdgeBounds::maximize(const EdgeBounds &other) {
  differences.maximize(other.differences);
  contraction.maximize(other.contraction);
  sharpness.maximize(other.sharpness);
  for (size_t i = 0; i < gains.size(); ++i)
    gains[i].maximize(other.gains[i]);
  low = std::min(low, other.low);
  high = std::max(high, other.high);
}

EdgeBounds boundEdge(const Weights &weights, const Pairs &inputs) { return Bounder(weights, inputs).run(); }

} // namespace espalier::relu
