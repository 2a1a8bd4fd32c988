//===- Fields.cpp - Evidence as log-likelihoods at the leaves -------------===//

#include "compiler/reference/Fields.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace espalier::reference {
namespace {

/// Squared distance between one observation and lambda * e(a).
Real squaredDistance(const double *z, const double *e, Real lambda, int64_t p) {
  Real sum = 0;
  for (int64_t k = 0; k < p; ++k)
    sum += (z[k] - lambda * e[k]) * (z[k] - lambda * e[k]);
  return sum;
}

/// squaredDistance(a) - squaredDistance(b), factorised: far outliers would cancel in a difference of squares.
Real distanceGap(const double *z, const double *a, const double *b, Real lambda, int64_t p) {
  Real sum = 0;
  for (int64_t k = 0; k < p; ++k)
    sum += lambda * (Real(b[k]) - a[k]) * (2 * Real(z[k]) - lambda * (Real(a[k]) + b[k]));
  return sum;
}

/// Adds one observed leaf, with `h` pointing at its S_L zeros.
void observe(const Model &model, const double *z, Real lambda, Real sigma, Real *h, Real &constant) {
  const int64_t p = model.valueSize;
  auto value = [&](int64_t a) { return model.values.data() + a * p; };
  int64_t nearest = 0;
  for (int64_t a = 1; a < model.leafStates(); ++a)
    if (distanceGap(z, value(a), value(nearest), lambda, p) < 0)
      nearest = a;
  for (int64_t a = 0; a < model.leafStates(); ++a)
    h[a] = -distanceGap(z, value(a), value(nearest), lambda, p) / (2 * sigma * sigma);
  constant -= squaredDistance(z, value(nearest), lambda, p) / (2 * sigma * sigma);
  constant -= p * (std::log(2 * std::numbers::pi_v<Real>) / 2 + std::log(sigma));
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
