//===- MessageRange.cpp - How large and how unequal messages can get ------===//

#include "compiler/analysis/MessageRange.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace espalier {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What a type can hold, as natural logs. Normal numbers reach from e^-87.3 to e^88.7 in f32, e^-708 to e^709 in f64.
struct Limits {
  /// Products of messages must stay within e^+-product.
  double product;
  /// Ratios that a kernel may restore: entries flushed to zero below e^-87 (e^-708) then stay below a relative
  /// e^(ratio - 87), about 1e-10, of any sum that they are part of.
  double ratio;
};

Limits limitsOf(Precision precision) { return precision == Precision::F32 ? Limits{80, 60} : Limits{690, 650}; }

/// Facts about all matrices of a level that share a rank (or of the whole level where ranks share them).
struct KernelFacts {
  bool positive = true;
  double columnRatio = 0;        ///< max over a, s, s' of log K[s, a] / K[s', a]
  double rowRatio = 0;           ///< max over s, a, a' of log K[s, a] / K[s, a']
  double minEntry = kInfinity;   ///< log of the least non-zero entry
  double rowSum = -kInfinity;    ///< log of the largest row sum
  double columnSum = -kInfinity; ///< log of the largest column sum
};

/// Least non-zero and largest entry of a row or a column, and its sum.
struct Line {
  double least = kInfinity, most = 0, sum = 0;
  bool positive = true;
  void add(double weight) {
    sum += weight;
    most = std::max(most, weight);
    if (weight > 0)
      least = std::min(least, weight);
    else
      positive = false;
  }
  double ratio() const { return most > 0 ? std::log(most) - std::log(least) : 0; }
};

void addMatrix(KernelFacts &facts, const double *matrix, int64_t parents, int64_t children) {
  std::vector<Line> columns(children);
  for (int64_t s = 0; s < parents; ++s) {
    Line row;
    for (int64_t a = 0; a < children; ++a) {
      row.add(matrix[s * children + a]);
      columns[a].add(matrix[s * children + a]);
    }
    facts.rowRatio = std::max(facts.rowRatio, row.ratio());
    facts.rowSum = std::max(facts.rowSum, std::log(row.sum));
    facts.minEntry = std::min(facts.minEntry, std::log(row.least));
    facts.positive &= row.positive;
  }
  for (const Line &column : columns) {
    facts.columnRatio = std::max(facts.columnRatio, column.ratio());
    if (column.sum > 0)
      facts.columnSum = std::max(facts.columnSum, std::log(column.sum));
  }
}

/// Facts by child rank; one entry where the level has one matrix.
std::vector<KernelFacts> factsOf(const Model &model, int64_t l) {
  int64_t count = model.kernelCount(l), ranks = std::min(count, model.ranks(l));
  int64_t size = model.states(l - 1) * model.states(l);
  std::vector<KernelFacts> facts(ranks);
  for (int64_t k = 0; k < count; ++k)
    addMatrix(facts[k % ranks], model.levels[l - 1].kernel.data() + k * size, model.states(l - 1), model.states(l));
  return facts;
}

/// Bounds on a message in the linear domain, as logs: every non-zero entry is at least `low`, the largest at least
/// `top`, and the entry of state s, zero or not, lies in [least[s], most[s]]. `low` is -inf where evidence is
/// unbounded.
struct Bounds {
  double low = 0, top = 0;
  std::vector<double> least, most;

  double lowest() const { return std::max(low, *std::ranges::min_element(least)); }
  double largest() const { return *std::ranges::max_element(most); }
  bool within(double limit) const { return lowest() >= -limit && largest() <= limit; }

  /// A message whose largest entry is between 1 and 2 and at most e^ratio times any other that is not 0.
  static Bounds normalized(double ratio, int64_t states) {
    return {-ratio, 0, std::vector<double>(states, -kInfinity), std::vector<double>(states, std::log(2.0))};
  }

  /// The same of a message that was in these bounds before.
  Bounds normalize(double ratio) const {
    Bounds result = normalized(ratio, static_cast<int64_t>(least.size()));
    for (size_t s = 0; s < least.size(); ++s)
      if (std::isfinite(least[s]))
        result.least[s] = std::max(-ratio, least[s] - largest());
    return result;
  }

