//===- Layout.h - Users' arrays and kernels' tiles ------------------*- C++ -*-===//
//
// Users' arrays have the batch outermost and nodes where people see them (sequence position, or row and column);
// kernels want the batch innermost and nodes in rank order, node = parent * ranks + rank. Images are nested patches
// with ranks row-major inside a patch, so the two orders differ there.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_LAYOUT_H
#define ESPALIER_RUNTIME_LAYOUT_H

#include "runtime/Model.h"

#include <cstdint>
#include <vector>

namespace espalier::runtime {

/// For every node of level l in rank order, its place in the user's array (row-major pixel, or position).
std::vector<int64_t> placesOfNodes(const Model &model, int64_t l);

/// A user's symbol, -1 where it is missing, as a kernel takes it.
template <typename T> T tileSymbol(int32_t symbol, int32_t states) {
  return static_cast<T>(symbol + (symbol >> 31 & (states + 1)));
}

/// How one level's values move between the two layouts: `width` consecutive values per node.
class Layout {
public:
  Layout(const Model &model, int64_t l, int64_t width);

  /// Values of one sample.
  int64_t size() const { return nodes * width; }

  /// Whether tiles have the user's values one after the other.
  bool isInOrder() const { return nodeAt.empty(); }

  /// The tile's row that holds value `index` of a user's sample.
  int64_t row(int64_t index) const { return isInOrder() ? index : nodeAt[index / width] * width + index % width; }

  /// Brings `count` <= tile samples, `size()` values each, into tile[row * tile + sample]. T is int32_t, float or
  /// double; the tile's other columns are left alone.
  template <typename T> void toTile(const T *user, int64_t count, T *tileData, int64_t tile) const;

  /// The same for symbols, -1 becoming `states`: what a kernel takes for a missing leaf. T is int32_t, or uint8_t where
  /// there are no more than 127 states.
  template <typename T>
  void symbolsToTile(const int32_t *user, int64_t count, T *tileData, int64_t tile, int32_t states) const;

  /// Brings the first `count` samples of a tile back.
  template <typename T> void fromTile(const T *tileData, int64_t tile, T *user, int64_t count) const;

private:
  int64_t nodes;
  int64_t width;
  std::vector<int64_t> nodeAt; ///< node at each place; empty where the orders agree
};

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_LAYOUT_H
