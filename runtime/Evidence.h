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

#include <optional>
#include <string>
#include <vector>

namespace espalier::runtime {

struct Evidence {
  Array values; ///< B x model.evidenceShape(kind), of model.evidenceType(kind) or of the type asked for
  /// Natural log of what each sample's likelihoods were divided by, to be added to its log-likelihood; empty where
  /// nothing was. Soft evidence of float64 that becomes float32 is scaled, leaf by leaf, by a power of two: its
  /// absolute size need not fit.
  std::vector<double> logScale;
};

/// Soft evidence [B x ... x `states`] in `type`, F32 or F64. What is beyond 2^-275 of a leaf's largest in float32 keeps
/// the least positive value: programs that take float32 have kernels beside whose ratios that is nothing.
Evidence fitSoft(Array input, int64_t states, ElementType type);

/// Checks `input` (shape, kind, range) and converts it. Symbols: integers in [-1, S_L - 1]. Gaussian: reals, NaN
/// where a leaf is missing. Soft: finite reals >= 0, converted to `soft`, by default the model's dtype. Integers are
/// reals too, booleans likelihoods. Throws Error with `place`, the file's name, in front.
Evidence checkEvidence(const Model &model, EvidenceKind kind, Array input, const std::string &place,
                       std::optional<ElementType> soft = {});

/// Throws Error where sigma or lambda cannot be a noise or signal level: sigma is finite and > 0, or 0 where that is
/// allowed, lambda finite.
void checkNoise(double lambda, double sigma, bool allowZero = false);

/// The shortest text that reads back as the same value.
std::string numberText(double value);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_EVIDENCE_H
