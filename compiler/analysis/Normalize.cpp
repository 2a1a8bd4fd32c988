//===- Normalize.cpp - Kernels as conditional probabilities ---------------===//

#include "compiler/analysis/Normalize.h"

#include "compiler/analysis/FanOut.h"
#include "compiler/analysis/Partition.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace espalier {
namespace {

/// The sum as compiled code forms it: from the left, rounded after each term.
template <typename Real> Real sumFromLeft(std::span<const double> row) {
  Real sum = 0;
  for (double weight : row)
    sum += static_cast<Real>(weight);
  return sum;
}

/// Bisects for the largest entry of a row, the others being as they are, such that the row sums to exactly one; false
/// where the sum, which is monotone in it, jumps past one.
template <typename Real> bool solveForLargest(std::span<double> row) {
  double &largest = *std::max_element(row.begin(), row.end());
  Real reach = std::numeric_limits<Real>::epsilon() * static_cast<Real>(row.size() + 1);
  Real low = std::max<Real>(static_cast<Real>(largest) - reach, 0), high = static_cast<Real>(largest) + reach;
  while (true) {
    Real middle = low + (high - low) / 2;
    largest = middle;
    Real sum = sumFromLeft<Real>(row);
    if (sum == 1)
      return true;
    if (middle == low || middle == high)
      return false;
    (sum < 1 ? low : high) = middle;
  }
}

/// Rounds a row that sums to one such that it does so in `Real`. Scaling the whole row by a few units of rounding, one
/// after the other, soon makes the rounding errors of its sum cancel, and changes no ratio by more than these units;
/// the rare row that resists is settled in its largest entry, and a few units in the last place of the others.
template <typename Real> void roundRow(std::span<double> row) {
  const std::vector<double> exact(row.begin(), row.end());
  double sum = 0;
  for (double weight : exact)
    sum += weight;
  constexpr int kTries = 256;
  for (int i = 0; i <= 2 * kTries; ++i) {
    int steps = i % 2 ? (i + 1) / 2 : -i / 2;
    double scale = (1 + steps * static_cast<double>(std::numeric_limits<Real>::epsilon()) / 4) / sum;
    for (size_t a = 0; a < row.size(); ++a)
      row[a] = static_cast<Real>(exact[a] * scale);
    if (sumFromLeft<Real>(row) == 1)
      return;
  }
  for (size_t a = 0; a < row.size(); ++a)
    row[a] = static_cast<Real>(exact[a] / sum);
  constexpr size_t kRounds = 32;
  for (size_t i = 0; !solveForLargest<Real>(row) && i < kRounds * row.size(); ++i)
    row[i % row.size()] = std::nextafter(static_cast<Real>(row[i % row.size()]), Real(0));
}

template <typename Real> void roundWeights(std::span<double> weights) {
  for (double &weight : weights)
    weight = static_cast<Real>(weight);
}

/// log2 of the largest weight of a matrix, or of a prior, that spans more than the range of doubles below 1: sums of as
/// many as there can be stay finite.
constexpr int kMostExponent = 1000;

/// Weights count up to a factor: brings the largest between 1 and 2, whatever the user's unit, by a power of two, which
/// rounds nothing; by less where the least would be lost.
void scaleWeights(std::span<double> weights) {
  double largest = *std::max_element(weights.begin(), weights.end()), least = largest;
  for (double weight : weights)
    if (weight > 0)
      least = std::min(least, weight);
  int exponent = -std::ilogb(largest);
  if (std::ilogb(least) + exponent < std::numeric_limits<double>::min_exponent)
    exponent = std::min(0, kMostExponent + exponent);
  for (double &weight : weights)
    weight = std::ldexp(weight, exponent);
}

/// The same for probabilities of the root, which are rounded already.
void scaleToOne(std::vector<double> &prior) {
  double largest = *std::max_element(prior.begin(), prior.end());
  for (double &weight : prior)
    weight /= largest;
}

void scaleMatrices(Model &model) {
  for (int64_t l = 1; l <= model.depth(); ++l) {
    std::vector<double> &kernel = model.levels[l - 1].kernel;
    int64_t size = model.states(l - 1) * model.states(l), count = model.kernelCount(l);
    for (int64_t k = 0; k < count; ++k)
      scaleWeights(std::span<double>(kernel.data() + k * size, size));
  }
}

bool fits(const Model &model, const Partition &partition) {
  for (int64_t l = 1; l <= model.depth(); ++l)
    if (partition.conditionals[l - 1].count > model.kernelCount(l))
      return false;
  return true;
}

/// Whether every one of `values` is zero, or at least `least`.
bool isZeroOrAtLeast(std::span<const double> values, double least) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == 0 || value >= least; });
}

/// Whether every weight that is not zero is at least `least`.
bool isRepresentable(const Model &model, double least) {
  return isZeroOrAtLeast(model.prior, least) &&
         std::all_of(model.levels.begin(), model.levels.end(),
                     [&](const Level &level) { return isZeroOrAtLeast(level.kernel, least); });
}

/// Conditionals in the shape of the kernels that they replace.
void adopt(Model &model, const Partition &partition) {
  model.prior = partition.root;
  for (int64_t l = 1; l <= model.depth(); ++l) {
    Level &level = model.levels[l - 1];
    const Partition::Conditional &conditional = partition.conditionals[l - 1];
    int64_t size = model.states(l - 1) * level.states, count = model.kernelCount(l);
    level.kernel.resize(count * size);
    for (int64_t k = 0; k < count; ++k)
      std::copy_n(conditional.table.begin() + (conditional.count == count ? k : k % conditional.count) * size, size,
                  level.kernel.begin() + k * size);
  }
}

template <typename Real> void roundModel(Model &model, bool stochastic) {
  for (int64_t l = 1; l <= model.depth(); ++l) {
    std::span<double> kernel(model.levels[l - 1].kernel);
    if (!stochastic) {
      roundWeights<Real>(kernel);
      continue;
    }
    for (size_t row = 0; row < kernel.size(); row += model.states(l))
      roundRow<Real>(kernel.subspan(row, model.states(l)));
  }
}

} // namespace

Kernels kernelsFor(const Model &model, LeafMessages leaves) {
  return leaves == LeafMessages::Exact && needsWeightsAsWritten(model.ranks(model.depth())) ? Kernels::AsWritten
                                                                                            : Kernels::Conditional;
}

PreparedModel prepareModel(const Model &model, Precision precision, Kernels kernels) {
  PreparedModel prepared{model, 0};
  Partition partition = computePartition(model);
  bool stochastic = kernels == Kernels::Conditional && partition.inRange && fits(model, partition);
  if (stochastic)
    adopt(prepared.model, partition);
  else
    scaleMatrices(prepared.model);
  if (stochastic)
    scaleToOne(prepared.model.prior);
  else
    scaleWeights(prepared.model.prior);
  bool single = precision == Precision::F32;
  prepared.representable =
      isRepresentable(prepared.model, single ? double{std::numeric_limits<float>::min()} : 0x1p-1074);
  if (single)
    roundModel<float>(prepared.model, stochastic);
  else
    roundModel<double>(prepared.model, stochastic);

  double mass = 0;
  for (double weight : prepared.model.prior)
    mass += weight;
  prepared.logPartition = stochastic ? std::log(mass) : computePartition(prepared.model).logZ;
  return prepared;
}

} // namespace espalier
