//===- Propagate.h - Messages of a model, in any number type ------*- C++ -*-===//
//
// Belief propagation in the linear domain as compiled programs run it: leaf messages given, products over children,
// leave-one-out products downward, normalization by powers of two. In long double with every message normalized it
// is the truth that bounds are held against; in float with the places that range analysis chose it is the program.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_ANALYSIS_PROPAGATE_H
#define ESPALIER_TESTS_UNIT_ANALYSIS_PROPAGATE_H

#include "compiler/analysis/MessageRange.h"

#include <algorithm>
#include <cmath>

namespace espalier::test {

/// [node][state]; nodes in rank order.
template <typename Real> using Messages = std::vector<std::vector<Real>>;

/// By level; entries [0] of what belongs to an edge are empty.
template <typename Real> struct Beliefs {
  std::vector<Messages<Real>> below;  ///< of level l's nodes from their subtrees
  std::vector<Messages<Real>> sent;   ///< what level l's nodes send up
  std::vector<Messages<Real>> others; ///< what level l's nodes are told before the edge
  std::vector<Messages<Real>> above;  ///< what level l's nodes are told
  std::vector<Messages<Real>> posteriors;
  long double loglik = 0; ///< of the weights, not divided by Z
};

/// The power of two at or below the largest entry, taken out of `message`; its log, 0 where all is zero.
template <typename Real> long double normalize(std::vector<Real> &message) {
  Real largest = *std::max_element(message.begin(), message.end());
  if (!(largest > 0))
    return 0;
  int exponent = std::ilogb(largest);
  for (Real &entry : message)
    entry = std::scalbn(entry, -exponent);
  return exponent * std::log(2.0L);
}

template <typename Real> void multiply(std::vector<Real> &product, const std::vector<Real> &factor) {
  for (size_t s = 0; s < product.size(); ++s)
    product[s] *= factor[s];
}

/// The whole tree up and down. Normalizes at the places of `ranges`; after every step where it is null.
template <typename Real>
Beliefs<Real> propagate(const Model &model, const Messages<Real> &leaves, const MessageRanges *ranges) {
  const int64_t depth = model.depth();
  Beliefs<Real> b;
  for (auto *field : {&b.below, &b.sent, &b.others, &b.above, &b.posteriors})
    field->resize(depth + 1);
  b.below[depth] = leaves;
  for (int64_t l = depth; l >= 1; --l) {
    const int64_t parents = model.states(l - 1), children = model.states(l);
    b.below[l - 1].assign(model.nodes(l - 1), std::vector<Real>(parents, 1));
    for (int64_t v = 0; v < model.nodes(l); ++v) {
      std::vector<Real> message(parents, 0);
      for (int64_t s = 0; s < parents; ++s)
        for (int64_t a = 0; a < children; ++a)
          message[s] += static_cast<Real>(model.kernel(l, v)[s * children + a]) * b.below[l][v][a];
      multiply(b.below[l - 1][v / model.ranks(l)], message);
      b.sent[l].push_back(std::move(message));
    }
    if (!ranges || ranges->levels[l - 1].rescaleUp)
      for (auto &message : b.below[l - 1])
        b.loglik += normalize(message);
  }

  b.above[0] = {std::vector<Real>(model.prior.begin(), model.prior.end())};
  for (int64_t l = 0; l <= depth; ++l) {
    for (int64_t v = 0; l > 0 && v < model.nodes(l); ++v) {
      const int64_t parents = model.states(l - 1), children = model.states(l), u = v / model.ranks(l);
      std::vector<Real> told(parents, 1), message(children, 0);
      for (int64_t w = u * model.ranks(l); w < (u + 1) * model.ranks(l); ++w)
        if (w != v)
          multiply(told, b.sent[l][w]);
      multiply(told, b.above[l - 1][u]);
      if (!ranges)
        normalize(told);
      for (int64_t s = 0; s < parents; ++s)
        for (int64_t a = 0; a < children; ++a)
          message[a] += static_cast<Real>(model.kernel(l, v)[s * children + a]) * told[s];
      if (!ranges || ranges->levels[l - 1].rescaleDown)
        normalize(message);
      b.others[l].push_back(std::move(told));
      b.above[l].push_back(std::move(message));
    }
    b.posteriors[l] = b.above[l];
    for (int64_t v = 0; v < model.nodes(l); ++v) {
      std::vector<Real> &belief = b.posteriors[l][v];
      multiply(belief, b.below[l][v]);
      Real sum = 0;
      for (Real entry : belief)
        sum += entry;
      for (Real &entry : belief)
        entry = sum > 0 ? entry / sum : 0;
      if (l == 0)
        b.loglik += std::log(static_cast<long double>(sum));
    }
  }
  return b;
}

} // namespace espalier::test

#endif // ESPALIER_TESTS_UNIT_ANALYSIS_PROPAGATE_H
