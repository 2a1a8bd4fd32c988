//===- LogDomain.cpp - Sums of numbers given by their logarithms ----------===//

#include "compiler/reference/LogDomain.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace espalier::reference {
namespace {

/// Row r of logMultiply around its own largest term.
Real logDot(const MatrixView &matrix, int64_t r, std::span<const Real> x) {
  std::vector<Real> terms(matrix.columns);
  for (int64_t c = 0; c < matrix.columns; ++c)
    terms[c] = std::log(Real(matrix.data[r * matrix.rowStride + c * matrix.columnStride])) + x[c];
  return logSumExp(terms);
}

} // namespace

Real normalize(std::span<Real> x) {
  const Real largest = *std::max_element(x.begin(), x.end());
  if (largest == minusInfinity)
    return 0;
  for (Real &value : x)
    value -= largest;
  return largest;
}

Real logSumExp(std::span<const Real> x) {
  const Real largest = *std::max_element(x.begin(), x.end());
  if (largest == minusInfinity)
    return largest;
  Real sum = 0;
  for (Real value : x)
    sum += std::exp(value - largest);
  return largest + std::log(sum);
}

void logMultiply(const MatrixView &matrix, std::span<const Real> x, std::span<Real> out) {
  // One exponential per column serves all rows as long as a row's sum shows that nothing of weight underflowed:
  // what underflow takes from it is below columns * 1e308 * 1e-4932. Any other row is summed on its own.
  constexpr Real safe = 1e-4500L;
  static_assert(std::numeric_limits<Real>::min_exponent10 <= -4900, "expects the 80-bit or a wider long double");
  const Real largest = *std::max_element(x.begin(), x.end());
  std::vector<Real> weights(matrix.columns, 0);
  for (int64_t c = 0; c < matrix.columns; ++c)
    if (x[c] != minusInfinity)
      weights[c] = std::exp(x[c] - largest);
  for (int64_t r = 0; r < matrix.rows; ++r) {
    Real sum = 0;
    for (int64_t c = 0; c < matrix.columns; ++c)
      sum += matrix.data[r * matrix.rowStride + c * matrix.columnStride] * weights[c];
    out[r] = sum >= safe ? largest + std::log(sum) : logDot(matrix, r, x);
  }
}

std::vector<double> softmax(std::span<const Real> x) {
  const Real largest = *std::max_element(x.begin(), x.end());
  std::vector<double> probabilities(x.size(), 0.0);
  if (largest == minusInfinity)
    return probabilities;
  Real sum = 0;
  for (Real value : x)
    sum += std::exp(value - largest);
  for (size_t i = 0; i < x.size(); ++i)
    probabilities[i] = static_cast<double>(std::exp(x[i] - largest) / sum);
  return probabilities;
}

} // namespace espalier::reference
