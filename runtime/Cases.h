//===- Cases.h - Evidence to verify on ------------------------------*- C++ -*-===//
//
// The inputs on which programs are compared, here and in the compiler's verifier: samples of the model seen at
// several noise levels, and the corners where mistakes hide.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_CASES_H
#define ESPALIER_RUNTIME_CASES_H

#include "runtime/Array.h"
#include "runtime/Model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace espalier::runtime {

struct Case {
  std::string name;
  EvidenceKind kind = EvidenceKind::Symbol;
  double lambda = 1;
  double sigma = 1;
  Array evidence; ///< n x model.evidenceShape(kind), of model.evidenceType(kind), in the user's layout
};

/// Number of cases of a model; it depends on the channel alone.
int64_t caseCount(const Model &model);

/// Draws n samples of case `index`; cases are independent of each other, so that large models need hold only one.
Case drawCase(const Model &model, int64_t index, int64_t n, uint64_t seed);

/// Draws n samples of every case.
std::vector<Case> drawCases(const Model &model, int64_t n, uint64_t seed);

/// Whether the model's network of ReLUs promises anything for this case: its own evidence, at a sigma and lambda that
/// it is certified for.
bool isCertified(const Model &model, const Case &drawn);

/// The evidence as a network of ReLUs takes it: z clipped. What it computes is compared with the exact answer to this.
Array clipped(const Model &model, const Case &drawn);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_CASES_H