  /// Bounds on a message that is in these or in others.
  void widen(const Bounds &other) {
    low = std::min(low, other.low);
    top = std::min(top, other.top);
    for (size_t s = 0; s < least.size(); ++s) {
      least[s] = std::min(least[s], other.least[s]);
      most[s] = std::max(most[s], other.most[s]);
    }
  }

  /// The product with `count` > 0 messages in such bounds.
  void multiply(const Bounds &other, int64_t count = 1) {
    auto times = static_cast<double>(count);
    low += times * other.low;
    for (size_t s = 0; s < least.size(); ++s) {
      least[s] += times * other.least[s];
      most[s] += times * other.most[s];
    }
    top = std::max(low, *std::ranges::max_element(least));
  }
};

/// log of the sum of weights e^x.
class LogSum {
public:
  explicit LogSum(const std::vector<double> &logs) : largest(*std::ranges::max_element(logs)) {
    for (double x : logs)
      terms.push_back(std::isfinite(largest) ? std::exp(x - largest) : 0);
  }

  void add(size_t i, double weight) { sum += weight * terms[i]; }
  double take() { return std::log(std::exchange(sum, 0)) + largest; }

private:
  double largest, sum = 0;
  std::vector<double> terms;
};

/// What an edge does to ratios: `out` bounds the ratio of what it passes on whatever enters, `flush` the factor by
/// which it may favour an entry that was flushed to zero, `spread` what it adds to the ratio of what enters.
struct EdgeRatios {
  bool positive;
  double out, flush, spread;
};

EdgeRatios upward(const KernelFacts &k) { return {k.positive, k.columnRatio, k.rowRatio, k.rowSum - k.minEntry}; }
EdgeRatios downward(const KernelFacts &k) { return {k.positive, k.rowRatio, k.columnRatio, k.columnSum - k.minEntry}; }

/// Bound on the ratio of what an edge passes on, given the ratio of what enters it.
double passedRatio(double entering, const EdgeRatios &edge) {
  return std::min(edge.positive ? edge.out : kInfinity, entering + edge.spread);
}

/// A common factor for all that enters keeps every entry that counts.
bool sharesFactor(double entering, const EdgeRatios &edge, const Limits &limits) {
  return (edge.positive && edge.flush <= limits.ratio) || entering + edge.spread <= limits.product;
}

class Analyzer {
public:
  Analyzer(const Model &model, LeafMessages leaves, Precision precision)
      : model(model), limits(limitsOf(precision)), exactLeaves(leaves == LeafMessages::Exact) {}

  MessageRanges run() {
    ranges.linear = true;
    ranges.levels.resize(model.depth());
    for (int64_t l = 1; l <= model.depth(); ++l)
      facts.push_back(factsOf(model, l));
    boundRatios();
    if (ranges.linear)
      placeRescalingUp();
    if (ranges.linear)
      placeRescalingDown();
    return std::move(ranges);
  }

private:
  LevelRange &level(int64_t l) { return ranges.levels[l - 1]; }
  const std::vector<KernelFacts> &kernels(int64_t l) const { return facts[l - 1]; }

  /// Ratios upward, then downward; clears `linear` where one that counts exceeds the type.
  void boundRatios() {
    double entering = exactLeaves ? 0 : kInfinity;
    for (int64_t l = model.depth(); l >= 1; --l) {
      LevelRange &range = level(l);
      range.upShared = range.positive = true;
      // Children that share a matrix are alike.
      auto alike = static_cast<double>(model.ranks(l) / static_cast<int64_t>(kernels(l).size()));
      for (const KernelFacts &k : kernels(l)) {
        double up = passedRatio(entering, upward(k));
        range.upShared &= sharesFactor(entering, upward(k), limits);
        range.positive &= k.positive && k.columnRatio <= limits.ratio;
        range.up = std::max(range.up, up);
        range.node += alike * up;
      }
      ranges.linear &= range.upShared && range.node <= limits.product;
      entering = range.node;
    }
    double above = priorRatio();
    for (int64_t l = 1; l <= model.depth(); ++l) {
      LevelRange &range = level(l);
      range.downShared = true;
      double others = above + range.node;
      for (const KernelFacts &k : kernels(l)) {
        range.downShared &= sharesFactor(others, downward(k), limits);
        range.down = std::max(range.down, passedRatio(others, downward(k)));
      }
      ranges.linear &= range.downShared && others <= limits.product && range.down <= limits.product;
      above = range.down;
    }
  }

