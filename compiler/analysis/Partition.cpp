//===- Partition.cpp - The model's normalizer and conditionals ------------===//

#include "compiler/analysis/Partition.h"

#include "compiler/analysis/CompensatedSum.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace espalier {
namespace {

// Wider than double: with shared kernels a single rounding error is multiplied by the number of nodes.
using Real = long double;
using Vector = std::vector<Real>;

/// Sum over b of weights[b] exp(logs[b]), kept as mantissa * exp(shift) with the shift taken from terms that
/// count, so that it neither over- nor underflows.
Real logWeightedSum(const double *weights, const Vector &logs) {
  Real shift = -std::numeric_limits<Real>::infinity();
  for (size_t b = 0; b < logs.size(); ++b)
    if (weights[b] > 0)
      shift = std::max(shift, logs[b]);
  if (std::isinf(shift))
    return shift;
  Real sum = 0;
  for (size_t b = 0; b < logs.size(); ++b)
    if (weights[b] > 0)
      sum += weights[b] * std::exp(logs[b] - shift);
  return shift + std::log(sum);
}

/// weights[b] exp(logs[b] - logTotal), with logTotal = logWeightedSum(weights, logs); false where one that is not zero
/// leaves the range of doubles.
bool appendProbabilities(const double *weights, const Vector &logs, Real logTotal, std::vector<double> &out) {
  bool inRange = true;
  for (size_t b = 0; b < logs.size(); ++b)
    if (std::isinf(logTotal)) {
      out.push_back(1.0 / static_cast<double>(logs.size()));
    } else {
      out.push_back(weights[b] > 0 ? static_cast<double>(weights[b] * std::exp(logs[b] - logTotal)) : 0.0);
      inRange &= weights[b] == 0 || out.back() >= std::numeric_limits<double>::min();
    }
  return inRange;
}

/// Messages into the nodes of one level: one per node, or a single one that holds for all of them.
struct Messages {
  std::vector<Vector> h;
  const Vector &of(int64_t node) const { return h.size() == 1 ? h.front() : h[node]; }
};

/// One level's step towards the root. Its edges come in `edges` kinds, their parents in `parents` kinds, each
/// kind standing for equally many.
class LevelStep {
public:
  LevelStep(const Model &model, int64_t l, const Messages &below)
      : model(model), l(l), below(below), edges(below.h.size() > 1 ? model.nodes(l) : model.kernelCount(l)),
        parents(edges == model.nodes(l) ? model.nodes(l - 1) : 1) {}

  Partition::Conditional conditional;
  Messages above;
  Real logScale = 0; ///< what normalisation took away, over all nodes of the level
  bool inRange = true;

  void run() {
    conditional.count = edges;
    for (int64_t kind = 0; kind < edges; ++kind)
      toParent.push_back(message(kind));
    for (int64_t parent = 0; parent < parents; ++parent)
      above.h.push_back(combine(parent));
  }

private:
  /// The message of an edge of this kind to its parent; appends the edge's conditional.
  Vector message(int64_t kind) {
    const double *kernel = model.kernel(l, kind);
    Vector result;
    for (int64_t a = 0; a < model.states(l - 1); ++a, kernel += model.states(l)) {
      result.push_back(logWeightedSum(kernel, below.of(kind)));
      inRange &= appendProbabilities(kernel, below.of(kind), result.back(), conditional.table);
    }
    return result;
  }

  /// The product of the children's messages, largest entry 0. Sums are compensated: the states' logarithms grow with
  /// the children, and what decides is their difference.
  Vector combine(int64_t parent) {
    Vector h(model.states(l - 1), 0);
    for (size_t a = 0; a < h.size(); ++a) {
      if (edges == 1) {
        h[a] = toParent.front()[a] * model.ranks(l);
        continue;
      }
      CompensatedSum<Real> sum;
      for (int64_t node = parent * model.ranks(l); node < (parent + 1) * model.ranks(l); ++node)
        sum.add(toParent[node][a]);
      h[a] = sum.value();
    }
    const Real largest = *std::max_element(h.begin(), h.end());
    for (Real &value : h)
      value -= largest;
    logScale += largest * (model.nodes(l - 1) / parents);
    return h;
  }

  const Model &model;
  const int64_t l;
  const Messages &below;
  const int64_t edges, parents;
  std::vector<Vector> toParent;
};

} // namespace

Partition computePartition(const Model &model) {
  Partition partition;
  partition.conditionals.resize(model.depth());
  Messages messages{{Vector(model.leafStates(), 0)}};
  Real logZ = 0;
  for (int64_t l = model.depth(); l >= 1; --l) {
    LevelStep step(model, l, messages);
    step.run();
    partition.conditionals[l - 1] = std::move(step.conditional);
    logZ += step.logScale;
    partition.inRange &= step.inRange;
    messages = std::move(step.above);
  }
  const Real logRoot = logWeightedSum(model.prior.data(), messages.h.front());
  partition.inRange &= appendProbabilities(model.prior.data(), messages.h.front(), logRoot, partition.root);
  partition.logZ = static_cast<double>(logZ + logRoot);
  return partition;
}

} // namespace espalier
