//===- Boxes.cpp - Boxes of weights, and what is largest on them ----------===//

#include "compiler/analysis/relu/Boxes.h"

#include <cmath>

namespace espalier::relu {
namespace {

/// Boxes times states cubed that the bounds of one matrix may take.
constexpr double kBudget = 4e6;
constexpr int64_t kFewStates = 8;
/// Ratios this close count as equal.
constexpr double kTie = 1e-12;
/// Room above the ratio that an iteration ends at.
constexpr double kRoom = 2 * kTie;

/// Where to start an iteration that `known` is to be exceeded by. It came with the room of another box; without, it
/// does not grow from box to box.
double startAt(double known) { return std::isfinite(known) ? known / (1 + 2 * kRoom) : 0; }

/// Products of two weights stay far from overflow.
bool isModerate(const Box &box) {
  return std::ranges::all_of(box.high, [](double high) { return high < 1e100; });
}

Box relaxedBox(const Pairs &differences, int64_t b) {
  Box box{b, {}, {}};
  for (int64_t a = 0; a < differences.states(); ++a) {
    box.low.push_back(std::exp(-differences(b, a)));
    box.high.push_back(std::exp(differences(a, b)));
  }
  return box;
}

/// Running sums of p w and q w over some states, where a state's weight moves from one end of its range to the other.
struct RatioOfSums {
  double p = 0, q = 0;
  void add(double dp, double dq, double weight) {
    p += dp * weight;
    q += dq * weight;
  }
  double value() const { return p > 0 ? q / p : kInfinity; }
};

/// Least q/p over the box for each prefix of the order, whose q/p rises: the first states take their largest weight,
/// the others their least, and the place where this changes only moves on as the prefix grows.
std::vector<double> leastRatios(std::span<const double> p, std::span<const double> q, const Box &box,
                                std::span<const int64_t> order) {
  std::vector<double> least(order.size());
  RatioOfSums sums;
  size_t raised = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    sums.add(p[order[k]], q[order[k]], box.low[order[k]]);
    for (; raised <= k; ++raised) {
      int64_t a = order[raised];
      if (sums.p > 0 && q[a] * sums.p >= sums.q * p[a])
        break;
      sums.add(p[a], q[a], box.high[a] - box.low[a]);
    }
    least[k] = sums.value();
  }
  return least;
}

/// Probability of odds o less that of odds o * k, k in [0, 1], at its largest for o in [low, high]: tanh(-log(k) / 4)
/// where the range has its peak, o = 1 / sqrt k.
double largestDifference(double low, double high, double k) {
  double odds = std::clamp(k > 0 ? 1 / std::sqrt(k) : kInfinity, low, high);
  if (!(odds > 0))
    return 0;
  double first = 1 / (1 + 1 / odds);
  return k > 0 ? first - 1 / (1 + 1 / (odds * k)) : first;
}

} // namespace

Box normalizedBox(const Pairs &differences, int64_t b) {
  Box box{b, {}, {}};
  for (int64_t a = 0; a < differences.states(); ++a) {
    if (differences(b, a) < 0)
      return {};
    box.low.push_back(std::exp(-differences(b, a)));
    box.high.push_back(std::min(1.0, std::exp(differences(a, b))));
  }
  return box;
}

Boxes boxesAround(const Pairs &differences) {
  const int64_t states = differences.states();
  const bool all = std::pow(static_cast<double>(states), 4) <= kBudget;
  Boxes boxes;
  for (int64_t b = 0; b < states && all; ++b)
    if (Box box = normalizedBox(differences, b); !box.low.empty())
      boxes.normalized.push_back(std::move(box));
  // With more than a few states, relaxed boxes are wide, and add next to nothing to the normalized ones.
  const double affordable = all && states > kFewStates ? 0 : kBudget / std::pow(static_cast<double>(states), 3);
  for (int64_t b = 0; b < states && static_cast<double>(b) < affordable; ++b)
    if (Box box = relaxedBox(differences, b); isModerate(box))
      boxes.relaxed.push_back(std::move(box));
  return boxes;
}

// Dinkelbach's iteration rises to the optimum, which is at a corner, so that it ends. States whose own ratio is, up to
// rounding, the one reached cannot raise it further; one of them at a huge weight would hide all others, so they take
// their least. That leaves the optimum below the last ratio times 1 + kTie. It may start anywhere: beyond the optimum,
// it ends where it is.

double largestRatio(const double *n, const double *d, const Box &box, double known) {
  double ratio = startAt(known);
  while (true) {
    double top = 0, bottom = 0;
    for (size_t a = 0; a < box.low.size(); ++a) {
      double weight = n[a] > ratio * (1 + kTie) * d[a] ? box.high[a] : box.low[a];
      top += n[a] * weight;
      bottom += d[a] * weight;
    }
    if (!(bottom > 0))
      return top > 0 ? kInfinity : 0;
    double next = top / bottom;
    if (!(next > ratio * (1 + kTie / 2)))
      return std::max(ratio, next) * (1 + kRoom);
    ratio = next;
  }
}

double largestGain(const std::vector<double> &c, const double *p, double kappa, const Box &box, double known) {
  const size_t reference = static_cast<size_t>(box.reference);
  double gain = startAt(known);
  while (true) {
    double top = 0, bottom = p[reference];
    for (size_t a = 0; a < c.size(); ++a) {
      if (a == reference)
        continue;
      double weight = c[a] > gain * (1 + kTie) * p[a] ? box.high[a] : box.low[a];
      top += c[a] * (kappa + weight);
      bottom += p[a] * weight;
    }
    if (!(bottom > 0))
      return top > 0 ? kInfinity : 0;
    double next = top / bottom;
    if (!(next > gain * (1 + kTie / 2)))
      return std::max(gain, next) * (1 + kRoom);
    gain = next;
  }
}

void differencesOfPrefixes(std::span<const double> p, std::span<const double> q, const Box &box,
                           std::span<const int64_t> order, std::vector<double> &bound) {
  const size_t size = order.size();
  std::vector<double> inside = leastRatios(p, q, box, order);
  // The rest's largest q/p is one over its least p/q, and its order by p/q is the order from the end.
  std::vector<int64_t> reversed(order.rbegin(), order.rend());
  std::vector<double> outside = leastRatios(q, p, box, reversed);
  double restLow = 0, restHigh = 0, low = 0, high = 0;
  for (int64_t a : order) {
    restLow += p[a] * box.low[a];
    restHigh += p[a] * box.high[a];
  }
  bound.assign(size, 0);
  for (size_t k = 1; k < size; ++k) {
    int64_t a = order[k - 1];
    low += p[a] * box.low[a];
    high += p[a] * box.high[a];
    restLow -= p[a] * box.low[a];
    restHigh -= p[a] * box.high[a];
    double ratio = inside[k - 1] * outside[size - k - 1]; // least q/p within over largest q/p without
    // Sums that lost their digits widen the range of odds.
    double slack = 1e-12 * (high + restHigh);
    double least = low / (restHigh + slack), most = restLow > slack ? high / (restLow - slack) : kInfinity;
    if (!(high > 0) || !(ratio < 1))
      continue;
    bound[k] = std::min(1.0, largestDifference(least, most, ratio * (1 - kSafety)) + kSafety);
  }
}

} // namespace espalier::relu
