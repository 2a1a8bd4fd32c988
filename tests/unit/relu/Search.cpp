//===- Search.cpp - Models, and evidence that makes errors large ----------===//

#include "tests/unit/relu/Search.h"

#include "tests/unit/relu/RunNetwork.h"

namespace espalier::test {

/// Gamma(3) as a sum of three exponentials: normalized, a row of Dirichlet(3).
static double gammaOfThree(std::mt19937_64 &random) {
  double sum = 0;
  for (int i = 0; i < 3; ++i)
    sum -= std::log(1 - uniform(random));
  return sum;
}

static void addKernelRow(std::vector<double> &kernel, int64_t size, const TreeOptions &options, double zeros,
                         std::mt19937_64 &random) {
  std::vector<double> row(size);
  double sum = 0;
  for (double &weight : row)
    sum += weight = gammaOfThree(random);
  int64_t kept = static_cast<int64_t>(random() % static_cast<uint64_t>(size));
  for (int64_t a = 0; a < size; ++a) {
    double weight = (1 - options.mix) * row[a] / sum + options.mix / static_cast<double>(size);
    kernel.push_back(a != kept && uniform(random) < zeros ? 0 : weight);
  }
}

Model randomTree(uint64_t seed, const TreeOptions &options) {
  std::mt19937_64 random(seed);
  Model model;
  model.rootStates = options.states.front();
  for (int64_t s = 0; s < model.rootStates; ++s)
    model.prior.push_back(0.5 + uniform(random));
  const size_t depth = options.branching.size();
  for (size_t l = 1; l <= depth; ++l) {
    Level level{{options.branching[l - 1]}, options.states[l], random() % 2 ? Sharing::Rank : Sharing::Level, {}};
    model.levels.push_back(level);
    for (int64_t row = 0; row < model.kernelCount(l) * model.states(l - 1); ++row)
      addKernelRow(model.levels.back().kernel, model.states(l), options, l < depth ? options.zeros : 0, random);
  }
  for (int64_t a = 0; a < model.leafStates(); ++a)
    model.values.push_back(model.leafStates() == 1 ? 0 : 2.0 * a / (model.leafStates() - 1.0) - 1);
  return model;
}

TreeOptions regularTree(int64_t states, int64_t depth, int64_t ranks) {
  return {std::vector<int64_t>(depth, ranks), std::vector<int64_t>(depth + 1, states)};
}

void MeasuredErrors::maximize(const MeasuredErrors &other) {
  classify = std::max(classify, other.classify);
  denoise = std::max(denoise, other.denoise);
  marginals = std::max(marginals, other.marginals);
  rootOscillation = std::max(rootOscillation, other.rootOscillation);
}

template <typename Real>
static MeasuredErrors compare(const Model &model, const Beliefs<long double> &exact,
                              const std::vector<Messages<Real>> &network) {
  MeasuredErrors errors;
  for (int64_t l = 0; l <= model.depth(); ++l)
    for (size_t v = 0; v < network[l].size(); ++v) {
      long double distance = 0, mean = 0, low = 0, high = 0;
      for (int64_t s = 0; s < model.states(l); ++s) {
        long double truth = exact.posteriors[l][v][s], error = network[l][v][s] - truth;
        distance += std::abs(error) / 2;
        if (l == model.depth())
          mean += model.values[s] * error;
        if (truth > 0 && network[l][v][s] > 0) {
          long double ratio = std::log(network[l][v][s] / truth);
          low = s == 0 ? ratio : std::min(low, ratio);
          high = s == 0 ? ratio : std::max(high, ratio);
        }
      }
      errors.marginals = std::max(errors.marginals, static_cast<double>(distance));
      if (l == model.depth())
        errors.denoise = std::max(errors.denoise, static_cast<double>(std::abs(mean)));
      if (l == 0) {
        errors.classify = static_cast<double>(distance);
        errors.rootOscillation = static_cast<double>(high - low);
      }
    }
  return errors;
}

Beliefs<long double> exactBeliefs(const Model &model, const Messages<double> &leaves) {
  Messages<long double> weights;
  for (const auto &leaf : leaves) {
    weights.emplace_back();
    for (double h : leaf)
      weights.back().push_back(std::exp(static_cast<long double>(h)));
  }
  return propagate<long double>(model, weights, nullptr);
}

MeasuredErrors measure(const Model &model, const ReluNetwork &network, const Messages<double> &leaves, NumberType type,
                       bool merged) {
  const Beliefs<long double> exact = exactBeliefs(model, leaves);
  switch (type) {
  case NumberType::Float:
    return compare(model, exact, runNetwork<float>(network, leaves, merged).posteriors);
  case NumberType::Double:
    return compare(model, exact, runNetwork<double>(network, leaves, merged).posteriors);
  case NumberType::LongDouble:
    return compare(model, exact, runNetwork<long double>(network, leaves, merged).posteriors);
  }
  return {};
}

static std::vector<double> symbolLeaf(int64_t states, std::mt19937_64 &random) {
  std::vector<double> leaf(states, 0.0);
  if (uniform(random) < 0.15)
    return leaf;
  leaf.assign(states, -1e30);
  leaf[random() % static_cast<uint64_t>(states)] = 0;
  return leaf;
}

static std::vector<double> gaussianLeaf(const Model &model, const GaussianBox &box, std::mt19937_64 &random) {
  auto between = [&](double low, double high) { return low + (high - low) * uniform(random); };
  double sigma = box.sigmaLow * std::pow(box.sigmaHigh / box.sigmaLow, uniform(random));
  double lambda = between(box.lambdaLow, box.lambdaHigh);
  std::vector<double> z, leaf;
  for (int64_t i = 0; i < model.valueSize; ++i)
    z.push_back(between(box.low, box.high));
  for (int64_t a = 0; a < model.leafStates(); ++a) {
    double square = 0;
    for (int64_t i = 0; i < model.valueSize; ++i)
      square += std::pow(z[i] - lambda * model.values[a * model.valueSize + i], 2);
    leaf.push_back(-square / (2 * sigma * sigma));
  }
  norm(leaf);
  return leaf;
}

static std::vector<double> anyLeaf(int64_t states, std::mt19937_64 &random) {
  if (uniform(random) < 0.3)
    return symbolLeaf(states, random);
  std::vector<double> leaf;
  const double reach = std::pow(10, 2 * uniform(random) - 0.5);
  for (int64_t a = 0; a < states; ++a)
    leaf.push_back(uniform(random) < 0.1 ? -1e30 : -reach * uniform(random));
  norm(leaf);
  return leaf;
}

static std::vector<double> randomLeaf(const Model &model, const ReluOptions &options, std::mt19937_64 &random) {
  std::vector<double> leaf = options.leaves == ReluLeaves::Symbol     ? symbolLeaf(model.leafStates(), random)
                             : options.leaves == ReluLeaves::Gaussian ? gaussianLeaf(model, options.box, random)
                                                                      : anyLeaf(model.leafStates(), random);
  // Numbers of the precision, so that network and truth see the same.
  for (double &h : leaf)
    h = static_cast<float>(h);
  return leaf;
}

Messages<double> randomLeaves(const Model &model, const ReluOptions &options, std::mt19937_64 &random) {
  Messages<double> leaves;
  for (int64_t v = 0; v < model.leaves(); ++v)
    leaves.push_back(randomLeaf(model, options, random));
  return leaves;
}

/// Which error a climb is about.
static double objective(const MeasuredErrors &errors, const ReluOptions &options, int climb) {
  if (options.downward() && climb % 2 == 1)
    return options.denoise ? errors.denoise : errors.marginals;
  return errors.rootOscillation;
}

MeasuredErrors climb(const Model &model, const ReluNetwork &network, const ReluOptions &options, NumberType type,
                     int steps, uint64_t seed) {
  std::mt19937_64 random(seed);
  MeasuredErrors worst;
  constexpr int kClimbs = 4;
  for (int c = 0; c < kClimbs; ++c) {
    Messages<double> leaves = randomLeaves(model, options, random);
    double best = 0;
    for (int i = 0; i < steps / kClimbs; ++i) {
      Messages<double> trial = leaves;
      std::vector<double> &leaf = trial[random() % trial.size()];
      if (options.leaves == ReluLeaves::Any && random() % 2) {
        for (double &h : leaf)
          h = static_cast<float>(std::max(-1e30, h + (uniform(random) - 0.5) * std::pow(10, -2 * uniform(random))));
        norm(leaf);
      } else {
        leaf = randomLeaf(model, options, random);
      }
      MeasuredErrors errors = measure(model, network, trial, type, c % 2 == 1);
      worst.maximize(errors);
      if (double value = objective(errors, options, c); value > best) {
        best = value;
        leaves = std::move(trial);
      }
    }
  }
  return worst;
}

} // namespace espalier::test
