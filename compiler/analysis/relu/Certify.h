//===- Certify.h - How errors of blocks become errors of answers --*- C++ -*-===//
//
// Errors are propagated pair by pair: E(s, t) bounds err_s - err_t, err the network's log message less the exact one.
// docs/rationale-relu.md derives every line.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_CERTIFY_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_CERTIFY_H

#include "compiler/analysis/relu/Ranges.h"

#include <span>

namespace espalier::relu {

/// E(u) - e^u <= eps (kappa + e^u), kappa = kKappas[index].
struct Envelope {
  size_t index = 0;
  double eps = 0;
};

/// What one block adds to errors, on the ranges of its level.
struct BlockErrors {
  std::vector<Envelope> exp; ///< each of them holds
  double log = 0;            ///< log x - Lg(x) <= log
  double rounding = 0;       ///< oscillation of the rounding error of its output
  double outputSpan = 0;     ///< its outputs lie in [-outputSpan, 0]
};

/// By level and direction: [l - 1].
struct NetworkErrors {
  std::vector<BlockErrors> up, down;
};

/// Measures a block's chords under the envelopes of these indices, and bounds its rounding.
BlockErrors measureBlock(const ReluBlock &block, std::span<const size_t> envelopes, const LevelBounds &level,
                         Precision precision);

/// The same under all envelopes.
BlockErrors measureBlock(const ReluBlock &block, const LevelBounds &level, Precision precision);

/// Bounds of all answers and levels; widths and parameters are left to the caller. Valid where what enters each block
/// is at most what `ranges` were inflated by (`entering`).
ReluCertificate propagateErrors(const ModelPair &models, const ReluOptions &options, const Ranges &ranges,
                                const NetworkErrors &errors);

/// Whether that holds.
bool isWithin(const ReluCertificate &certificate, const Inflation &inflation);

} // namespace espalier::relu

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_CERTIFY_H
