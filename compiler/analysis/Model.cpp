//===- Model.cpp - A generative hierarchical model, parsed ----------------===//

#include "compiler/analysis/Model.h"

namespace espalier {

int64_t Level::ranks() const {
  int64_t product = 1;
  for (int64_t extent : patch)
    product *= extent;
  return product;
}

int64_t Model::nodes(int64_t l) const {
  int64_t count = 1;
  for (int64_t k = 1; k <= l; ++k)
    count *= ranks(k);
  return count;
}

std::vector<int64_t> Model::shape(int64_t l) const {
  std::vector<int64_t> extents(isImage() ? 2 : 1, 1);
  for (int64_t k = 1; k <= l; ++k)
    for (size_t axis = 0; axis < extents.size(); ++axis)
      extents[axis] *= levels[k - 1].patch[axis];
  return extents;
}

int64_t Model::kernelCount(int64_t l) const {
  switch (levels[l - 1].sharing) {
  case Sharing::Rank:
    return ranks(l);
  case Sharing::Level:
    return 1;
  case Sharing::None:
    return nodes(l);
  }
  return 0;
}

const double *Model::kernel(int64_t l, int64_t node) const {
  const Level &level = levels[l - 1];
  int64_t index = level.sharing == Sharing::Rank ? node % level.ranks() : level.sharing == Sharing::None ? node : 0;
  return level.kernel.data() + index * states(l - 1) * states(l);
}

} // namespace espalier
