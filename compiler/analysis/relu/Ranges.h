//===- Ranges.h - Messages that can occur, edge by edge -----------*- C++ -*-===//
//
// Interval propagation up and down the tree: from bounds on what leaves send, bounds on the differences within every
// message, and with them what each matrix does to messages and errors. The messages are those of the network, too, as
// long as the errors that enter each block are at most the `inflation` that was allowed for.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_RANGES_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_RANGES_H

#include "compiler/analysis/relu/EdgeBounds.h"
#include "compiler/analysis/relu/ReluNetwork.h"

namespace espalier::relu {

/// The two models that a certificate compares. Both are conditionals or both potentials.
struct ModelPair {
  PreparedModel network; ///< rounded to the network's precision
  PreparedModel exact;   ///< in double precision
};

/// An allowed oscillation of the error that enters each block: [l - 1] for the blocks of level l.
struct Inflation {
  std::vector<double> up, down;
};

/// The blocks of one level and direction. Ranks that share their matrices, and thus everything, have one entry.
struct LevelBounds {
  std::vector<EdgeBounds> edges;
  /// Bounds the difference of log K between the two models that f_s - f_t sees, by edge.
  std::vector<Pairs> kernelErrors;
  /// u lies in [-span, 0], and where finite in [-magnitude, 0]: they differ where log 0 can occur.
  double span = 0, magnitude = 0;
  double low = 0, high = 0;   ///< of K exp u, or of K times anything between exp u and 1
  std::vector<double> points; ///< all values of K exp u where there are finitely many: symbols; else empty
  int64_t inputs = 0, outputs = 0;

  const EdgeBounds &edge(int64_t rank) const { return edges[rank % edges.size()]; }
  const Pairs &kernelError(int64_t rank) const { return kernelErrors[rank % kernelErrors.size()]; }
};

struct Ranges {
  std::vector<LevelBounds> up, down; ///< [l - 1] is level l
  std::vector<double> below, above;  ///< largest finite difference in h_l, and in what level l hears from above
  double prior = 0;                  ///< largest finite |log psi_0|
  Pairs priorError;
};

/// Bounds on the differences of what leaves send, infinite where there are none.
Pairs leafDifferences(const Model &model, const ReluOptions &options);

Ranges computeRanges(const ModelPair &models, const ReluOptions &options, const Inflation &inflation);

} // namespace espalier::relu

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_RANGES_H
