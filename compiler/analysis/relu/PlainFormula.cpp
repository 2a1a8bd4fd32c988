//===- PlainFormula.cpp - The certificate in closed form ------------------===//

#include "compiler/analysis/relu/PlainFormula.h"

#include "compiler/analysis/relu/Numbers.h"

#include <numeric>

namespace espalier::relu {
namespace {

/// What the formula needs of one matrix; of several the worst.
struct Facts {
  double contraction = 0; ///< tanh(Delta / 4)
  double odds = 0;        ///< max over s, a of sum_{b != a} K[s, b] / K[s, a]
  double logRange = 0;    ///< log of the largest row sum over the least entry
  void maximize(const Facts &other) {
    contraction = std::max(contraction, other.contraction);
    odds = std::max(odds, other.odds);
    logRange = std::max(logRange, other.logRange);
  }
};

/// Birkhoff's diameter: log of the largest K[s,a] K[t,b] / (K[s,b] K[t,a]).
double diameter(const double *matrix, int64_t rows, int64_t columns) {
  double most = 0;
  for (int64_t s = 0; s < rows; ++s)
    for (int64_t t = 0; t < s; ++t) {
      double low = kInfinity, high = -kInfinity;
      for (int64_t a = 0; a < columns; ++a) {
        double ratio = std::log(matrix[s * columns + a]) - std::log(matrix[t * columns + a]);
        low = std::min(low, ratio);
        high = std::max(high, ratio);
      }
      most = std::max(most, high - low);
    }
  return most;
}

Facts factsOf(const double *matrix, int64_t rows, int64_t columns) {
  Facts facts;
  double least = *std::min_element(matrix, matrix + rows * columns);
  if (!(least > 0))
    return {1, kInfinity, kInfinity};
  facts.contraction = std::tanh(diameter(matrix, rows, columns) / 4);
  for (int64_t s = 0; s < rows; ++s) {
    const double *row = matrix + s * columns;
    double sum = std::accumulate(row, row + columns, 0.0), smallest = *std::min_element(row, row + columns);
    facts.odds = std::max(facts.odds, (sum - smallest) / smallest);
    facts.logRange = std::max(facts.logRange, std::log(sum / least));
  }
  return facts;
}

/// Of all matrices of level l, as they are (upward) or transposed (downward).
Facts levelFacts(const Model &model, int64_t l, bool transposed) {
  const int64_t parents = model.states(l - 1), children = model.states(l);
  Facts worst;
  for (int64_t k = 0; k < model.kernelCount(l); ++k) {
    const double *matrix = model.levels[l - 1].kernel.data() + k * parents * children;
    if (!transposed) {
      worst.maximize(factsOf(matrix, parents, children));
      continue;
    }
    std::vector<double> turned(parents * children);
    for (int64_t s = 0; s < parents; ++s)
      for (int64_t a = 0; a < children; ++a)
        turned[a * parents + s] = matrix[s * children + a];
    worst.maximize(factsOf(turned.data(), children, parents));
  }
  return worst;
}

double valueRange(const Model &model) {
  double range = 0;
  for (int64_t i = 0; i < model.valueSize; ++i) {
    double low = kInfinity, high = -kInfinity;
    for (int64_t a = 0; a < model.leafStates(); ++a) {
      low = std::min(low, model.values[a * model.valueSize + i]);
      high = std::max(high, model.values[a * model.valueSize + i]);
    }
    range = std::max(range, high - low);
  }
  return range;
}

/// Facts of every level, upward and downward: [l - 1].
struct ModelFacts {
  explicit ModelFacts(const Model &model) : model(model) {
    for (int64_t l = 1; l <= model.depth(); ++l) {
      up.push_back(levelFacts(model, l, false));
      down.push_back(levelFacts(model, l, true));
    }
  }

  PlainErrors errors(double d) const {
    const size_t depth = up.size();
    auto delta = [d](const Facts &facts) { return std::log1p(d * facts.odds) + d; };
    std::vector<double> below(depth + 1), sent(depth);
    for (size_t l = depth; l >= 1; --l) {
      sent[l - 1] = up[l - 1].contraction * below[l] + 2 * delta(up[l - 1]);
      below[l - 1] = static_cast<double>(model.levels[l - 1].ranks()) * sent[l - 1];
    }
    double belief = below[0];
    for (size_t l = 1; l <= depth; ++l)
      belief = below[l] + down[l - 1].contraction * (belief + sent[l - 1]) + 2 * delta(down[l - 1]);
    return {below[0], belief};
  }

  double width(double d) const {
    double width = 0;
    for (int64_t l = 1; l <= model.depth(); ++l) {
      double knots = std::max(std::ceil(1 / std::sqrt(2 * d)), std::ceil(up[l - 1].logRange / std::sqrt(8 * d)));
      width = std::max(width, static_cast<double>(std::max(model.states(l - 1), model.states(l))) * knots + 1);
    }
    return width;
  }

  /// The worst of what was asked.
  double answer(const ReluOptions &options, double d) const {
    auto [root, leaf] = errors(d);
    double worst = options.classify || options.marginals ? std::tanh(root / 4) : 0;
    if (options.marginals)
      worst = std::max(worst, std::tanh(leaf / 4));
    if (options.denoise)
      worst = std::max(worst, valueRange(model) * std::tanh(leaf / 4));
    return worst;
  }

  const Model &model;
  std::vector<Facts> up, down;
};

} // namespace

PlainErrors plainErrors(const Model &model, double d) { return ModelFacts(model).errors(d); }

double plainWidth(const Model &model, double d) { return ModelFacts(model).width(d); }

double plainWidth(const Model &model, const ReluOptions &options) {
  const ModelFacts facts(model);
  double low = 1e-30, high = 1;
  if (!(facts.answer(options, low) <= options.tolerance))
    return kInfinity;
  for (int i = 0; i < 60; ++i) {
    double middle = std::sqrt(low * high);
    (facts.answer(options, middle) <= options.tolerance ? low : high) = middle;
  }
  return facts.width(low);
}

} // namespace espalier::relu
