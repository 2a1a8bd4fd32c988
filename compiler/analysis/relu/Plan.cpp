//===- Plan.cpp - How many knots each block gets --------------------------===//

#include "compiler/analysis/relu/Plan.h"

#include "compiler/analysis/relu/BlockChoices.h"

namespace espalier::relu {
namespace {

/// More pieces than this are no network to run; the search for a tolerance ends here.
constexpr int64_t kMostPieces = 1 << 14;

/// Of so many pieces one is not worth looking at.
constexpr int64_t kManyPieces = 150;

/// An error that stands out against rounding.
constexpr double kFirstStep = 1e-2;

/// The chords of exp, or of log, of one block.
struct Item {
  size_t block; ///< blocks upward by level, then blocks downward
  bool isExp;
  double scale;    ///< pieces for an error of 1
  double cost;     ///< hidden units per piece
  double gain = 0; ///< of the answer's error by this error
  int64_t pieces = 1;
};

class Planner {
public:
  Planner(const ModelPair &models, const ReluOptions &options, const Ranges &ranges, const Inflation *inflation)
      : models(models), options(options), ranges(ranges), inflation(inflation) {
    for (const LevelBounds &level : ranges.up)
      choices.emplace_back(level, options.precision);
    for (const LevelBounds &level : ranges.down)
      choices.emplace_back(level, options.precision);
    for (size_t b = 0; b < choices.size(); ++b) {
      const LevelBounds &level = choices[b].bounds();
      if (!choices[b].expIsFixed())
        items.push_back({b, true, choices[b].expScale(), static_cast<double>(level.inputs)});
      items.push_back({b, false, choices[b].logScale(), static_cast<double>(level.outputs)});
    }
    current.resize(choices.size());
  }

  Plan run() {
    std::vector<BlockErrors> none(choices.size());
    for (size_t b = 0; b < choices.size(); ++b)
      none[b].exp = {{choices[b].kappaIndex(), 0}};
    findGains(std::move(none), 1);
    Plan plan;
    const double least = roundingAlone();
    plan.feasible = least <= options.tolerance && improve();
    plan.least = least <= options.tolerance ? closest : least;
    plan.certificate = certify();
    for (size_t b = 0; b < choices.size(); ++b)
      (b < ranges.up.size() ? plan.up : plan.down).push_back(choices[b].block(piecesOf(b, true), piecesOf(b, false)));
    return plan;
  }

private:
  int64_t piecesOf(size_t block, bool isExp) const {
    for (const Item &item : items)
      if (item.block == block && item.isExp == isExp)
        return item.pieces;
    return 1;
  }

  NetworkErrors split(const std::vector<BlockErrors> &errors) const {
    auto middle = errors.begin() + static_cast<int64_t>(ranges.up.size());
    return {{errors.begin(), middle}, {middle, errors.end()}};
  }

  void measure(size_t block) { current[block] = choices[block].errors(piecesOf(block, true), piecesOf(block, false)); }

  void measureAll() {
    for (size_t b = 0; b < choices.size(); ++b)
      measure(b);
  }

  ReluCertificate certify() {
    measureAll();
    return propagateErrors(models, options, ranges, split(current));
  }

  /// The certificate's total for what was measured last; infinite where it does not hold.
  double total() const {
    ReluCertificate certificate = propagateErrors(models, options, ranges, split(current));
    return !inflation || isWithin(certificate, *inflation) ? certificate.total : kInfinity;
  }

  /// By differences about `errors`; `weight` is how much they count beside the gains that were.
  void findGains(std::vector<BlockErrors> errors, double weight) {
    auto totalOf = [&] { return propagateErrors(models, options, ranges, split(errors)).total; };
    const double base = totalOf();
    for (Item &item : items) {
      double &error = item.isExp ? errors[item.block].exp.front().eps : errors[item.block].log;
      const double before = error, step = before > 0 ? before * 1e-3 : kFirstStep;
      error = before + step;
      double gain = std::max((totalOf() - base) / step, 0.0);
      item.gain = (1 - weight) * item.gain + weight * gain;
      error = before;
    }
    // What another answer, another pair or rounding hides at these errors may yet come to the top.
    double most = 0;
    for (const Item &item : items)
      most = std::max(most, item.gain);
    for (Item &item : items)
      item.gain = std::max(item.gain, 1e-6 * most);
  }

