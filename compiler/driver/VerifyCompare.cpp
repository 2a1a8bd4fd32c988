//===- VerifyCompare.cpp - How far an answer is from the oracle's ---------===//

#include "compiler/driver/VerifyCompare.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace espalier {
namespace {

using reference::Beliefs;

constexpr double hopeless = std::numeric_limits<double>::max();

/// |found - expected| / scale; hopeless where `found` is no finite number.
double distance(double found, double expected, double scale = 1) {
  return std::isfinite(found) ? std::abs(found - expected) / scale : hopeless;
}

/// Flags, and the log-likelihoods of possible samples, relative to max(1, |loglik|).
void compareLoglik(const runtime::Outcome &outcome, const std::vector<Beliefs> &beliefs, Deviation &deviation,
                   bool alsoValues) {
  for (size_t i = 0; i < beliefs.size(); ++i) {
    const bool flagged = outcome.loglik[i] == -std::numeric_limits<double>::infinity();
    if (flagged != beliefs[i].impossible)
      ++deviation.wrongFlags;
    if (!alsoValues || beliefs[i].impossible)
      continue;
    const double expected = beliefs[i].loglik;
    deviation.maxAbs =
        std::max(deviation.maxAbs, distance(outcome.loglik[i], expected, std::max(1.0, std::abs(expected))));
  }
}

/// One sample's nodes, `width` values each; found in the user's layout, expected in rank order.
template <typename T>
void compareNodes(const T *found, const std::vector<double> &expected, const std::vector<int64_t> &places,
                  int64_t width, Deviation &deviation) {
  for (size_t v = 0; v < places.size(); ++v) {
    double total = 0;
    for (int64_t k = 0; k < width; ++k) {
      const double d = distance(found[places[v] * width + k], expected[v * width + k]);
      deviation.maxAbs = std::max(deviation.maxAbs, d);
      total += d / 2;
    }
    deviation.maxTv = std::max(deviation.maxTv, std::min(total, hopeless));
  }
}

template <typename T> bool allFinite(const T *values, int64_t count) {
  return std::all_of(values, values + count, [](T value) { return std::isfinite(value); });
}

} // namespace

std::vector<int64_t> userPlaces(const Model &model, int64_t l) {
  // A pixel of a level becomes a patch of the next; a sequence is an image of one row.
  std::vector<std::pair<int64_t, int64_t>> pixels = {{0, 0}};
  int64_t width = 1;
  for (int64_t k = 1; k <= l; ++k) {
    const std::vector<int64_t> &patch = model.levels[k - 1].patch;
    const int64_t rows = patch.size() == 2 ? patch.front() : 1, columns = patch.back();
    std::vector<std::pair<int64_t, int64_t>> finer;
    for (auto [y, x] : pixels)
      for (int64_t rank = 0; rank < rows * columns; ++rank)
        finer.push_back({y * rows + rank / columns, x * columns + rank % columns});
    pixels = std::move(finer);
    width *= columns;
  }
  std::vector<int64_t> places;
  for (auto [y, x] : pixels)
    places.push_back(y * width + x);
  return places;
}

Deviation compare(const Model &model, const Question &question, const runtime::Outcome &outcome,
                  const std::vector<Beliefs> &beliefs) {
  Deviation deviation;
  const bool isLoglik = question.query == runtime::Query::Loglik, isDenoise = question.query == runtime::Query::Denoise;
  compareLoglik(outcome, beliefs, deviation, isLoglik);
  if (isLoglik)
    return deviation;
  const int64_t level = isDenoise ? model.depth() : question.query == runtime::Query::Classify ? 0 : question.level;
  const int64_t width = isDenoise ? model.valueSize : model.states(level);
  const std::vector<int64_t> places = userPlaces(model, level);
  const int64_t size = model.nodes(level) * width;
  runtime::visitReal(outcome.output.type(), [&](auto zero) {
    const auto *found = outcome.output.data<decltype(zero)>();
    for (size_t i = 0; i < beliefs.size(); ++i, found += size)
      if (!beliefs[i].impossible)
        compareNodes(found, isDenoise ? beliefs[i].means : beliefs[i].posteriors[level], places, width, deviation);
      else if (!allFinite(found, size))
        deviation.maxAbs = hopeless;
  });
  if (isDenoise)
    deviation.maxTv = 0;
  return deviation;
}

} // namespace espalier
