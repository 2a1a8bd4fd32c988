//===- Ranges.cpp - Messages that can occur, edge by edge -----------------===//

#include "compiler/analysis/relu/Ranges.h"

#include <numeric>
#include <set>

namespace espalier::relu {
namespace {

/// Matrices of conditionals in double precision are off by a few units for every row that was summed and scaled
/// (Normalize.cpp); this is more than its rows are ever scaled by.
double preparationError(int64_t states) { return (256.0 + 8.0 * static_cast<double>(states)) * 0x1p-53; }

Weights matrixOf(const Model &model, int64_t l, int64_t index, bool transposed) {
  int64_t parents = model.states(l - 1), children = model.states(l);
  const double *entries = model.levels[l - 1].kernel.data() + index * parents * children;
  if (!transposed)
    return {parents, children, {entries, entries + parents * children}};
  Weights weights{children, parents, std::vector<double>(parents * children)};
  for (int64_t s = 0; s < parents; ++s)
    for (int64_t a = 0; a < children; ++a)
      weights.entries[a * parents + s] = entries[s * children + a];
  return weights;
}

/// f_s changes by some mean of the row's log(network / exact).
Pairs kernelError(const Weights &network, const Weights &exact) {
  std::vector<double> least(network.outputs, kInfinity), most(network.outputs, -kInfinity);
  for (int64_t s = 0; s < network.outputs; ++s)
    for (int64_t a = 0; a < network.inputs; ++a)
      if (network.row(s)[a] > 0 || exact.row(s)[a] > 0) {
        double error = std::log(network.row(s)[a] / exact.row(s)[a]);
        least[s] = std::min(least[s], error);
        most[s] = std::max(most[s], error);
      }
  Pairs errors(network.outputs);
  for (int64_t s = 0; s < network.outputs; ++s)
    for (int64_t t = 0; t < network.outputs; ++t)
      if (s != t)
        errors(s, t) = most[s] - least[t] + 2 * preparationError(network.inputs);
  return errors;
}

/// All values that K exp u takes for one-hot and for zero u.
std::vector<double> symbolPoints(const std::vector<double> &kernel, int64_t states) {
  std::set<double> points(kernel.begin(), kernel.end());
  for (size_t row = 0; row < kernel.size(); row += states)
    points.insert(std::accumulate(kernel.begin() + row, kernel.begin() + row + states, 0.0));
  return {points.begin(), points.end()};
}

class Propagator {
public:
  Propagator(const ModelPair &models, const ReluOptions &options, const Inflation &inflation)
      : model(models.network.model), exact(models.exact.model), options(options), inflation(inflation) {
    ranges.up.resize(model.depth());
    ranges.below.resize(model.depth() + 1);
    ranges.above.resize(model.depth() + 1);
  }

  Ranges run() {
    goUp();
    Pairs above = priorDifferences();
    ranges.above[0] = above.largestFinite();
    if (options.downward())
      goDown(std::move(above));
    return std::move(ranges);
  }

private:
  void goUp() {
    Pairs message = leafDifferences(model, options);
    ranges.below[model.depth()] = options.leaves == ReluLeaves::Gaussian ? message.largestFinite() : 0;
    for (int64_t l = model.depth(); l >= 1; --l) {
      Pairs inputs = message;
      std::vector<Pairs> perEdge(edgeCount(l), inputs.addScalar(inflation.up[l - 1]));
      LevelBounds &level = ranges.up[l - 1];
      level = boundLevel(l, perEdge, /*transposed=*/false);
      if (l == model.depth() && options.leaves == ReluLeaves::Symbol)
        level.points = symbolPoints(model.levels[l - 1].kernel, model.states(l));
      message = Pairs(model.states(l - 1));
      for (int64_t rank = 0; rank < model.ranks(l); ++rank)
        message += level.edge(rank).differences;
      ranges.below[l - 1] = message.largestFinite();
    }
  }

  void goDown(Pairs above) {
    ranges.down.resize(model.depth());
    for (int64_t l = 1; l <= model.depth(); ++l) {
      std::vector<Pairs> inputs(edgeCount(l), above);
      for (size_t e = 0; e < inputs.size(); ++e) {
        for (int64_t rank = 0; rank < model.ranks(l); ++rank)
          if (rank != static_cast<int64_t>(e))
            inputs[e] += ranges.up[l - 1].edge(rank).differences;
        inputs[e].addScalar(inflation.down[l - 1]);
      }
      ranges.down[l - 1] = boundLevel(l, inputs, /*transposed=*/true);
      above = ranges.down[l - 1].edges.front().differences;
      for (const EdgeBounds &edge : ranges.down[l - 1].edges)
        above.maximize(edge.differences);
      ranges.above[l] = above.largestFinite();
    }
  }

  /// Ranks that share the level's matrix share its bounds.
  int64_t edgeCount(int64_t l) const { return std::min(model.kernelCount(l), model.ranks(l)); }

  LevelBounds boundLevel(int64_t l, const std::vector<Pairs> &inputs, bool transposed) const {
    LevelBounds level;
    const size_t edges = inputs.size();
    level.edges.resize(edges);
    level.kernelErrors.resize(edges);
    for (int64_t k = 0; k < model.kernelCount(l); ++k) {
      const size_t e = static_cast<size_t>(k) % edges;
      Weights weights = matrixOf(model, l, k, transposed);
      EdgeBounds bounds = boundEdge(weights, inputs[e]);
      Pairs error = kernelError(weights, matrixOf(exact, l, k, transposed));
      if (static_cast<size_t>(k) < edges) {
        level.edges[e] = std::move(bounds);
        level.kernelErrors[e] = std::move(error);
      } else {
        level.edges[e].maximize(bounds);
        level.kernelErrors[e].maximize(error);
      }
      level.inputs = weights.inputs;
      level.outputs = weights.outputs;
    }
    level.low = kInfinity;
    for (size_t e = 0; e < edges; ++e) {
      // What the exact model sends may lie outside by what its matrix differs.
      level.edges[e].differences += level.kernelErrors[e];
      level.span = std::max(level.span, inputs[e].largest());
      level.magnitude = std::max(level.magnitude, inputs[e].largestFinite());
      level.low = std::min(level.low, level.edges[e].low);
      level.high = std::max(level.high, level.edges[e].high);
    }
    return level;
  }

  /// Of log psi_0; also its size, and its difference between the two models.
  Pairs priorDifferences() {
    const int64_t states = model.rootStates;
    Pairs differences(states);
    ranges.priorError = Pairs(states);
    for (int64_t s = 0; s < states; ++s)
      for (int64_t t = 0; t < states; ++t) {
        if (s == t || (model.prior[s] == 0 && model.prior[t] == 0))
          continue;
        differences(s, t) = std::log(model.prior[s]) - std::log(model.prior[t]);
        if (!std::isfinite(differences(s, t)))
          continue;
        ranges.prior = std::max(ranges.prior, std::abs(differences(s, t)));
        ranges.priorError(s, t) = std::abs(differences(s, t) - std::log(exact.prior[s]) + std::log(exact.prior[t])) +
                                  2 * preparationError(states);
        differences(s, t) += ranges.priorError(s, t);
      }
    return differences;
  }

  const Model &model;
  const Model &exact;
  const ReluOptions &options;
  const Inflation &inflation;
  Ranges ranges;
};

} // namespace

Ranges computeRanges(const ModelPair &models, const ReluOptions &options, const Inflation &inflation) {
  return Propagator(models, options, inflation).run();
}

} // namespace espalier::relu
