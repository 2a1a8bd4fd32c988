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

} // namespace

PlainErrors plainErrors(const Model &model, double d) {
  const int64_t depth = model.depth();
  auto delta = [d](const Facts &facts) { return std::log1p(d * facts.odds) + d; };
  std::vector<double> below(depth + 1), sent(depth + 1);
  for (int64_t l = depth; l >= 1; --l) {
    Facts facts = levelFacts(model, l, false);
    sent[l] = facts.contraction * below[l] + 2 * delta(facts);
    below[l - 1] = static_cast<double>(model.ranks(l)) * sent[l];
  }
  double belief = below[0];
  for (int64_t l = 1; l <= depth; ++l) {
    Facts facts = levelFacts(model, l, true);
    belief = below[l] + facts.contraction * (belief + sent[l]) + 2 * delta(facts);
  }
  return {below[0], belief};
}

double plainWidth(const Model &model, double d) {
  double width = 0;
  for (int64_t l = 1; l <= model.depth(); ++l) {
    double exp = std::ceil(1 / std::sqrt(2 * d));
    double log = std::ceil(levelFacts(model, l, false).logRange / std::sqrt(8 * d));
    double states = static_cast<double>(std::max(model.states(l - 1), model.states(l)));
    width = std::max(width, states * std::max(exp, log) + 1);
  }
  return width;
}

static double plainAnswer(const Model &model, const ReluOptions &options, double d) {
  auto [root, leaf] = plainErrors(model, d);
  double answer = options.classify || options.marginals ? std::tanh(root / 4) : 0;
  if (options.marginals)
    answer = std::max(answer, std::tanh(leaf / 4));
  if (options.denoise)
    answer = std::max(answer, valueRange(model) * std::tanh(leaf / 4));
  return answer;
}

double plainWidth(const Model &model, const ReluOptions &options) {
  double low = 1e-30, high = 1;
  if (!(plainAnswer(model, options, low) <= options.tolerance))
    return kInfinity;
  for (int i = 0; i < 60; ++i) {
    double middle = std::sqrt(low * high);
    (plainAnswer(model, options, middle) <= options.tolerance ? low : high) = middle;
  }
  return plainWidth(model, low);
}

} // namespace espalier::relu
