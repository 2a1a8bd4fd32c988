//===- Enumeration.cpp - Inference by summing the joint -------------------===//

#include "compiler/reference/Enumeration.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace espalier::reference {
namespace {

std::vector<Real> logarithms(const std::vector<double> &x) {
  std::vector<Real> result(x.begin(), x.end());
  for (Real &value : result)
    value = std::log(value);
  return result;
}

} // namespace

bool canEnumerate(const Model &model) {
  int64_t joint = 1;
  for (int64_t l = 0; l <= model.depth(); ++l)
    for (int64_t v = 0; v < model.nodes(l) && model.states(l) > 1; ++v)
      if ((joint *= model.states(l)) > enumerationLimit)
        return false;
  return true;
}

Enumeration::Enumeration(const Model &model) : model(model) {
  logTables.push_back(logarithms(model.prior));
  nodes.push_back({0, 0, model.states(0), 0, logTables[0].data()});
  size_t firstOfParents = 0;
  for (int64_t l = 1; l <= model.depth(); ++l) {
    const std::vector<double> &kernels = model.levels[l - 1].kernel;
    logTables.push_back(logarithms(kernels));
    const size_t first = nodes.size();
    for (int64_t v = 0; v < model.nodes(l); ++v)
      nodes.push_back({l, v, model.states(l), firstOfParents + v / model.ranks(l),
                       logTables.back().data() + (model.kernel(l, v) - kernels.data())});
    firstOfParents = first;
  }
  logPartition = logSum(missingFields(model));
}

Real Enumeration::logFactor(size_t node, const std::vector<int64_t> &states, const Fields &fields) const {
  const Node &n = nodes[node];
  const int64_t row = n.level == 0 ? 0 : states[n.parent];
  Real factor = n.logKernel[row * n.states + states[node]];
  if (n.level == model.depth())
    factor += fields.h[n.indexInLevel * n.states + states[node]];
  return factor;
}

template <typename Visit> void Enumeration::forEachAssignment(const Fields &fields, Visit visit) const {
  std::vector<int64_t> states(nodes.size(), -1);
  std::vector<Real> logWeight(nodes.size() + 1, 0); // logWeight[i]: product of the factors of nodes before i
  size_t i = 0;
  while (true) {
    if (++states[i] == nodes[i].states) {
      if (i == 0)
        return;
      states[i--] = -1;
      continue;
    }
    logWeight[i + 1] = logWeight[i] + logFactor(i, states, fields);
    if (logWeight[i + 1] == minusInfinity)
      continue;
    if (i + 1 == nodes.size())
      visit(states, logWeight[i + 1]);
    else
      ++i;
  }
}

Real Enumeration::largestLogWeight(const Fields &fields) const {
  Real largest = minusInfinity;
  forEachAssignment(fields, [&](const auto &, Real logWeight) { largest = std::max(largest, logWeight); });
  return largest;
}

Real Enumeration::logSum(const Fields &fields) const {
  const Real largest = largestLogWeight(fields);
  Real sum = 0;
  forEachAssignment(fields, [&](const auto &, Real logWeight) { sum += std::exp(logWeight - largest); });
  return largest + std::log(sum);
}

Beliefs Enumeration::infer(const Fields &fields) const {
  const Real largest = largestLogWeight(fields);
  std::vector<std::vector<Real>> mass(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i)
    mass[i].assign(nodes[i].states, 0);
  Real total = 0;
  forEachAssignment(fields, [&](const std::vector<int64_t> &states, Real logWeight) {
    const Real weight = std::exp(logWeight - largest);
    total += weight;
    for (size_t i = 0; i < nodes.size(); ++i)
      mass[i][states[i]] += weight;
  });

  Beliefs beliefs;
  beliefs.impossible = total == 0;
  beliefs.loglik = static_cast<double>(beliefs.impossible ? minusInfinity
                                                          : largest + std::log(total) + fields.constant - logPartition);
  beliefs.posteriors.resize(model.depth() + 1);
  for (size_t i = 0; i < nodes.size(); ++i)
    for (Real m : mass[i])
      beliefs.posteriors[nodes[i].level].push_back(beliefs.impossible ? 0.0 : static_cast<double>(m / total));
  beliefs.means = posteriorMeans(model, beliefs.posteriors.back());
  return beliefs;
}

} // namespace espalier::reference
