//===- Layout.cpp - Users' arrays and kernels' tiles ----------------*- C++ -*-===//
//
// The transposition walks over the user's values by cache lines, a few samples at a time, in blocks that stay in
// registers: a tile's samples usually lie on as many pages, and each line is visited once.
//
//===----------------------------------------------------------------------===//

#include "runtime/Layout.h"

#include <algorithm>
#include <utility>

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
// Measured. Fewer blocks ahead wait, more are evicted again, and so are the streams' lines where there are more of
// them.
constexpr int64_t blocksAhead = 4, blocksInARow = 256, streams = 8;

/// Four values as they lie in memory. Moves keep the bits of integers too.
template <typename T> struct Quad {
  __m128 bits;

  static Quad load(const T *p) { return {_mm_loadu_ps(reinterpret_cast<const float *>(p))}; }
  void store(T *p) const { _mm_storeu_ps(reinterpret_cast<float *>(p), bits); }
  static void transpose(Quad &a, Quad &b, Quad &c, Quad &d) { _MM_TRANSPOSE4_PS(a.bits, b.bits, c.bits, d.bits); }
};

template <> struct Quad<double> {
  __m128d low, high;

  static Quad load(const double *p) { return {_mm_loadu_pd(p), _mm_loadu_pd(p + 2)}; }
  void store(double *p) const {
    _mm_storeu_pd(p, low);
    _mm_storeu_pd(p + 2, high);
  }
  static void transpose(Quad &a, Quad &b, Quad &c, Quad &d) {
    Quad p = {_mm_unpacklo_pd(a.low, b.low), _mm_unpacklo_pd(c.low, d.low)};
    Quad q = {_mm_unpackhi_pd(a.low, b.low), _mm_unpackhi_pd(c.low, d.low)};
    Quad r = {_mm_unpacklo_pd(a.high, b.high), _mm_unpacklo_pd(c.high, d.high)};
    Quad s = {_mm_unpackhi_pd(a.high, b.high), _mm_unpackhi_pd(c.high, d.high)};
    a = p, b = q, c = r, d = s;
  }
};

/// A square, its rows from load(0..3), its columns to store(0..3). Written out, so that all of it stays in registers.
template <typename T, typename Load, typename Store> void transpose(Load load, Store store) {
  Quad<T> a = load(0), b = load(1), c = load(2), d = load(3);
  Quad<T>::transpose(a, b, c, d);
  store(0, a);
  store(1, b);
  store(2, c);
  store(3, d);
}

/// What becomes of values on their way: nothing, or of -1 the number of states.
struct AsTheyAre {
  template <typename T> T operator()(T value) const { return value; }
};

struct MissingAsStates {
  int32_t states;

  int32_t operator()(int32_t symbol) const { return tileSymbol<int32_t>(symbol, states); }
  Quad<int32_t> operator()(Quad<int32_t> symbols) const {
    __m128i s = _mm_castps_si128(symbols.bits);
    __m128i more = _mm_and_si128(_mm_srai_epi32(s, 31), _mm_set1_epi32(states + 1));
    return {_mm_castsi128_ps(_mm_add_epi32(s, more))};
  }
};

/// Values in a block: a line of the cache.
template <typename T> constexpr int64_t blockSize = 64 / sizeof(T);

/// The tile's rows of a block's values where the user's order is the tile's.
struct InOrder {
  int64_t begin;
  InOrder(const Layout &, int64_t begin, int64_t) : begin(begin) {}
  int64_t row(int64_t i) const { return begin + i; }
};

/// The same where it is not.
struct Placed {
  int64_t begin;
  int64_t rows[blockSize<int32_t>];
  Placed(const Layout &layout, int64_t begin, int64_t length) : begin(begin) {
    for (int64_t i = 0; i < length; ++i)
      rows[i] = layout.row(begin + i);
  }
  int64_t row(int64_t i) const { return rows[i]; }
};

