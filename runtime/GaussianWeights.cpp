//===- GaussianWeights.cpp - Likelihoods of any gaussian evidence ---*- C++ -*-===//
//
// Squares of doubles need 106 digits and twice the exponents. __float128 has 113 digits and exponents for any product
// of these numbers, so that differences of distances come out right wherever z lies; but is slow, and most states are
// far from deciding anything. Long doubles have the exponents as well, and say which.
//
//===----------------------------------------------------------------------===//

#include "runtime/GaussianWeights.h"

#include "runtime/GaussianRange.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace espalier;
using namespace espalier::runtime;

namespace {

using Wide = long double;
using Exact = __float128;

/// Exponents of which all weights underflow, by far.
constexpr Wide hopeless = -2000;

/// One leaf.
template <typename Real> class Leaf {
public:
  Leaf(const Model &model, double lambda, double sigma, const Real *z)
      : values(model.values), states(model.leafStates()), size(model.valueSize), lambda(lambda), sigma(sigma), z(z) {
    for (int64_t a = 1; a < states; ++a)
      if (isNearer(a))
        nearest = a;
  }

  /// The log-likelihood of state `a` relative to the nearest.
  Wide exponent(int64_t a) const {
    const Wide twice = 2 * Wide(sigma) * sigma;
    auto [rough, error] = roughGain(a);
    if ((rough + error) / twice < hopeless)
      return hopeless;
    return std::min<Wide>(0, error / twice < 1e-16L ? rough / twice : static_cast<Wide>(gain<Exact>(a)) / twice);
  }

  double logDensity() const {
    Wide sum = 0;
    for (int64_t k = 0; k < size; ++k) {
      Wide distance = static_cast<Wide>(Exact(z[k]) - Exact(lambda) * value(nearest, k)) / sigma;
      sum -= distance * distance / 2 + std::log(2 * std::numbers::pi_v<Wide>) / 2 + std::log(Wide(sigma));
    }
    return std::max(leastLoglik, static_cast<double>(sum));
  }

private:
  double value(int64_t a, int64_t k) const { return values[a * size + k]; }

  /// |z - lambda r|^2 - |z - lambda e|^2 = lambda (e - r) . (2 z - lambda (e + r)), r being the value of the nearest so
  /// far.
  template <typename Number> Number gain(int64_t a) const {
    Number sum = 0;
    for (int64_t k = 0; k < size; ++k)
      sum += (Number(value(a, k)) - value(nearest, k)) *
             (2 * Number(z[k]) - Number(lambda) * value(a, k) - Number(lambda) * value(nearest, k));
    return Number(lambda) * sum;
  }

  struct Rough {
    Wide value, error;
  };

  Rough roughGain(int64_t a) const {
    Wide size = 0, l = std::fabs(Wide(lambda));
    for (int64_t k = 0; k < this->size; ++k) {
      Wide e = value(a, k), r = value(nearest, k);
      size += std::fabs(e - r) * (2 * std::fabs(Wide(z[k])) + l * (std::fabs(e) + std::fabs(r)));
    }
    return {gain<Wide>(a), l * size * static_cast<Wide>(this->size + 8) * 0x1p-63L};
  }

  bool isNearer(int64_t a) const {
    auto [rough, error] = roughGain(a);
    return std::fabs(rough) > error ? rough > 0 : gain<Exact>(a) > 0;
  }

  const double *values;
  int64_t states, size;
  double lambda, sigma;
  const Real *z;
  int64_t nearest = 0;
};

} // namespace

template <typename Real, typename Weight>
double GaussianWeights::fill(const Real *z, int64_t count, Weight *weights) const {
  const int64_t states = model.leafStates();
  double density = 0;
  for (int64_t i = 0; i < count; ++i, z += model.valueSize, weights += states) {
    if (std::any_of(z, z + model.valueSize, [](Real x) { return std::isnan(x); })) {
      std::fill_n(weights, states, Weight(1));
      continue;
    }
    const Leaf<Real> leaf(model, lambda, sigma, z);
    density += leaf.logDensity();
    for (int64_t a = 0; a < states; ++a)
      weights[a] = static_cast<Weight>(std::exp(leaf.exponent(a)));
  }
  return density;
}

template double GaussianWeights::fill(const float *, int64_t, float *) const;
template double GaussianWeights::fill(const float *, int64_t, double *) const;
template double GaussianWeights::fill(const double *, int64_t, float *) const;
template double GaussianWeights::fill(const double *, int64_t, double *) const;
