//===- Normalize.cpp - Kernels as conditional probabilities ---------------===//

#include "compiler/analysis/Normalize.h"

#include "compiler/analysis/Partition.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
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

/// `value` moved by `steps` units in the last place.
template <typename Real> Real moved(Real value, int steps) {
  for (; steps > 0; --steps)
    value = std::nextafter(value, std::numeric_limits<Real>::infinity());
  for (; steps < 0; ++steps)
    value = std::nextafter(value, Real(0));
  return value;
}

/// Rounds a row that sums to one such that it does so in `Real`. What rounding left goes into the two largest entries, where
/// a few units in the last place matter least; which few do it is found by trying, nearest first.
template <typename Real> void roundRow(std::span<double> row) {
  for (double &weight : row)
    weight = static_cast<Real>(weight);
  double &first = *std::max_element(row.begin(), row.end());
  double *second = nullptr;
  for (double &weight : row)
    if (&weight != &first && weight > 0 && (!second || weight > *second))
      second = &weight;
  const Real most = first, next = second ? *second : 0;
  constexpr int kReach = 8;
  for (int reach = 0; reach <= kReach; ++reach)
    for (int i = -reach; i <= reach; ++i)
      for (int j = second ? -reach : 0; j <= (second ? reach : 0); ++j) {
        if (std::max(std::abs(i), std::abs(j)) != reach)
          continue;
        first = moved(most, i);
        if (second)
          *second = moved(next, j);
        if (sumFromLeft<Real>(row) == 1)
          return;
      }
  first = most;
  if (second)
    *second = next;
}

template <typename Real> void roundWeights(std::span<double> weights) {
  for (double &weight : weights)
    weight = static_cast<Real>(weight);
}

/// Potentials count up to a factor: brings every matrix to a largest entry of 1, whatever the user's unit.
void scaleMatrices(Model &model) {
  for (int64_t l = 1; l <= model.depth(); ++l) {
    std::vector<double> &kernel = model.levels[l - 1].kernel;
    int64_t size = model.states(l - 1) * model.states(l), count = model.kernelCount(l);
    for (int64_t k = 0; k < count; ++k) {
      std::span<double> matrix(kernel.data() + k * size, size);
      double largest = *std::max_element(matrix.begin(), matrix.end());
      for (double &weight : matrix)
        weight /= largest;
    }
  }
}

bool fits(const Model &model, const Partition &partition) {
  for (int64_t l = 1; l <= model.depth(); ++l)
    if (partition.conditionals[l - 1].count > model.kernelCount(l))
      return false;
  return true;
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

void scalePrior(Model &model) {
  double largest = *std::max_element(model.prior.begin(), model.prior.end());
  for (double &weight : model.prior)
    weight /= largest;
}

} // namespace

PreparedModel prepareModel(const Model &model, Precision precision) {
  PreparedModel prepared{model, 0};
  Partition partition = computePartition(model);
  bool stochastic = fits(model, partition);
  if (stochastic)
    adopt(prepared.model, partition);
  else
    scaleMatrices(prepared.model);
  scalePrior(prepared.model);
  if (precision == Precision::F32)
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