/// Calls together(block, sample) where `height` samples, from this one on, and a whole block are left,
/// single(index, row, sample) elsewhere.
///
/// Every sample of a user's array is a stream of its own, too many at once for the hardware to foresee, and often as
/// far from the next as makes them share a few places of the cache. So a few samples are brought through many blocks,
/// and the lines of a later block are asked for by hand.
template <int64_t height, typename Block, typename T, typename Together, typename Single>
void walkBlocks(const Layout &layout, const T *user, int64_t count, Together together, Single single) {
  static_assert(streams % height == 0);
  constexpr int64_t size = blockSize<T>, chunk = blocksInARow * size;
  auto askForLater = [&](int64_t sample, int64_t later) {
    if (later < layout.size())
      for (int64_t j = 0; j < height; ++j)
        __builtin_prefetch(user + (sample + j) * layout.size() + later);
  };
  for (int64_t first = 0; first < layout.size(); first += chunk)
    for (int64_t samples = 0; samples < count; samples += streams)
      for (int64_t begin = first; begin < std::min(first + chunk, layout.size()); begin += size) {
        const int64_t length = std::min(layout.size() - begin, size), end = std::min(samples + streams, count);
        const Block block(layout, begin, length);
        int64_t sample = samples;
        for (; length == size && count >= height && sample < end; sample += height) {
          // Where fewer are left, those before them come along once more.
          const int64_t from = std::min(sample, count - height);
          askForLater(from, begin + blocksAhead * size);
          together(block, from);
        }
        for (; sample < end; ++sample)
          for (int64_t i = 0; i < length; ++i)
            single(begin + i, block.row(i), sample);
      }
}

template <int64_t height, typename T, typename Together, typename Single>
void walk(const Layout &layout, const T *user, int64_t count, Together together, Single single) {
  if (layout.isInOrder())
    walkBlocks<height, InOrder>(layout, user, count, together, single);
  else
    walkBlocks<height, Placed>(layout, user, count, together, single);
}

template <typename T, typename Change>
void bringIn(const Layout &layout, const T *user, int64_t count, T *tileData, int64_t tile, Change change) {
  const int64_t stride = layout.size();
  auto squares = [&](const auto &block, int64_t sample) {
    for (int64_t i = 0; i < blockSize<T>; i += square) {
      const T *from = user + sample * stride + block.begin + i;
      auto load = [&](int64_t j) { return Quad<T>::load(from + j * stride); };
      auto store = [&](int64_t j, Quad<T> q) { change(q).store(tileData + block.row(i + j) * tile + sample); };
      transpose<T>(load, store);
    }
  };
  walk<square>(layout, user, count, squares, [&](int64_t index, int64_t row, int64_t sample) {
    tileData[row * tile + sample] = change(user[sample * stride + index]);
  });
}

/// A block of four samples from the rows at(row) of a tile. Every line of the user's is written at once, by values
/// that are written out by `i`, so that they stay in registers.
template <typename T, typename At, size_t... i> void takeOut(At at, T *to, int64_t stride, std::index_sequence<i...>) {
  Quad<T> a[] = {Quad<T>::load(at(square * i))...}, b[] = {Quad<T>::load(at(square * i + 1))...};
  Quad<T> c[] = {Quad<T>::load(at(square * i + 2))...}, d[] = {Quad<T>::load(at(square * i + 3))...};
  (Quad<T>::transpose(a[i], b[i], c[i], d[i]), ...);
  (a[i].store(to + square * i), ...);
  (b[i].store(to + stride + square * i), ...);
  (c[i].store(to + 2 * stride + square * i), ...);
  (d[i].store(to + 3 * stride + square * i), ...);
}

//===----------------------------------------------------------------------===//
// Symbols as bytes
//===----------------------------------------------------------------------===//

/// Samples whose symbols are brought in together: as many as a half of a vector has bytes.
constexpr int64_t byteRows = 8;
using ByteRows = __m128i[byteRows];

/// A line of the user's symbols, 16 of them; -1 becomes 255.
__m128i lineOfBytes(const int32_t *user) {
  auto load = [&](int64_t i) { return _mm_loadu_si128(reinterpret_cast<const __m128i *>(user + 4 * i)); };
  // Numbers of up to 127 and -1 survive saturation.
  return _mm_packs_epi16(_mm_packs_epi32(load(0), load(1)), _mm_packs_epi32(load(2), load(3)));
}

