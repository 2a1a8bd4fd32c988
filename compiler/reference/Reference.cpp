//===- Reference.cpp - Belief propagation, written for reading ------------===//

#include "compiler/reference/Reference.h"

#include "compiler/analysis/CompensatedSum.h"
#include "compiler/reference/LogDomain.h"

#include <algorithm>
#include <cmath>

namespace espalier::reference {
namespace {

std::span<Real> row(std::vector<Real> &table, int64_t index, int64_t size) {
  return std::span<Real>(table).subspan(index * size, size);
}

std::span<const Real> row(const std::vector<Real> &table, int64_t index, int64_t size) {
  return std::span<const Real>(table).subspan(index * size, size);
}

/// Sums a child's message to its parent over the child's states, ...
MatrixView towardsParent(const Model &model, int64_t l, int64_t node) {
  return {model.kernel(l, node), model.states(l - 1), model.states(l), model.states(l), 1};
}

/// ... and the parent's message to the child over the parent's.
MatrixView towardsChild(const Model &model, int64_t l, int64_t node) {
  return {model.kernel(l, node), model.states(l), model.states(l - 1), 1, model.states(l)};
}

/// What each of a parent's children is told: `outer` plus the messages of the *other* children, as sums over
/// those before and those after it. messages and result: [ranks x states].
std::vector<Real> leaveOneOut(std::span<const Real> outer, std::span<const Real> messages, int64_t ranks) {
  const int64_t states = outer.size();
  std::vector<Real> result(ranks * states);
  for (int64_t s = 0; s < states; ++s) {
    CompensatedSum<Real> before, after;
    before.add(outer[s]);
    for (int64_t i = 0; i < ranks; before.add(messages[i * states + s]), ++i)
      result[i * states + s] = before.value();
    for (int64_t i = ranks; i-- > 0; after.add(messages[i * states + s]))
      result[i * states + s] += after.value();
  }
  return result;
}

std::vector<Real> sum(std::span<const Real> x, std::span<const Real> y) {
  std::vector<Real> result(x.size());
  std::transform(x.begin(), x.end(), y.begin(), result.begin(), std::plus<>());
  return result;
}

std::vector<Real> logPrior(const Model &model) {
  std::vector<Real> result(model.prior.begin(), model.prior.end());
  for (Real &value : result)
    value = std::log(value);
  return result;
}

} // namespace

Reference::Reference(const Model &model) : model(model), logPartition(logSum(up(missingFields(model)))) {}

Reference::Upward Reference::up(const Fields &fields) const {
  const int64_t depth = model.depth();
  Upward upward;
  upward.h.resize(depth + 1);
  upward.q.resize(depth + 1);
  upward.h[depth] = fields.h;
  upward.scale = fields.constant;
  for (int64_t l = depth; l >= 1; --l) {
    const int64_t states = model.states(l), parentStates = model.states(l - 1), ranks = model.ranks(l);
    upward.q[l].resize(model.nodes(l) * parentStates);
    upward.h[l - 1].assign(model.nodes(l - 1) * parentStates, 0);
    for (int64_t u = 0; u < model.nodes(l - 1); ++u) {
      std::span<Real> h = row(upward.h[l - 1], u, parentStates);
      std::vector<CompensatedSum<Real>> sums(parentStates);
      for (int64_t v = u * ranks; v < (u + 1) * ranks; ++v) {
        std::span<Real> q = row(upward.q[l], v, parentStates);
        logMultiply(towardsParent(model, l, v), row(upward.h[l], v, states), q);
        upward.scale += normalize(q);
        for (int64_t s = 0; s < parentStates; ++s)
          sums[s].add(q[s]);
      }
      std::transform(sums.begin(), sums.end(), h.begin(), [](const auto &sum) { return sum.value(); });
      upward.scale += normalize(h);
    }
  }
  return upward;
}

Real Reference::logSum(const Upward &upward) const {
  return upward.scale + logSumExp(sum(upward.h[0], logPrior(model)));
}

std::vector<std::vector<Real>> Reference::down(const Upward &upward) const {
  // Normalising the inputs of a sum as well as its outputs keeps the rounding of large common terms out of it.
  std::vector<std::vector<Real>> t = {logPrior(model)};
  normalize(t[0]);
  for (int64_t l = 1; l <= model.depth(); ++l) {
    const int64_t states = model.states(l), parentStates = model.states(l - 1), ranks = model.ranks(l);
    t.emplace_back(model.nodes(l) * states);
    for (int64_t u = 0; u < model.nodes(l - 1); ++u) {
      std::vector<Real> told =
          leaveOneOut(row(t[l - 1], u, parentStates), row(upward.q[l], u, ranks * parentStates), ranks);
      for (int64_t i = 0; i < ranks; ++i) {
        std::span<Real> message = row(t[l], u * ranks + i, states);
        normalize(row(told, i, parentStates));
        logMultiply(towardsChild(model, l, u * ranks + i), row(told, i, parentStates), message);
        normalize(message);
      }
    }
  }
  return t;
}

Beliefs Reference::infer(const Fields &fields) const {
  const Upward upward = up(fields);
  const std::vector<std::vector<Real>> t = down(upward);
  Beliefs beliefs;
  const Real loglik = logSum(upward) - logPartition;
  beliefs.loglik = static_cast<double>(loglik);
  beliefs.impossible = std::isinf(loglik);
  for (int64_t l = 0; l <= model.depth(); ++l) {
    std::vector<double> &level = beliefs.posteriors.emplace_back();
    for (int64_t v = 0; v < model.nodes(l); ++v) {
      const int64_t states = model.states(l);
      const std::vector<double> posterior = softmax(sum(row(t[l], v, states), row(upward.h[l], v, states)));
      level.insert(level.end(), posterior.begin(), posterior.end());
    }
  }
  beliefs.means = posteriorMeans(model, beliefs.posteriors.back());
  return beliefs;
}

} // namespace espalier::reference
