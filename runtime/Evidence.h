//===- Evidence.h - Checks of what a user observed ------------------*- C++ -*-===//
//
// Every array of evidence passes here before any work: afterwards kernels can trust it. Messages say what the model
// expects and what was found where.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_EVIDENCE_H
#define ESPALIER_RUNTIME_EVIDENCE_H

#include "runtime/Array.h"
#include "runtime/Model.h"

#include <string>
#include <vector>

namespace espalier::runtime {

struct Evidence {
  Array values; ///< B x model.evidenceShape(kind), of model.evidenceType(kind)
  /// Natural log of what each sample's likelihoods were divided by, to be added to its log-likelihood; empty where
  /// nothing was. Soft evidence of float64 in a float32 model is scaled, leaf by leaf, by a power of two: its
  /// absolute size need not fit.
  std::vector<double> logScale;
};

/// Checks `input` (shape, kind, range) and converts it. Symbols: integers in [-1, S_L - 1]. Gaussian: reals, NaN
/// where a leaf is missing. Soft: finite reals >= 0. Integers are reals too, booleans likelihoods. Throws Error with
/// `place`, the file's name, in front.
Evidence checkEvidence(const Model &model, EvidenceKind kind, Array input, const std::string &place);

/// Throws Error where sigma or lambda cannot be a noise or signal level: sigma is finite and > 0, or 0 where that is
/// allowed, lambda finite.
void checkNoise(double lambda, double sigma, bool allowZero = false);

/// The shortest text that reads back as the same value.
std::string numberText(double value);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_EVIDENCE_H
