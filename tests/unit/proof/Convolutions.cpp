//===- Convolutions.cpp - Dense convolutions on positions -----------------===//

#include "Convolutions.h"

#include <algorithm>

namespace espalier::proof::test {

const double *matrixOf(const Table &kernel, int64_t node) {
  return kernel.entries.data() + node % kernel.shape[0] * kernel.shape[1] * kernel.shape[2];
}

namespace {

/// The place of a node among the positions of its level, row by row: the nested patches reach it.
int64_t positionOf(const World &world, int64_t level, int64_t node) {
  size_t axes = world.patches.front().size();
  std::vector<int64_t> place(axes, 0), extent(axes, 1);
  std::vector<int64_t> path(level);
  for (int64_t l = level; l >= 1; --l) {
    path[l - 1] = node % world.ranks(l);
    node /= world.ranks(l);
  }
  for (int64_t l = 1; l <= level; ++l) {
    const std::vector<int64_t> &patch = world.patches[l - 1];
    int64_t columns = patch.back();
    for (size_t axis = 0; axis < axes; ++axis) {
      bool isLast = axis + 1 == axes;
      place[axis] = place[axis] * patch[axis] + (isLast ? path[l - 1] % columns : path[l - 1] / columns);
      extent[axis] *= patch[axis];
    }
  }
  int64_t position = 0;
  for (size_t axis = 0; axis < axes; ++axis)
    position = position * extent[axis] + place[axis];
  return position;
}

/// The dense kernel: channel group `group` sees its own tap alone.
double weightOf(const Table &kernel, int64_t node, int64_t group, int64_t tap, int64_t s, int64_t a) {
  return group == tap ? matrixOf(kernel, node)[s * kernel.shape[2] + a] : 0;
}

/// Calls f(node at the tap, group, s, tap, a) for every parent and all its channels.
template <typename F> void forAll(const Table &kernel, int64_t parents, int64_t taps, F f) {
  for (int64_t parent = 0; parent < parents; ++parent)
    for (int64_t group = 0; group < taps; ++group)
      for (int64_t s = 0; s < kernel.shape[1]; ++s)
        for (int64_t tap = 0; tap < taps; ++tap)
          for (int64_t a = 0; a < kernel.shape[2]; ++a)
            f(parent * taps + tap, parent * taps + group, s, tap, a);
}

} // namespace

Tensor convolve(const Table &kernel, int64_t level, const World &world, const Tensor &x) {
  int64_t nodes = world.nodes(level), taps = world.ranks(level), rows = kernel.shape[1], columns = kernel.shape[2];
  Tensor map(x.size()), y(nodes * rows, 0.0); // map: [positions x channels]
  for (int64_t v = 0; v < nodes; ++v)
    std::copy_n(x.begin() + v * columns, columns, map.begin() + positionOf(world, level, v) * columns);
  forAll(kernel, nodes / taps, taps, [&](int64_t node, int64_t channel, int64_t s, int64_t tap, int64_t a) {
    double feature = map[positionOf(world, level, node) * columns + a];
    y[channel * rows + s] += weightOf(kernel, node, channel % taps, tap, s, a) * feature;
  });
  return y;
}

Tensor convolveTransposed(const Table &kernel, int64_t level, const World &world, const Tensor &x) {
  int64_t nodes = world.nodes(level), taps = world.ranks(level), rows = kernel.shape[1], columns = kernel.shape[2];
  Tensor map(nodes * columns, 0.0), y(nodes * columns); // map: [positions x channels]
  forAll(kernel, nodes / taps, taps, [&](int64_t node, int64_t channel, int64_t s, int64_t tap, int64_t a) {
    double weight = weightOf(kernel, node, channel % taps, tap, s, a);
    map[positionOf(world, level, node) * columns + a] += weight * x[channel * rows + s];
  });
  for (int64_t v = 0; v < nodes; ++v)
    std::copy_n(map.begin() + positionOf(world, level, v) * columns, columns, y.begin() + v * columns);
  return y;
}

} // namespace espalier::proof::test
