//===- Positions.cpp - Which nodes fill the lanes of one sample -----------===//

#include "compiler/codegen/Positions.h"

#include <algorithm>

namespace espalier {

/// More vectors of nodes at once than this would outgrow the innermost cache.
static constexpr int64_t kMostVectors = 8;

/// Products across the edges of level l, for one sample.
static double products(const Model &model, int64_t l) {
  return static_cast<double>(model.nodes(l)) * static_cast<double>(model.states(l - 1) * model.states(l));
}

static bool sharesKernelsBelow(const Model &model, int64_t level) {
  for (int64_t l = level + 1; l <= model.depth(); ++l)
    if (model.levels[l - 1].sharing == Sharing::None)
      return false;
  return true;
}

PositionsChoice choosePositions(const Model &model, int64_t lanes, int64_t tile) {
  double wide = 0, least = 0;
  for (int64_t l = 1; l <= model.depth(); ++l)
    wide += products(model, l) * static_cast<double>(tile / lanes);
  PositionsChoice choice;
  for (int64_t level = 1; level < model.depth(); ++level) {
    int64_t nodes = model.nodes(level), vectors = (nodes + lanes - 1) / lanes;
    if (vectors > kMostVectors)
      break;
    if (!sharesKernelsBelow(model, level))
      continue;
    double cost = 0;
    for (int64_t l = 1; l <= model.depth(); ++l)
      cost += products(model, l) * (l > level ? static_cast<double>(vectors) / static_cast<double>(nodes) : 1);
    if (choice.level == 0 || cost < least) {
      choice = {level, vectors * lanes, 0};
      least = cost;
    }
  }
  if (choice.level > 0)
    choice.mostBatch = std::min(tile, static_cast<int64_t>(wide / least));
  return choice.mostBatch > 0 ? choice : PositionsChoice();
}

} // namespace espalier
