//===- RandomModel.cpp - Models with kernels of any range -----------------===//

#include "tests/unit/analysis/RandomModel.h"

#include <cmath>

namespace espalier::test {

double uniform(std::mt19937_64 &random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

/// A row of weights that are not all zero.
static void addRow(std::vector<double> &table, int64_t size, const RandomModelOptions &options,
                   std::mt19937_64 &random) {
  int64_t kept = static_cast<int64_t>(random() % static_cast<uint64_t>(size));
  for (int64_t a = 0; a < size; ++a) {
    double weight = std::exp(-options.spread * uniform(random));
    table.push_back(a != kept && uniform(random) < options.zeros ? 0 : weight);
  }
}

Model randomModel(uint64_t seed, const RandomModelOptions &options) {
  std::mt19937_64 random(seed);
  auto count = [&](int64_t most) { return 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(most)); };
  Model model;
  model.rootStates = count(options.most);
  addRow(model.prior, model.rootStates, options, random);
  const int64_t depth = count(3);
  for (int64_t l = 1; l <= depth; ++l) {
    const Sharing sharing = options.perEdge && l == depth ? Sharing::None
                            : random() % 2 == 0           ? Sharing::Rank
                                                          : Sharing::Level;
    model.levels.push_back({{count(3)}, count(options.most), sharing, {}});
    for (int64_t row = 0; row < model.kernelCount(l) * model.states(l - 1); ++row)
      addRow(model.levels.back().kernel, model.states(l), options, random);
  }
  model.values.assign(model.leafStates(), 0.0);
  return model;
}

} // namespace espalier::test
