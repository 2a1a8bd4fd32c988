//===- ReluNetwork.cpp - A ReLU network and its certificate ---------------===//

#include "compiler/analysis/relu/ReluNetwork.h"

#include "compiler/analysis/relu/Certify.h"
#include "compiler/analysis/relu/PlainFormula.h"
#include "compiler/analysis/relu/Plan.h"

#include <sstream>

namespace espalier {
namespace relu {
namespace {

constexpr int64_t kMostStates = 512;

std::string text(double value) {
  std::ostringstream stream;
  stream.precision(2);
  stream << value;
  return stream.str();
}

const char *nameOf(Precision precision) { return precision == Precision::F32 ? "f32" : "f64"; }

ModelPair prepare(const Model &model, Precision precision) {
  return {prepareModel(model, precision), prepareModel(model, Precision::F64)};
}

/// What stands against any certificate, or an empty string.
std::string unsupported(const Model &model, const ReluOptions &options) {
  if (!(options.classify || options.denoise || options.marginals))
    return "relu expects a query to certify, got none";
  if (!(options.tolerance > 0 && options.tolerance < kInfinity))
    return "relu expects a tolerance in (0, inf), got " + text(options.tolerance);
  for (int64_t l = 0; l <= model.depth(); ++l)
    if (model.states(l) > kMostStates)
      return "relu expects at most " + std::to_string(kMostStates) + " states, got " + std::to_string(model.states(l)) +
             " on level " + std::to_string(l);
  const GaussianBox &box = options.box;
  bool ordered = box.low <= box.high && box.sigmaLow <= box.sigmaHigh && box.lambdaLow <= box.lambdaHigh;
  if (options.leaves == ReluLeaves::Gaussian && !(ordered && box.sigmaLow > 0 && box.lambdaLow >= 0))
    return "relu expects a box with low <= high, 0 < sigma-low <= sigma-high and 0 <= lambda-low <= lambda-high";
  return "";
}

/// A sum that may be zero has no logarithm: names the level whose kernel allows it.
std::string vanishing(const Ranges &ranges, Precision precision) {
  const double least = leastNormal(precision) * 0x1p26;
  auto check = [&](const std::vector<LevelBounds> &levels, const char *direction) -> std::string {
    for (size_t i = 0; i < levels.size(); ++i)
      if (!(levels[i].low > least))
        return "relu expects sums that stay above " + text(least) + " in " + nameOf(precision) + ", got " +
               text(levels[i].low) + " " + direction + " level " + std::to_string(i + 1) +
               ": its kernel has zeros or too unequal weights";
    return "";
  };
  std::string up = check(ranges.up, "upward from");
  return up.empty() ? check(ranges.down, "downward to") : up;
}

NetworkErrors measureAll(const std::vector<ReluBlock> &up, const std::vector<ReluBlock> &down, const Ranges &ranges,
                         const ReluOptions &options) {
  NetworkErrors errors;
  for (size_t i = 0; i < ranges.up.size(); ++i)
    errors.up.push_back(measureBlock(up[i], ranges.up[i], options.precision));
  for (size_t i = 0; i < ranges.down.size(); ++i)
    errors.down.push_back(measureBlock(down[i], ranges.down[i], options.precision));
  return errors;
}

Inflation allowing(const ReluCertificate &certificate, double factor) {
  Inflation inflation;
  for (const ReluBlockCertificate &level : certificate.up)
    inflation.up.push_back(factor * level.entering + 1e-9);
  for (const ReluBlockCertificate &level : certificate.down)
    inflation.down.push_back(factor * level.entering + 1e-9);
  return inflation;
}

void widen(Inflation &inflation, const Inflation &other) {
  for (size_t i = 0; i < other.up.size(); ++i)
    inflation.up[i] = std::max(inflation.up[i], other.up[i]);
  for (size_t i = 0; i < other.down.size(); ++i)
    inflation.down[i] = std::max(inflation.down[i], other.down[i]);
}

Inflation uniform(const Model &model, double value) {
  const size_t depth = static_cast<size_t>(model.depth());
  return {std::vector<double>(depth, value), std::vector<double>(depth, value)};
}

/// Weights of W3, W2 and W1 that are not zero: for every unit of the first layer a weight and a constant; for every
/// unit of the second one for each of the first and a constant; one from each of the second.
int64_t blockParameters(const ReluBlock &block, const LevelBounds &level) {
  int64_t first = level.inputs * block.exp.pieces(), second = level.outputs * block.log.pieces();
  return 2 * first + second * (first + 1) + second;
}

void addSizes(ReluNetwork &network, const Ranges &ranges, const ReluOptions &options, const Model &model) {
  ReluCertificate &certificate = network.certificate;
  auto add = [&](std::vector<ReluBlockCertificate> &levels, const std::vector<ReluBlock> &blocks,
                 const std::vector<LevelBounds> &bounds) {
    for (size_t i = 0; i < blocks.size(); ++i) {
      levels[i].expPieces = blocks[i].exp.pieces();
      levels[i].logPieces = blocks[i].log.pieces();
      int64_t first = bounds[i].inputs * levels[i].expPieces, second = bounds[i].outputs * levels[i].logPieces;
      certificate.width = std::max(certificate.width, std::max(first, second) + 1);
      certificate.units += first + second;
      certificate.parameters += model.kernelCount(static_cast<int64_t>(i) + 1) * blockParameters(blocks[i], bounds[i]);
    }
  };
  add(certificate.up, network.up, ranges.up);
  add(certificate.down, network.down, ranges.down);
  certificate.paperWidth = plainWidth(model, options);
}

/// The kappa of the last measurement may serve better than the one that knots were placed for.
void sharpen(Plan &plan, const ModelPair &models, const ReluOptions &options, const Ranges &ranges,
             const Inflation &inflation) {
  ReluCertificate sharper = propagateErrors(models, options, ranges, measureAll(plan.up, plan.down, ranges, options));
  if (isWithin(sharper, inflation) && sharper.total < plan.certificate.total)
    plan.certificate = std::move(sharper);
}

/// Knots, the ranges that they were chosen on, and the errors that these allow for.
struct Solution {
  Plan plan;
  Ranges ranges;
  Inflation inflation;
};

/// Errors of this size no longer matter to ranges.
constexpr double kNegligible = 0.05;

double largestEntering(const ReluCertificate &certificate) {
  double most = 0;
  for (const auto *levels : {&certificate.up, &certificate.down})
    for (const ReluBlockCertificate &level : *levels)
      most = std::max(most, level.entering);
  return most;
}

double unitsOf(const Solution &solution) {
  double units = 0;
  auto add = [&](const std::vector<ReluBlock> &blocks, const std::vector<LevelBounds> &bounds) {
    for (size_t i = 0; i < blocks.size(); ++i)
      units +=
          static_cast<double>(bounds[i].inputs * blocks[i].exp.pieces() + bounds[i].outputs * blocks[i].log.pieces());
  };
  add(solution.plan.up, solution.ranges.up);
  add(solution.plan.down, solution.ranges.down);
  return units;
}

/// Ranges depend on errors, errors on knots, and knots on ranges. Plans for a share of the tolerance until ranges allow
/// for the errors of the plan, then spends the rest of it on these ranges. `without` are those without any error.
Solution solve(const ModelPair &models, ReluOptions options, const Ranges &without, double share) {
  const double tolerance = options.tolerance;
  Solution solution;
  solution.inflation = uniform(models.network.model, 0);
  options.tolerance = share * tolerance;
  constexpr int kRounds = 6;
  for (int i = 0; i < kRounds; ++i) {
    solution.ranges = i == 0 ? without : computeRanges(models, options, solution.inflation);
    solution.plan = planKnots(models, options, solution.ranges, nullptr);
    if (!solution.plan.feasible)
      return solution;
    if (isWithin(solution.plan.certificate, solution.inflation)) {
      options.tolerance = tolerance;
      Plan full = planKnots(models, options, solution.ranges, &solution.inflation);
      Solution whole{std::move(full), solution.ranges, solution.inflation};
      return whole.plan.feasible && unitsOf(whole) < unitsOf(solution) ? whole : solution;
    }
    widen(solution.inflation, allowing(solution.plan.certificate, 1.1));
  }
  solution.plan.feasible = false;
  return solution;
}

ReluResult finish(ModelPair models, const ReluOptions &options, const Ranges &ranges, Plan plan, const Model &model) {
  ReluNetwork network{std::move(models.network), std::move(plan.up), std::move(plan.down), std::move(plan.certificate)};
  addSizes(network, ranges, options, model);
  return {std::move(network), ""};
}

/// Why there is no network: how far this precision gets, and whether the other one would do.
ReluResult tooTight(const Model &model, ReluOptions options, double least) {
  std::string sentence =
      "relu cannot certify a tolerance of " + text(options.tolerance) + " in " + nameOf(options.precision);
  if (std::isfinite(least) && least > options.tolerance)
    sentence += ", where rounding leaves at least " + text(least);
  if (options.precision == Precision::F64)
    return {std::nullopt, sentence};
  options.precision = Precision::F64;
  bool doubles = chooseReluNetwork(model, options).network.has_value();
  return {std::nullopt, sentence + (doubles ? "; f64 can" : "; nor can f64")};
}

} // namespace
} // namespace relu

using namespace relu;

ReluResult chooseReluNetwork(const Model &model, const ReluOptions &options) {
  if (std::string reason = unsupported(model, options); !reason.empty())
    return {std::nullopt, reason};
  ModelPair models = prepare(model, options.precision);
  const Ranges without = computeRanges(models, options, uniform(model, 0));
  if (std::string reason = vanishing(without, options.precision); !reason.empty())
    return {std::nullopt, reason};
  // Large errors widen the ranges that errors are bounded on, so that aiming at less may take fewer knots.
  std::optional<Solution> best;
  double least = kInfinity;
  for (double share : {1.0, 0.3, 0.1, 0.03}) {
    Solution solution = solve(models, options, without, share);
    least = std::min(least, solution.plan.least);
    bool better = solution.plan.feasible && (!best || unitsOf(solution) < unitsOf(*best));
    bool last = best && !better;
    if (better)
      best = std::move(solution);
    if (last || (best && largestEntering(best->plan.certificate) < kNegligible) || (!best && least > options.tolerance))
      break;
  }
  if (!best)
    return tooTight(model, options, least);
  sharpen(best->plan, models, options, best->ranges, best->inflation);
  return finish(std::move(models), options, best->ranges, std::move(best->plan), model);
}

ReluResult certifyReluNetwork(const Model &model, const ReluOptions &options, const std::vector<ReluBlock> &up,
                              const std::vector<ReluBlock> &down) {
  if (std::string reason = unsupported(model, options); !reason.empty())
    return {std::nullopt, reason};
  const std::vector<ReluBlock> downward = options.downward() ? down : std::vector<ReluBlock>();
  const size_t depth = static_cast<size_t>(model.depth());
  if (up.size() != depth || downward.size() != (options.downward() ? depth : 0))
    return {std::nullopt, "relu expects a block for each of " + std::to_string(depth) + " levels, got " +
                              std::to_string(up.size()) + " upward and " + std::to_string(down.size()) + " downward"};
  ModelPair models = prepare(model, options.precision);
  Inflation inflation = uniform(model, 0);
  Ranges ranges;
  // Lets errors widen ranges until they no longer do; at last, ranges are those of any messages.
  constexpr int kRounds = 30;
  for (int i = 0; i <= kRounds; ++i) {
    ranges = computeRanges(models, options, inflation);
    if (std::string reason = vanishing(ranges, options.precision); !reason.empty())
      return {std::nullopt, reason};
    ReluCertificate certificate = propagateErrors(models, options, ranges, measureAll(up, downward, ranges, options));
    if (isWithin(certificate, inflation))
      return finish(std::move(models), options, ranges, {up, downward, std::move(certificate)}, model);
    inflation = i + 1 < kRounds ? allowing(certificate, 1.02) : uniform(model, 1e6);
  }
  return {std::nullopt, "relu cannot certify blocks that do not cover what can enter them"};
}

} // namespace espalier
