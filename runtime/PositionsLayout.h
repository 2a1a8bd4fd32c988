//===- PositionsLayout.h - One sample with its nodes in the lanes ---*- C++ -*-===//
//
// Kernels for one sample have the nodes of a level in the lanes: column p of a tile is the subtree of the level's node
// p. Subtrees are equal, so that what lies at one place in all of them is one row of the tile.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_POSITIONSLAYOUT_H
#define ESPALIER_RUNTIME_POSITIONSLAYOUT_H

#include "runtime/Model.h"

namespace espalier::runtime {

/// How the values of level l of one sample, `width` for each node, move between a user's array and a kernel's.
class PositionsLayout {
public:
  PositionsLayout(const Model &model, const Positions &positions, int64_t l, int64_t width);

  /// Elements of the kernel's array.
  int64_t tileSize() const { return rows() * columns; }

  /// Brings a sample into the tile; columns without a node are left alone.
  template <typename T> void toTile(const T *user, T *tile) const;

  /// The same for symbols, -1 becoming `states`. T is int32_t or uint8_t.
  template <typename T> void symbolsToTile(const int32_t *user, T *tile, int32_t states) const;

  /// Brings it back.
  template <typename T> void fromTile(const T *tile, T *user) const;

private:
  template <typename Move> void forEach(Move move) const;
  int64_t rows() const { return static_cast<int64_t>(offsets.size()) * width; }

  int64_t width;
  int64_t columns;              ///< of the tile: for nodes above the level, the first of them holds the sample
  std::vector<int64_t> offsets; ///< user's places of a subtree's nodes from its base on, in rank order
  std::vector<int64_t> bases;   ///< of each subtree
};

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_POSITIONSLAYOUT_H
