//===- PositionsLayout.cpp - One sample with its nodes in the lanes -*- C++ -*-===//

#include "runtime/PositionsLayout.h"

#include "runtime/Layout.h"

using namespace espalier;
using namespace espalier::runtime;

PositionsLayout::PositionsLayout(const Model &model, const Positions &positions, int64_t l, int64_t width)
    : width(width), columns(l >= positions.level ? positions.tile : positions.lanes) {
  const std::vector<int64_t> places = placesOfNodes(model, l);
  const int64_t subtrees = l >= positions.level ? model.nodes(positions.level) : 1;
  const int64_t nodes = model.nodes(l) / subtrees;
  for (int64_t p = 0; p < subtrees; ++p)
    bases.push_back(places[p * nodes]);
  for (int64_t node = 0; node < nodes; ++node)
    offsets.push_back(places[node] - places[0]);
}

/// Calls move(place in the user's array, place in the tile) for every value.
template <typename Move> void PositionsLayout::forEach(Move move) const {
  int64_t row = 0;
  for (int64_t offset : offsets)
    for (int64_t k = 0; k < width; ++k, ++row)
      for (size_t p = 0; p < bases.size(); ++p)
        move((bases[p] + offset) * width + k, row * columns + static_cast<int64_t>(p));
}

template <typename T> void PositionsLayout::toTile(const T *user, T *tile) const {
  forEach([&](int64_t from, int64_t to) { tile[to] = user[from]; });
}

template <typename T> void PositionsLayout::symbolsToTile(const int32_t *user, T *tile, int32_t states) const {
  forEach([&](int64_t from, int64_t to) { tile[to] = tileSymbol<T>(user[from], states); });
}

template <typename T> void PositionsLayout::fromTile(const T *tile, T *user) const {
  forEach([&](int64_t to, int64_t from) { user[to] = tile[from]; });
}

template void PositionsLayout::symbolsToTile(const int32_t *, int32_t *, int32_t) const;
template void PositionsLayout::symbolsToTile(const int32_t *, uint8_t *, int32_t) const;
template void PositionsLayout::toTile(const float *, float *) const;
template void PositionsLayout::toTile(const double *, double *) const;
template void PositionsLayout::fromTile(const float *, float *) const;
template void PositionsLayout::fromTile(const double *, double *) const;
