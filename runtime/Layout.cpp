//===- Layout.cpp - Users' arrays and kernels' tiles ----------------*- C++ -*-===//
//
// The transposition walks over the user's values by cache lines and, inside, over samples in squares of 4 x 4 that
// stay in registers: a tile's samples usually lie on as many pages, and each line is visited once.
//
//===----------------------------------------------------------------------===//

#include "runtime/Layout.h"

#include <algorithm>

#include <emmintrin.h>

using namespace espalier;
using namespace espalier::runtime;

std::vector<int64_t> runtime::placesOfNodes(const Model &model, int64_t l) {
  std::vector<int64_t> shape = model.shape(l);
  std::vector<int64_t> places(static_cast<size_t>(model.nodes(l)));
  for (int64_t node = 0; node < static_cast<int64_t>(places.size()); ++node) {
    // Peel ranks off from the finest level: each gives the offset inside a patch of its scale.
    int64_t rest = node, row = 0, column = 0, rowScale = 1, columnScale = 1;
    for (int64_t k = l; k >= 1; --k) {
      int64_t columns = model.branching[k - 1].back();
      int64_t rank = rest % model.ranks(k);
      rest /= model.ranks(k);
      row += rank / columns * rowScale;
      column += rank % columns * columnScale;
      rowScale *= model.ranks(k) / columns;
      columnScale *= columns;
    }
    places[node] = row * shape.back() + column;
  }
  return places;
}

Layout::Layout(const Model &model, int64_t l, int64_t width) : nodes(model.nodes(l)), width(width) {
  if (!model.isImage())
    return;
  std::vector<int64_t> places = placesOfNodes(model, l);
  nodeAt.resize(places.size());
  for (size_t node = 0; node < places.size(); ++node)
    nodeAt[places[node]] = static_cast<int64_t>(node);
}

namespace {

constexpr int64_t square = 4;
constexpr int64_t blocksAhead = 8; ///< measured: fewer wait, many more are evicted again

/// out[i][j] = in[j][i] for 4 x 4 values of 4 bytes; moves keep the bits of integers too.
template <typename T> void transposeSquare(const T *const in[square], T *const out[square]) {
  auto load = [&](int i) { return _mm_loadu_ps(reinterpret_cast<const float *>(in[i])); };
  auto store = [&](int i, __m128 row) { _mm_storeu_ps(reinterpret_cast<float *>(out[i]), row); };
  __m128 a = load(0), b = load(1), c = load(2), d = load(3);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  store(0, a);
  store(1, b);
  store(2, c);
  store(3, d);
}

void transposeSquare(const double *const in[square], double *const out[square]) {
  for (int i = 0; i < square; i += 2)
    for (int j = 0; j < square; j += 2) {
      __m128d a = _mm_loadu_pd(in[j] + i), b = _mm_loadu_pd(in[j + 1] + i);
      _mm_storeu_pd(out[i] + j, _mm_unpacklo_pd(a, b));
      _mm_storeu_pd(out[i + 1] + j, _mm_unpackhi_pd(a, b));
    }
}

/// Calls squareAt(index, sample, rows) for whole squares and single(index, sample, row) for what the edges leave;
/// rows are the tile's rows of the values from `index` on. Every sample of a user's array is a stream of its own, too
/// many for the hardware to foresee: the lines of a later block are asked for by hand.
template <typename T, typename SquareAt, typename Single>
void walk(const Layout &layout, const T *user, int64_t count, SquareAt squareAt, Single single) {
  constexpr int64_t block = 64 / sizeof(T);
  for (int64_t begin = 0; begin < layout.size(); begin += block) {
    int64_t length = std::min(layout.size() - begin, block);
    int64_t whole = length / square * square;
    int64_t rows[block];
    for (int64_t i = 0; i < length; ++i)
      rows[i] = layout.row(begin + i);
    int64_t sample = 0;
    for (; sample + square <= count; sample += square) {
      if (int64_t later = begin + blocksAhead * block; later < layout.size())
        for (int64_t j = 0; j < square; ++j)
          __builtin_prefetch(user + (sample + j) * layout.size() + later);
      for (int64_t i = 0; i < whole; i += square)
        squareAt(begin + i, sample, rows + i);
      for (int64_t i = whole; i < length; ++i)
        for (int64_t j = 0; j < square; ++j)
          single(begin + i, sample + j, rows[i]);
    }
    for (; sample < count; ++sample)
      for (int64_t i = 0; i < length; ++i)
        single(begin + i, sample, rows[i]);
  }
}

} // namespace

template <typename T> void Layout::toTile(const T *user, int64_t count, T *tileData, int64_t tile) const {
  int64_t stride = size();
  walk(
      *this, user, count,
      [&](int64_t index, int64_t sample, const int64_t *rows) {
        const T *in[square];
        T *out[square];
        for (int64_t i = 0; i < square; ++i) {
          in[i] = user + (sample + i) * stride + index;
          out[i] = tileData + rows[i] * tile + sample;
        }
        transposeSquare(in, out);
      },
      [&](int64_t index, int64_t sample, int64_t row) {
        tileData[row * tile + sample] = user[sample * stride + index];
      });
}

template <typename T> void Layout::fromTile(const T *tileData, int64_t tile, T *user, int64_t count) const {
  int64_t stride = size();
  walk(
      *this, user, count,
      [&](int64_t index, int64_t sample, const int64_t *rows) {
        const T *in[square];
        T *out[square];
        for (int64_t i = 0; i < square; ++i) {
          in[i] = tileData + rows[i] * tile + sample;
          out[i] = user + (sample + i) * stride + index;
        }
        transposeSquare(in, out);
      },
      [&](int64_t index, int64_t sample, int64_t row) {
        user[sample * stride + index] = tileData[row * tile + sample];
      });
}

template void Layout::toTile(const int32_t *, int64_t, int32_t *, int64_t) const;
template void Layout::toTile(const float *, int64_t, float *, int64_t) const;
template void Layout::toTile(const double *, int64_t, double *, int64_t) const;
template void Layout::fromTile(const int32_t *, int64_t, int32_t *, int64_t) const;
template void Layout::fromTile(const float *, int64_t, float *, int64_t) const;
template void Layout::fromTile(const double *, int64_t, double *, int64_t) const;
