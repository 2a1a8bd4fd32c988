//===- VerifySearch.h - Evidence that makes errors large ---------*- C++ -*-===//
//
// Samples of a model rarely come near the worst case of a network of ReLUs. This looks for it: coordinate ascent on the
// error from random starts, one leaf at a time.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_VERIFYSEARCH_H
#define ESPALIER_COMPILER_DRIVER_VERIFYSEARCH_H

#include "compiler/driver/VerifyCompare.h"
#include "compiler/reference/Oracle.h"

namespace espalier {

/// The largest error found of a network of ReLUs on its own evidence, inside what it is certified for: of means |E-hat
/// - E|, of posteriors the total variation. Takes a second or two; the same seed finds the same.
double searchWorst(const Model &model, const reference::Oracle &oracle, const runtime::Model &compiled,
                   const Question &question, uint64_t seed);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_VERIFYSEARCH_H
