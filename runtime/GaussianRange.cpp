//===- GaussianRange.cpp - Which gaussian evidence is answered, and how -*- C++ -*-===//
//
// Bounds are computed in long double, whose exponents hold any product of a few doubles.
//
//===----------------------------------------------------------------------===//

#include "runtime/GaussianRange.h"

#include "runtime/Error.h"
#include "runtime/Evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace espalier;
using namespace espalier::runtime;

namespace {

using Wide = long double;

/// Largest and least of one component of e.
struct Extent {
  double least = std::numeric_limits<double>::infinity(), most = -std::numeric_limits<double>::infinity();
  Wide range() const { return Wide(most) - least; }
  Wide middle() const { return (Wide(most) + least) / 2; }
  Wide size() const { return std::max(std::fabs(Wide(least)), std::fabs(Wide(most))); }
};

std::vector<Extent> extentsOf(const Model &model) {
  std::vector<Extent> extents(static_cast<size_t>(model.valueSize));
  for (int64_t i = 0; i < model.leafStates() * model.valueSize; ++i) {
    Extent &extent = extents[static_cast<size_t>(i % model.valueSize)];
    extent.least = std::min(extent.least, model.values[i]);
    extent.most = std::max(extent.most, model.values[i]);
  }
  return extents;
}

/// Whether lambda times a double is a pair of doubles to the kernels: fused multiply-adds give what rounding takes.
bool hasExactProducts(const Model &model, double lambda) {
  int exponent = 0;
  bool isPower = std::fabs(std::frexp(lambda, &exponent)) == 0.5;
  return isPower || std::find(model.features.begin(), model.features.end(), "fma") != model.features.end();
}

/// The largest lambda D (|w| + lambda D) / sigma^2 of ordinary evidence. A field that is off by x moves posteriors by
/// at most x / 4, so 2^-51 of it are within the tolerances. Fields of numbers in doubles cancel nowhere; there it only
/// keeps the nearest state from being missed by more than e^0.5.
Wide mostField(const Model &model, bool exact) {
  if (model.dtype == ElementType::F32)
    return 1e10L;
  return exact && model.valueSize == 1 ? 1e15L : 8192;
}

/// Whether no product of a few of these leaves the range of doubles.
bool isModerate(Wide size) { return size == 0 || (size >= 1e-60L && size <= 1e60L); }

} // namespace

OrdinaryRange runtime::ordinaryRange(const Model &model, double lambda, double sigma) {
  constexpr OrdinaryRange none{1, 0};
  constexpr double all = std::numeric_limits<double>::infinity();
  if (model.hardLeaves)
    return {-all, all};
  Wide ranges = 0, widest = 0, size = 0, l = std::fabs(Wide(lambda)), low = -1e60L, high = 1e60L;
  const std::vector<Extent> extents = extentsOf(model);
  for (const Extent &extent : extents) {
    ranges += extent.range();
    widest = std::max(widest, extent.range());
    size = std::max(size, extent.size());
    if (!isModerate(extent.range()))
      return none;
  }
  const bool exact = hasExactProducts(model, lambda);
  // Without exact products what all values have in common counts too, and even it is rounded beside them.
  const Wide most = mostField(model, exact), offset = exact ? 1e9L : model.dtype == ElementType::F32 ? 3e4L : 30;
  if (!isModerate(l) || !isModerate(sigma) || l * size > std::min<Wide>(1e60L, offset * sigma))
    return none;
  Wide reach = 1e60L * std::min<Wide>(sigma, 1);
  if (l * ranges > 0)
    reach = std::min(reach, most * sigma * sigma / (l * ranges) - l * widest);
  for (const Extent &extent : extents) {
    low = std::max(low, lambda * extent.middle() - reach);
    high = std::min(high, lambda * extent.middle() + reach);
  }
  return {static_cast<double>(low), static_cast<double>(high)};
}

