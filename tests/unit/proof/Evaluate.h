//===- Evaluate.h - Terms on random tensors ----------------------*- C++ -*-===//
//
// A plain evaluator of terms, written from the definitions of the layers and steps and to be read: convolutions are
// dense and strided, on positions; logarithms of zero are -inf. It knows no rule.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_PROOF_EVALUATE_H
#define ESPALIER_TESTS_UNIT_PROOF_EVALUATE_H

#include "compiler/proof/Term.h"

#include <map>

namespace espalier::proof::test {

/// For every node of the term's level, in rank order, one number per state; one number per node for shifts.
using Tensor = std::vector<double>;

/// A tree and one sample of evidence for it.
struct World {
  std::vector<std::vector<int64_t>> patches;     ///< of level 1..L
  std::vector<int64_t> symbols;                  ///< per leaf; the number of states where it is missing
  std::vector<std::vector<double>> observations; ///< per leaf; empty where it is missing
  Tensor likelihoods;
  double lambda = 1, sigma = 1;
  std::map<TermRef, Tensor> variables; ///< terms that stand for any tensor

  int64_t depth() const { return static_cast<int64_t>(patches.size()); }
  int64_t ranks(int64_t level) const;
  int64_t nodes(int64_t level) const;
};

Tensor evaluate(TermRef term, const World &world);

} // namespace espalier::proof::test

#endif // ESPALIER_TESTS_UNIT_PROOF_EVALUATE_H
