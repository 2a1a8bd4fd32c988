//===- Model.h - A generative hierarchical model, parsed ----------*- C++ -*-===//
//
// The model as every part of the compiler sees it once it has been read: the tree, the kernels, the channel.
// Plain data in double precision, free of MLIR, so that the oracle can use it without sharing anything with
// the lowerings. Notation follows the paper (arXiv 2404.18444): level 0 is the root, level L the leaves.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_MODEL_H
#define ESPALIER_COMPILER_ANALYSIS_MODEL_H

#include <cstdint>
#include <string>
#include <vector>

namespace espalier {

/// How the kernels of one level are shared between its edges.
enum class Sharing {
  Rank,  ///< one matrix per child rank (the paper)
  Level, ///< one matrix for all edges of the level
  None   ///< one matrix per edge
};

/// How leaves are seen: `Symbol` is the state itself, `Gaussian` is z = lambda * e(x) + sigma * noise.
enum class Channel { Symbol, Gaussian };

/// Level l >= 1: the nodes below level l-1 and the kernels on the edges between the two.
struct Level {
  /// Children of one parent: {m} for sequences, {rows, columns} for image patches (ranks row-major).
  std::vector<int64_t> patch;
  int64_t states = 0;
  Sharing sharing = Sharing::Rank;
  /// Row-major [kernelCount x parent states x child states], kernelCount being ranks, 1 or the level's nodes.
  /// Entries are finite and >= 0; no row is all zero.
  std::vector<double> kernel;

  int64_t ranks() const;
};

/// What the network has between its convolutions: exp and log, or ReLUs that approximate them.
enum class Activation { Exact, Relu };

struct Interval {
  double low = 0, high = 0;

  bool operator==(const Interval &) const = default;
};

/// The network that the user asks for. Everything but `activation` is about networks of ReLUs.
struct NetworkSpec {
  Activation activation = Activation::Exact;
  /// Certified error of every answer: total variation of posteriors, |E-hat - E| of means; in (0, inf).
  double tolerance = 1e-2;
  /// For gaussian channels: every component of z is clipped to this, and errors are certified for these sigma > 0 and
  /// lambda >= 0.
  Interval z = {-5, 5}, sigma = {0.05, 5}, lambda = {1, 1};

  bool operator==(const NetworkSpec &) const = default;
};

struct Model {
  std::string name;
  std::string description;
  int64_t rootStates = 0;
  std::vector<double> prior; ///< [rootStates], >= 0, not all zero, need not sum to one
  std::vector<Level> levels; ///< levels[l - 1] is level l; at least one
  Channel channel = Channel::Symbol;
  /// e: state -> R^p, row-major [leaf states x valueSize].
  std::vector<double> values;
  int64_t valueSize = 1;
  /// False where e is a list of numbers: arrays of observations then have no axis for p.
  bool valuesAreVectors = false;
  NetworkSpec network;

  int64_t depth() const { return static_cast<int64_t>(levels.size()); }
  bool isImage() const { return levels.front().patch.size() == 2; }
  /// States of a node on level l in 0..L.
  int64_t states(int64_t l) const { return l == 0 ? rootStates : levels[l - 1].states; }
  /// Children of a node on level l-1, for l in 1..L.
  int64_t ranks(int64_t l) const { return levels[l - 1].ranks(); }
  /// Nodes on level l in 0..L.
  int64_t nodes(int64_t l) const;
  int64_t leaves() const { return nodes(depth()); }
  int64_t leafStates() const { return states(depth()); }
  /// Shape of level l as users see it: {nodes} for sequences, {height, width} for images.
  std::vector<int64_t> shape(int64_t l) const;
  /// Matrices stored for level l: ranks, 1 or nodes.
  int64_t kernelCount(int64_t l) const;
  /// The kernel on the edge above `node` of level l, row-major [parent states x child states]. Nodes are
  /// numbered in rank order: node = parent * ranks + rank.
  const double *kernel(int64_t l, int64_t node) const;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_ANALYSIS_MODEL_H
