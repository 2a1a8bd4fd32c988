//===- HandMade.h - A compiled model without a compiler -----------*- C++ -*-===//
//
// What generated code exports (runtime/ABI.h), with kernels that ask the reference and, on request, get something
// wrong. The verifier must pass the honest one and catch every fault.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_REFERENCE_HANDMADE_H
#define ESPALIER_TESTS_UNIT_REFERENCE_HANDMADE_H

#include "compiler/analysis/Model.h"
#include "runtime/Model.h"

namespace espalier::test {

/// What the network's kernels do wrong; the exact program's are always right.
enum class Fault {
  None,
  Level1Posterior,   ///< one probability on level 1 off by 1e-3
  Mean,              ///< one posterior mean off by 1e-3
  Loglik,            ///< off by 1e-3
  NaN,               ///< a NaN in the root's posterior
  MissedImpossible,  ///< impossible evidence gets a log-likelihood
  FalseImpossible,   ///< possible evidence is reported as impossible
  NaNWhereImpossible ///< output of an impossible sample that is not finite
};

/// The compiled form of `model` for float32 or float64, valid until the next call and as long as `model` lives.
runtime::Model compileByHand(const Model &model, bool isDouble, Fault fault);

} // namespace espalier::test

#endif // ESPALIER_TESTS_UNIT_REFERENCE_HANDMADE_H