  /// What is left with the fewest sums and chords without error.
  double roundingAlone() {
    measureAll();
    for (BlockErrors &errors : current) {
      errors.log = 0;
      for (Envelope &envelope : errors.exp)
        envelope.eps = 0;
    }
    return propagateErrors(models, options, ranges, split(current)).total;
  }

  double units() const {
    double sum = 0;
    for (const Item &item : items)
      sum += item.cost * static_cast<double>(item.pieces);
    return sum;
  }

  /// Divides and tidies up, then again with the gains found there: the certificate is a maximum over pairs of states
  /// and over queries, and which of them is the largest depends on the division.
  bool improve() {
    if (!spread())
      return false;
    const int rounds = options.downward() ? 2 : 1;
    std::vector<Item> best;
    double fewest = kInfinity;
    for (int i = 0; i < rounds; ++i) {
      removeWhilePossible();
      if (units() < fewest) {
        fewest = units();
        best = items;
      }
      findGains(current, 0.5);
      if (i + 1 < rounds && !spread())
        break;
    }
    items = std::move(best);
    return true;
  }

  /// Lagrange's division of `budget`, in whole pieces; false beyond what any block may have.
  bool divide(double budget) {
    double sum = 0;
    auto weight = [](const Item &item) { return std::pow(item.cost * item.scale / item.gain, 2.0 / 3); };
    for (const Item &item : items)
      if (item.gain > 0)
        sum += item.gain * weight(item);
    bool fits = true;
    for (Item &item : items) {
      double error = item.gain > 0 ? budget * weight(item) / sum : kInfinity;
      double pieces = std::max(1.0, std::round(item.scale / std::sqrt(error)));
      fits &= pieces <= static_cast<double>(kMostPieces);
      item.pieces = static_cast<int64_t>(std::min(pieces, static_cast<double>(kMostPieces)));
    }
    return fits;
  }

  bool attempt(double budget) {
    if (!divide(budget))
      return false;
    measureAll();
    double reached = total();
    closest = std::min(closest, reached);
    return reached <= options.tolerance;
  }

  /// The largest budget whose division meets the tolerance, about.
  bool spread() {
    double budget = std::min(options.tolerance, 10.0) * 4, failed = budget;
    bool found = false;
    for (int i = 0; i < 40 && !found; ++i) {
      found = attempt(budget);
      if (!found) {
        if (!divide(budget))
          return false;
        failed = budget;
        budget /= 2;
      }
    }
    for (int i = 0; i < 8 && found && failed > budget; ++i) {
      double middle = std::sqrt(budget * failed);
      (attempt(middle) ? budget : failed) = middle;
    }
    return found && attempt(budget);
  }

  /// Takes away, one after the other, the piece that costs the least error per unit, as long as there is one.
  void removeWhilePossible() {
    while (true) {
      Item *best = nullptr;
      double leastPrice = kInfinity, now = total();
      for (Item &item : items) {
        if (item.pieces == 1 || item.pieces > kManyPieces)
          continue;
        double reached = totalWith(item, item.pieces - 1);
        double price = (reached - now) / item.cost;
        if (reached <= options.tolerance && price < leastPrice) {
          leastPrice = price;
          best = &item;
        }
      }
      if (!best)
        return;
      --best->pieces;
      measure(best->block);
    }
  }

  double totalWith(Item &item, int64_t pieces) {
    std::swap(item.pieces, pieces);
    measure(item.block);
    double reached = total();
    std::swap(item.pieces, pieces);
    measure(item.block);
    return reached;
  }

  const ModelPair &models;
  const ReluOptions &options;
  const Ranges &ranges;
  const Inflation *inflation;
  std::vector<BlockChoices> choices;
  std::vector<Item> items;
  std::vector<BlockErrors> current;
  double closest = kInfinity; ///< the least total of any division
};

} // namespace

Plan planKnots(const ModelPair &models, const ReluOptions &options, const Ranges &ranges, const Inflation *inflation) {
  return Planner(models, options, ranges, inflation).run();
}

} // namespace espalier::relu
