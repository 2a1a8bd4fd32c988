//===- MessageRange.cpp - How large and how unequal messages can get ------===//

#include "compiler/analysis/MessageRange.h"

#include <algorithm>
#include <cmath>
#include <limits>

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
  double columnRatio = 0;      ///< max over a, s, s' of log K[s, a] / K[s', a]
  double rowRatio = 0;         ///< max over s, a, a' of log K[s, a] / K[s, a']
  double minEntry = kInfinity; ///< log of the least non-zero entry
  double maxEntry = -kInfinity;
  double rowSum = -kInfinity;      ///< log of the largest row sum
  double columnSum = -kInfinity;   ///< log of the largest column sum
  double minRowSum = kInfinity;    ///< log of the least row sum
  double minColumnSum = kInfinity; ///< log of the least column sum
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
    facts.minRowSum = std::min(facts.minRowSum, std::log(row.sum));
    facts.minEntry = std::min(facts.minEntry, std::log(row.least));
    facts.maxEntry = std::max(facts.maxEntry, std::log(row.most));
    facts.positive &= row.positive;
  }
  for (const Line &column : columns) {
    facts.columnRatio = std::max(facts.columnRatio, column.ratio());
    if (column.sum > 0)
      facts.columnSum = std::max(facts.columnSum, std::log(column.sum));
    facts.minColumnSum = std::min(facts.minColumnSum, std::log(column.sum));
  }
}

/// Facts by child rank; one entry where the level has no more than one matrix.
std::vector<KernelFacts> factsOf(const Model &model, int64_t l) {
  int64_t count = model.kernelCount(l), ranks = std::min(count, model.ranks(l));
  int64_t size = model.states(l - 1) * model.states(l);
  std::vector<KernelFacts> facts(ranks);
  for (int64_t k = 0; k < count; ++k)
    addMatrix(facts[k % ranks], model.levels[l - 1].kernel.data() + k * size, model.states(l - 1), model.states(l));
  facts.resize(model.ranks(l), facts.front());
  return facts;
}

/// Bounds on a message in the linear domain, as logs: every non-zero entry lies in [low, high], the largest is at least
/// `top`, and every entry, zeros included, at least `all`. `low` is -inf where evidence is unbounded.
struct Bounds {
  double low = 0, high = 0, top = 0, all = -kInfinity;

  /// `positive`: no entry is zero.
  static Bounds normalized(double ratio, bool positive) {
    return {-ratio, std::log(2.0), 0, positive ? -ratio : -kInfinity};
  }
  bool within(double limit) const { return low >= -limit && high <= limit; }
};

/// Bounds on K h, or on transpose(K) w, whose entries are sums over rows or columns of K between e^least and e^most. A
/// sum of positive terms is at least its largest one, and at least the least h times the whole row of K.
Bounds transport(const Bounds &in, const KernelFacts &facts, double least, double most) {
  double all = std::max(in.all + least, facts.positive ? facts.minEntry + in.top : -kInfinity);
  double low = std::max(all, facts.minEntry + in.low);
  return {low, in.high + most, low, all};
}

Bounds product(const Bounds &a, const Bounds &b) {
  double low = a.low + b.low;
  return {low, a.high + b.high, low, a.all + b.all};
}

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
      for (const KernelFacts &k : kernels(l)) {
        double up = passedRatio(entering, upward(k));
        range.upShared &= sharesFactor(entering, upward(k), limits);
        range.positive &= k.positive && k.columnRatio <= limits.ratio;
        range.up = std::max(range.up, up);
        range.node += up;
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

  /// The product at a parent on level l-1, given the bounds of its children's messages.
  Bounds gathered(int64_t l, const Bounds &child) const {
    Bounds parent{0, 0, 0, 0};
    for (const KernelFacts &k : kernels(l))
      parent = product(parent, transport(child, k, k.minRowSum, k.rowSum));
    return parent;
  }

  /// Leaves come normalized. A parent's product is rescaled where the next product could otherwise leave the range.
  void placeRescalingUp() {
    Bounds message = Bounds::normalized(exactLeaves ? 0 : kInfinity, /*positive=*/false);
    messages.assign(model.depth() + 1, message);
    for (int64_t l = model.depth(); l >= 1; --l) {
      Bounds parent = gathered(l, message);
      ranges.linear &= parent.within(limits.product);
      // What comes down takes the last quarter of the range (below).
      double most = 0.75 * limits.product;
      level(l).rescaleUp = !(l == 1 ? parent : gathered(l - 1, parent)).within(most);
      message = level(l).rescaleUp ? Bounds::normalized(level(l).node, std::isfinite(parent.all)) : parent;
      messages[l - 1] = message;
    }
  }

  /// The prior comes normalized. What goes down is rescaled where the next product could otherwise leave the range.
  void placeRescalingDown() {
    bool positive = std::ranges::all_of(model.prior, [](double weight) { return weight > 0; });
    Bounds above = Bounds::normalized(priorRatio(), positive);
    for (int64_t l = 1; l <= model.depth(); ++l) {
      Bounds others = product(above, gathered(l, messages[l]));
      ranges.linear &= others.within(limits.product);
      Bounds down{kInfinity, -kInfinity, kInfinity, kInfinity};
      for (const KernelFacts &k : kernels(l)) {
        Bounds one = transport(others, k, k.minColumnSum, k.columnSum);
        down = {std::min(down.low, one.low), std::max(down.high, one.high), std::min(down.top, one.top),
                std::min(down.all, one.all)};
      }
      level(l).rescaleDown = !down.within(limits.product / 4);
      above = level(l).rescaleDown ? Bounds::normalized(level(l).down, std::isfinite(down.all)) : down;
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