  double priorRatio() const {
    Line line;
    for (double weight : model.prior)
      line.add(weight);
    return line.ratio();
  }

  /// Bounds on K h, or on transpose(K) w, whatever matrix of the rank K is. A sum of terms that are not negative is at
  /// least the sum of the least, and at least the largest h times the least entry of the row.
  Bounds transport(const Bounds &in, int64_t l, int64_t rank, bool up) const {
    const int64_t parents = model.states(l - 1), children = model.states(l), count = model.kernelCount(l);
    const int64_t rows = up ? parents : children, columns = up ? children : parents;
    Bounds out{kernels(l)[rank].minEntry + in.low, 0, std::vector<double>(rows, kInfinity),
               std::vector<double>(rows, -kInfinity)};
    LogSum least(in.least), most(in.most);
    for (int64_t k = rank % count; k < count; k += model.ranks(l)) {
      const double *matrix = model.levels[l - 1].kernel.data() + k * parents * children;
      for (int64_t row = 0; row < rows; ++row) {
        double smallest = kInfinity;
        for (int64_t column = 0; column < columns; ++column) {
          double weight = up ? matrix[row * children + column] : matrix[column * children + row];
          smallest = std::min(smallest, weight);
          least.add(column, weight);
          most.add(column, weight);
        }
        out.least[row] = std::min(out.least[row], std::max(least.take(), std::log(smallest) + in.top));
        out.most[row] = std::max(out.most[row], most.take());
      }
    }
    out.top = std::max(out.low, *std::ranges::max_element(out.least));
    return out;
  }

  /// The product at a parent on level l-1, given the bounds of its children's messages.
  Bounds gathered(int64_t l, const Bounds &child) const {
    Bounds parent = transport(child, l, 0, /*up=*/true);
    if (kernels(l).size() == 1 && model.ranks(l) > 1)
      parent.multiply(Bounds(parent), model.ranks(l) - 1);
    for (int64_t rank = 1; rank < static_cast<int64_t>(kernels(l).size()); ++rank)
      parent.multiply(transport(child, l, rank, /*up=*/true));
    return parent;
  }

  /// Leaves come normalized. A parent's product is rescaled where the next product could otherwise leave the range.
  void placeRescalingUp() {
    Bounds message = Bounds::normalized(exactLeaves ? 0 : kInfinity, model.leafStates());
    messages.assign(model.depth() + 1, message);
    for (int64_t l = model.depth(); l >= 1; --l) {
      Bounds parent = gathered(l, message);
      ranges.linear &= parent.within(limits.product);
      // What comes down takes the last quarter of the range (below).
      double most = 0.75 * limits.product;
      level(l).rescaleUp = !(l == 1 ? parent : gathered(l - 1, parent)).within(most);
      message = level(l).rescaleUp ? parent.normalize(level(l).node) : std::move(parent);
      messages[l - 1] = message;
    }
  }

  /// The prior comes normalized. What goes down is rescaled where the next product could otherwise leave the range.
  void placeRescalingDown() {
    Bounds above = Bounds::normalized(priorRatio(), model.rootStates);
    for (size_t s = 0; s < above.least.size(); ++s)
      if (model.prior[s] > 0)
        above.least[s] = -priorRatio();
    for (int64_t l = 1; l <= model.depth(); ++l) {
      Bounds others = std::move(above);
      others.multiply(gathered(l, messages[l]));
      ranges.linear &= others.within(limits.product);
      Bounds down = transport(others, l, 0, /*up=*/false);
      for (int64_t rank = 1; rank < static_cast<int64_t>(kernels(l).size()); ++rank)
        down.widen(transport(others, l, rank, /*up=*/false));
      level(l).rescaleDown = !down.within(limits.product / 4);
      above = level(l).rescaleDown ? down.normalize(level(l).down) : std::move(down);
    }
  }

  const Model &model;
  Limits limits;
  bool exactLeaves;
  MessageRanges ranges;
  std::vector<std::vector<KernelFacts>> facts;
  std::vector<Bounds> messages; ///< of level l, as stored
};

} // namespace

MessageRanges analyzeMessageRanges(const Model &model, LeafMessages leaves, Precision precision) {
  return Analyzer(model, leaves, precision).run();
}

} // namespace espalier