/// Rotates the bits of every byte's place, of which three say the row and four the column, by one.
template <size_t... j> void rotatePlaces(ByteRows &rows, std::index_sequence<j...>) {
  const ByteRows low = {rows[j]...}, high = {rows[j + byteRows / 2]...};
  ((rows[2 * j] = _mm_unpacklo_epi8(low[j], high[j]), rows[2 * j + 1] = _mm_unpackhi_epi8(low[j], high[j])), ...);
}

/// A block of symbols, `stride` apart from sample to sample, to the rows to(symbol). After three rotations a byte's
/// sample is the last of its place. Written out by `i`, so that all of it stays in registers.
template <typename To, size_t... i>
void transposeBytes(const int32_t *from, int64_t stride, int32_t states, To to, std::index_sequence<i...>) {
  const __m128i most = _mm_set1_epi8(static_cast<char>(states));
  ByteRows rows = {_mm_min_epu8(lineOfBytes(from + i * stride), most)...};
  const std::make_index_sequence<byteRows / 2> pairs;
  rotatePlaces(rows, pairs);
  rotatePlaces(rows, pairs);
  rotatePlaces(rows, pairs);
  ((_mm_storel_epi64(reinterpret_cast<__m128i *>(to(2 * i)), rows[i]),
    _mm_storeh_pi(reinterpret_cast<__m64 *>(to(2 * i + 1)), _mm_castsi128_ps(rows[i]))),
   ...);
}

void symbolsToBytes(const Layout &layout, const int32_t *user, int64_t count, uint8_t *tileData, int64_t tile,
                    int32_t states) {
  const int64_t stride = layout.size();
  auto eightRows = [&](const auto &block, int64_t sample) {
    auto to = [&](size_t symbol) { return tileData + block.row(static_cast<int64_t>(symbol)) * tile + sample; };
    transposeBytes(user + sample * stride + block.begin, stride, states, to, std::make_index_sequence<byteRows>());
  };
  walk<byteRows>(layout, user, count, eightRows, [&](int64_t index, int64_t row, int64_t sample) {
    tileData[row * tile + sample] = tileSymbol<uint8_t>(user[sample * stride + index], states);
  });
}

} // namespace

template <typename T> void Layout::toTile(const T *user, int64_t count, T *tileData, int64_t tile) const {
  bringIn(*this, user, count, tileData, tile, AsTheyAre());
}

template <>
void Layout::symbolsToTile(const int32_t *user, int64_t count, int32_t *tileData, int64_t tile, int32_t states) const {
  bringIn(*this, user, count, tileData, tile, MissingAsStates{states});
}

template <>
void Layout::symbolsToTile(const int32_t *user, int64_t count, uint8_t *tileData, int64_t tile, int32_t states) const {
  symbolsToBytes(*this, user, count, tileData, tile, states);
}

template <typename T> void Layout::fromTile(const T *tileData, int64_t tile, T *user, int64_t count) const {
  const int64_t stride = size();
  auto fourRows = [&](const auto &block, int64_t sample) {
    auto at = [&](size_t value) { return tileData + block.row(static_cast<int64_t>(value)) * tile + sample; };
    takeOut(at, user + sample * stride + block.begin, stride, std::make_index_sequence<blockSize<T> / square>());
  };
  walk<square>(*this, user, count, fourRows, [&](int64_t index, int64_t row, int64_t sample) {
    user[sample * stride + index] = tileData[row * tile + sample];
  });
}

template void Layout::toTile(const int32_t *, int64_t, int32_t *, int64_t) const;
template void Layout::toTile(const float *, int64_t, float *, int64_t) const;
template void Layout::toTile(const double *, int64_t, double *, int64_t) const;
template void Layout::fromTile(const int32_t *, int64_t, int32_t *, int64_t) const;
template void Layout::fromTile(const float *, int64_t, float *, int64_t) const;
template void Layout::fromTile(const double *, int64_t, double *, int64_t) const;
