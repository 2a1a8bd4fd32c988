//===- Enumeration.h - Inference by summing the joint -------------*- C++ -*-===//
//
// The definition of every answer, executed: go through all states of all nodes, weigh each, add up. It knows no
// recursion on the tree and therefore shares no mistake with belief propagation. Cost: the product of the
// states of all nodes, which is why it serves small models only.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_REFERENCE_ENUMERATION_H
#define ESPALIER_COMPILER_REFERENCE_ENUMERATION_H

#include "compiler/reference/Beliefs.h"
#include "compiler/reference/Fields.h"

namespace espalier::reference {

/// The largest joint that enumeration is used for.
inline constexpr int64_t enumerationLimit = int64_t(1) << 20;

/// Whether the joint of all nodes has at most `enumerationLimit` states.
bool canEnumerate(const Model &model);

class Enumeration {
public:
  /// Keeps a reference to `model`.
  explicit Enumeration(const Model &model);

  Beliefs infer(const Fields &fields) const;

private:
  /// One node, in the order root, level 1, ..., leaves.
  struct Node {
    int64_t level;
    int64_t indexInLevel;
    int64_t states;
    size_t parent;         ///< unused for the root
    const Real *logKernel; ///< of the edge above, [parent states x states]; the prior for the root
  };

  Real logFactor(size_t node, const std::vector<int64_t> &states, const Fields &fields) const;
  /// Calls visit(states of all nodes, log weight) for every assignment of non-zero weight.
  template <typename Visit> void forEachAssignment(const Fields &fields, Visit visit) const;
  Real largestLogWeight(const Fields &fields) const;
  Real logSum(const Fields &fields) const;

  const Model &model;
  std::vector<std::vector<Real>> logTables; ///< [0]: the prior; [l]: all kernels of level l
  std::vector<Node> nodes;
  Real logPartition;
};

} // namespace espalier::reference

#endif // ESPALIER_COMPILER_REFERENCE_ENUMERATION_H
