//===- SimpleProduct.h - Rows of messages times a kernel -------------*- C++ -*-===//
//
// The product of the strong simple version: by OpenBLAS, but for few states, where its calls do not pay, by a loop over
// rows that keeps S sums in registers. (From 8 states on OpenBLAS is the faster of the two.)
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_BENCH_SIMPLEPRODUCT_H
#define ESPALIER_TESTS_BENCH_SIMPLEPRODUCT_H

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>

#include <cblas.h>

namespace espalier::bench {

template <typename Real, int64_t S> class Product {
public:
  Product() = default;
  /// Multiplies rows by `kernel` (S x S), or by its transpose.
  Product(const double *kernel, bool transposed) {
    for (int64_t i = 0; i < S; ++i)
      for (int64_t j = 0; j < S; ++j)
        entries[i * S + j] = static_cast<Real>(transposed ? kernel[j * S + i] : kernel[i * S + j]);
  }

  static std::string how() { return byLoop ? "loops" : std::string("OpenBLAS for ") + openblas_get_corename(); }

  /// What rows are multiplied by, S x S.
  const Real *matrix() const { return entries.data(); }

  /// `rows` rows of S at distances inStride and outStride.
  void multiply(const Real *in, int64_t inStride, Real *out, int64_t outStride, int64_t rows) const {
    if constexpr (byLoop)
      loop(in, inStride, out, outStride, rows);
    else if constexpr (std::is_same_v<Real, float>)
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, S, S, 1, in, inStride, entries.data(), S, 0, out,
                  outStride);
    else
      cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, S, S, 1, in, inStride, entries.data(), S, 0, out,
                  outStride);
  }

private:
  static constexpr bool byLoop = S < 8;

  void loop(const Real *in, int64_t inStride, Real *out, int64_t outStride, int64_t rows) const {
    for (int64_t i = 0; i < rows; ++i) {
      Real sums[S] = {};
      for (int64_t a = 0; a < S; ++a)
        for (int64_t s = 0; s < S; ++s)
          sums[s] += in[i * inStride + a] * entries[a * S + s];
      for (int64_t s = 0; s < S; ++s)
        out[i * outStride + s] = sums[s];
    }
  }

  alignas(64) std::array<Real, S * S> entries = {};
};

} // namespace espalier::bench

#endif // ESPALIER_TESTS_BENCH_SIMPLEPRODUCT_H
