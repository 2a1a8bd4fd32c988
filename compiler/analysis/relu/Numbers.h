//===- Numbers.h - Small numbers that the analysis shares ---------*- C++ -*-===//
//
// Units of rounding, and the square matrices in which differences between states are bounded pair by pair.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_NUMBERS_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_NUMBERS_H

#include "compiler/analysis/MessageRange.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace espalier::relu {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Relative room for the rounding of the analysis itself, which computes in double precision.
inline constexpr double kSafety = 1e-13;
/// Chords need an interval, also where all inputs are equal.
inline constexpr double kLeastSpan = 0x1p-6;

/// Largest relative error of one rounding.
inline double unitRoundoff(Precision precision) { return precision == Precision::F32 ? 0x1p-24 : 0x1p-53; }
/// What underflow may take from one product.
inline double leastNormal(Precision precision) { return precision == Precision::F32 ? 0x1p-126 : 0x1p-1022; }
/// The nearest number of the precision.
inline double roundTo(Precision precision, double x) {
  return precision == Precision::F32 ? static_cast<double>(static_cast<float>(x)) : x;
}

/// Entry (s, t) bounds a difference between states s and t; zero on the diagonal.
class Pairs {
public:
  explicit Pairs(int64_t states = 0, double offDiagonal = 0) : size(states), entries(states * states, offDiagonal) {
    for (int64_t s = 0; s < states; ++s)
      (*this)(s, s) = 0;
  }
  int64_t states() const { return size; }
  double &operator()(int64_t s, int64_t t) { return entries[s * size + t]; }
  double operator()(int64_t s, int64_t t) const { return entries[s * size + t]; }

  Pairs &operator+=(const Pairs &other) {
    return combine(other, [](double a, double b) { return a + b; });
  }
  Pairs &maximize(const Pairs &other) {
    return combine(other, [](double a, double b) { return std::max(a, b); });
  }
  /// Adds to all entries but the diagonal.
  Pairs &addScalar(double value) { return *this += Pairs(size, value); }
  /// The oscillation; 0 for one state.
  double largest() const {
    return entries.empty() ? 0 : std::max(0.0, *std::max_element(entries.begin(), entries.end()));
  }
  double largestFinite() const {
    double most = 0;
    for (double entry : entries)
      if (std::isfinite(entry))
        most = std::max(most, entry);
    return most;
  }

private:
  template <typename Function> Pairs &combine(const Pairs &other, Function function) {
    for (size_t i = 0; i < entries.size(); ++i)
      entries[i] = function(entries[i], other.entries[i]);
    return *this;
  }
  int64_t size;
  std::vector<double> entries;
};

} // namespace espalier::relu

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_NUMBERS_H
