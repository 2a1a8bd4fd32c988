//===- Reference.h - Belief propagation, written for reading ------*- C++ -*-===//
//
// Exact belief propagation in the log domain, level by level, for models too large to enumerate. It exists to be
// believed: log-sum-exp around each output's own maximum, leave-one-out sums instead of differences of messages,
// -inf for impossible. Nothing here is shared with what the compiler generates. Equations: "Belief propagation"
// of arXiv 2404.18444; the leave-one-out form is ours, because subtracting a message fails where it is log 0.
// Cost: O(nodes * S^2).
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_REFERENCE_REFERENCE_H
#define ESPALIER_COMPILER_REFERENCE_REFERENCE_H

#include "compiler/reference/Beliefs.h"
#include "compiler/reference/Fields.h"

namespace espalier::reference {

class Reference {
public:
  /// Keeps a reference to `model`.
  explicit Reference(const Model &model);

  Beliefs infer(const Fields &fields) const;

private:
  /// Messages from the leaves to the root. Every vector has largest entry 0 (or is all -inf); what that took
  /// away is in `scale`.
  struct Upward {
    std::vector<std::vector<Real>> h; ///< h[l], [nodes(l) x S_l]: evidence below a node
    std::vector<std::vector<Real>> q; ///< q[l], [nodes(l) x S_(l-1)]: a node's message to its parent
    Real scale = 0;
  };

  Upward up(const Fields &fields) const;
  /// log of sum over x of psi(x) * likelihood(x).
  Real logSum(const Upward &upward) const;
  /// t[l], [nodes(l) x S_l]: evidence outside a node's subtree, prior included.
  std::vector<std::vector<Real>> down(const Upward &upward) const;

  const Model &model;
  Real logPartition;
};

} // namespace espalier::reference

#endif // ESPALIER_COMPILER_REFERENCE_REFERENCE_H
