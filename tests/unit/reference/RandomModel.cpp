//===- RandomModel.cpp - Models and evidence to test the oracle -----------===//

#include "tests/unit/reference/RandomModel.h"

#include <algorithm>
#include <limits>

namespace espalier::test {
namespace {

/// Entries in [0.1, 2) with zeros; one entry at a random place is never zero.
void appendRow(std::vector<double> &table, int64_t size, double zeros, std::mt19937_64 &random) {
  const int64_t kept = static_cast<int64_t>(uniform(random) * size);
  for (int64_t i = 0; i < size; ++i)
    table.push_back(i != kept && uniform(random) < zeros ? 0.0 : 0.1 + 1.9 * uniform(random));
}

int64_t drawFrom(const double *weights, int64_t size, std::mt19937_64 &random) {
  double rest = uniform(random);
  for (int64_t i = 0; i + 1 < size; ++i)
    if ((rest -= weights[i]) < 0)
      return i;
  return size - 1;
}

} // namespace

double uniform(std::mt19937_64 &random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

Model randomModel(const ModelShape &shape, uint64_t seed) {
  std::mt19937_64 random(seed);
  Model model;
  model.name = "random";
  model.rootStates = shape.states[0];
  appendRow(model.prior, model.rootStates, shape.zeros, random);
  for (size_t l = 1; l < shape.states.size(); ++l) {
    Level level;
    level.patch = {shape.ranks[l - 1]};
    level.states = shape.states[l];
    level.sharing = shape.sharing[l - 1];
    model.levels.push_back(level);
    const int64_t rows = model.kernelCount(l) * shape.states[l - 1];
    for (int64_t row = 0; row < rows; ++row)
      appendRow(model.levels.back().kernel, level.states, shape.zeros, random);
  }
  for (int64_t a = 0; a < model.leafStates(); ++a)
    model.values.push_back(2 * uniform(random) - 1);
  return model;
}

Model pottsModel(int64_t states, int64_t ranks, int64_t depth, double r) {
  Model model;
  model.name = "potts";
  model.rootStates = states;
  model.prior.assign(states, 1.0 / static_cast<double>(states));
  Level level;
  level.patch = {ranks};
  level.states = states;
  level.sharing = Sharing::Level;
  for (int64_t i = 0; i < states * states; ++i)
    level.kernel.push_back((1 - r) / static_cast<double>(states) + (i % (states + 1) == 0 ? r : 0.0));
  model.levels.assign(depth, level);
  for (int64_t a = 0; a < states; ++a)
    model.values.push_back(states == 1 ? 0.0 : -1.0 + 2.0 * static_cast<double>(a) / static_cast<double>(states - 1));
  return model;
}

reference::Fields randomSymbols(const Model &model, std::mt19937_64 &random) {
  std::vector<int32_t> symbols;
  for (int64_t v = 0; v < model.leaves(); ++v)
    symbols.push_back(uniform(random) < 0.35 ? -1 : static_cast<int32_t>(uniform(random) * model.leafStates()));
  return reference::symbolFields(model, symbols);
}

reference::Fields randomSoft(const Model &model, std::mt19937_64 &random) {
  std::vector<double> weights;
  for (int64_t v = 0; v < model.leaves(); ++v)
    appendRow(weights, model.leafStates(), 0.2, random);
  return reference::softFields(model, weights);
}

reference::Fields randomGaussian(const Model &model, std::mt19937_64 &random) {
  std::vector<double> z;
  for (int64_t v = 0; v < model.leaves(); ++v)
    z.push_back(uniform(random) < 0.35 ? std::numeric_limits<double>::quiet_NaN() : 4 * uniform(random) - 2);
  return reference::gaussianFields(model, z, 0.9, 0.1 + uniform(random));
}

std::vector<std::vector<int64_t>> sampleNodes(const Model &model, std::mt19937_64 &random) {
  std::vector<std::vector<int64_t>> nodes = {{drawFrom(model.prior.data(), model.rootStates, random)}};
  for (int64_t l = 1; l <= model.depth(); ++l) {
    std::vector<int64_t> &level = nodes.emplace_back();
    for (int64_t v = 0; v < model.nodes(l); ++v) {
      const int64_t parent = nodes[l - 1][v / model.ranks(l)];
      level.push_back(drawFrom(model.kernel(l, v) + parent * model.states(l), model.states(l), random));
    }
  }
  return nodes;
}

} // namespace espalier::test
