//===- Fields.cpp - Evidence as log-likelihoods at the leaves -------------===//

#include "compiler/reference/Fields.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace espalier::reference {
namespace {

/// Holds the square of a double, and sums and products of a few, exactly or to 113 digits.
using Wide = __float128;

Wide distance(const double *z, const double *e, double lambda, int64_t k) { return Wide(z[k]) - Wide(lambda) * e[k]; }

/// The squared distance of state a less that of state b, component by component as a product of their sum and their
/// difference. What the distances have in common is taken out of the difference.
Wide distanceGap(const double *z, const double *a, const double *b, double lambda, int64_t p) {
  Wide sum = 0;
  for (int64_t k = 0; k < p; ++k)
    sum += Wide(lambda) * (Wide(b[k]) - a[k]) * (distance(z, a, lambda, k) + distance(z, b, lambda, k));
  return sum;
}

/// Minus half the square of a distance in units of sigma.
Real exponent(Wide distance, double sigma) {
  const Real units = static_cast<Real>(distance / sigma);
  return -units * units / 2;
}

/// Adds one observed leaf, with `h` pointing at its S_L zeros.
void observe(const Model &model, const double *z, double lambda, double sigma, Real *h, Real &constant) {
  const int64_t p = model.valueSize;
  auto value = [&](int64_t a) { return model.values.data() + a * p; };
  int64_t nearest = 0;
  for (int64_t a = 1; a < model.leafStates(); ++a)
    if (distanceGap(z, value(a), value(nearest), lambda, p) < 0)
      nearest = a;
  for (int64_t a = 0; a < model.leafStates(); ++a)
    h[a] = -static_cast<Real>(distanceGap(z, value(a), value(nearest), lambda, p) / (2 * Wide(sigma) * sigma));
  for (int64_t k = 0; k < p; ++k)
    constant += exponent(distance(z, value(nearest), lambda, k), sigma) - std::log(2 * std::numbers::pi_v<Real>) / 2 -
                std::log(Real(sigma));
}

} // namespace

Fields missingFields(const Model &model) { return {std::vector<Real>(model.leaves() * model.leafStates(), 0), 0}; }

Fields symbolFields(const Model &model, std::span<const int32_t> symbols) {
  Fields fields = missingFields(model);
  const int64_t states = model.leafStates();
  for (size_t v = 0; v < symbols.size(); ++v)
    for (int64_t a = 0; a < states; ++a)
      if (symbols[v] >= 0 && symbols[v] != a)
        fields.h[v * states + a] = minusInfinity;
  return fields;
}

Fields softFields(const Model &model, std::span<const double> weights) {
  Fields fields = missingFields(model);
  const int64_t states = model.leafStates();
  for (int64_t v = 0; v < model.leaves(); ++v) {
    std::span<const double> w = weights.subspan(v * states, states);
    const Real largest = *std::max_element(w.begin(), w.end());
    for (int64_t a = 0; a < states; ++a)
      fields.h[v * states + a] = w[a] > 0 ? std::log(w[a] / largest) : minusInfinity;
    if (largest > 0)
      fields.constant += std::log(largest);
  }
  return fields;
}

Fields gaussianFields(const Model &model, std::span<const double> z, double lambda, double sigma) {
  Fields fields = missingFields(model);
  const int64_t p = model.valueSize;
  for (int64_t v = 0; v < model.leaves(); ++v) {
    const double *leaf = z.data() + v * p;
    if (std::none_of(leaf, leaf + p, [](double component) { return std::isnan(component); }))
      observe(model, leaf, lambda, sigma, &fields.h[v * model.leafStates()], fields.constant);
  }
  return fields;
}

} // namespace espalier::reference