namespace {

[[noreturn]] void failHard(const std::string &place, const std::string &what) {
  throw Error(place, "expects " + what + ", since kernels of the last level have zeros or nearly so");
}

/// What one leaf's log-likelihoods can differ by; 0 where it is missing.
template <typename Real>
Wide largestDifference(const std::vector<Extent> &extents, Wide lambda, Wide sigma, const Real *z) {
  Wide sum = 0;
  for (size_t k = 0; k < extents.size(); ++k)
    sum +=
        extents[k].range() * (std::fabs(z[k] - lambda * extents[k].middle()) + std::fabs(lambda) * extents[k].range());
  return std::isnan(sum) ? 0 : std::fabs(lambda) * sum / (sigma * sigma);
}

/// Sums over many children keep digits behind the point in the part that is added exactly: what is left of 2^53 is less
/// by 2^11 / n^2 from n = 46 children of a node on.
double mostHardSum(const Model &model) {
  double most = 1;
  for (int64_t l = 1; l <= model.depth(); ++l)
    most = std::max(most, static_cast<double>(model.ranks(l)));
  return mostHardField * std::min(1.0, 0x1p11 / (most * most));
}

template <typename Real>
void checkHardSamples(const Model &model, double lambda, double sigma, const Array &observed,
                      const std::string &place) {
  const std::vector<Extent> extents = extentsOf(model);
  const Real *z = observed.data<Real>();
  const double most = mostHardSum(model);
  for (int64_t i = 0; i < observed.shape()[0]; ++i) {
    Wide sum = 0;
    for (int64_t leaf = 0; leaf < model.leaves(); ++leaf, z += model.valueSize) {
      for (int64_t k = 0; k < model.valueSize; ++k)
        if (std::fabs(z[k]) > mostHardNumber)
          failHard(place, "observations of at most " + numberText(mostHardNumber) + ", got " + numberText(z[k]) +
                              " in sample " + std::to_string(i));
      sum += largestDifference(extents, lambda, sigma, z);
    }
    if (!(sum <= most))
      failHard(place, "log-likelihoods of a sample's leaves that differ by at most " + numberText(most) +
                          " in all, got " + numberText(static_cast<double>(static_cast<float>(sum))) + " in sample " +
                          std::to_string(i) + ": a larger --sigma makes them smaller");
  }
}

} // namespace

void runtime::checkHardRange(const Model &model, double lambda, double sigma, const Array &observed,
                             const std::string &place) {
  if (!model.hardLeaves)
    return;
  auto fits = [](double size) { return size <= mostHardNumber; };
  if (!fits(sigma) || sigma < leastHardSigma)
    failHard(place, "a --sigma between " + numberText(leastHardSigma) + " and " + numberText(mostHardNumber) +
                        ", got " + numberText(sigma));
  if (!fits(std::fabs(lambda)))
    failHard(place, "a --lambda of at most " + numberText(mostHardNumber) + ", got " + numberText(lambda));
  for (const Extent &extent : extentsOf(model))
    if (!fits(static_cast<double>(extent.size())))
      failHard(place, "values of at most " + numberText(mostHardNumber) + ", got " +
                          numberText(static_cast<double>(extent.size())) + " in the model");
  visitReal(observed.type(),
            [&](auto zero) { checkHardSamples<decltype(zero)>(model, lambda, sigma, observed, place); });
}

void runtime::checkChannel(const Model &model, double lambda, double sigma) {
  Wide size = 0,
       most = model.dtype == ElementType::F32 ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  for (const Extent &extent : extentsOf(model))
    size = std::max(size, extent.size());
  // No noise that is drawn is larger than 9 sigma.
  if (std::fabs(Wide(lambda)) * size + 9 * Wide(sigma) > most)
    throw Error(std::string("expects a --lambda and --sigma whose observations fit ") +
                (model.dtype == ElementType::F32 ? "float32, up to 3.4e38" : "float64, up to 1.8e308"));
}
