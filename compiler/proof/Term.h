//===- Term.h - Message programs as terms ------------------------*- C++ -*-===//
//
// The language that networks and message-passing programs are compared in. A term is a function of the evidence and
// lambda, sigma: weights in [0, inf] or their logarithms in [-inf, inf] for every node of a level and every state, a
// number per node (a shift), or an answer. Equal terms are one object, so comparing normal forms is comparing pointers.
// docs/proof.md defines every kind.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_PROOF_TERM_H
#define ESPALIER_COMPILER_PROOF_TERM_H

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace espalier::proof {

enum class Kind {
  // Message passing: what normal forms are made of.
  Evidence,  ///< the leaves' likelihoods: numbers are the channel, the arguments read, the ranks of every level
  Prior,     ///< the root's weights: table [states]
  Up,        ///< sum_a K[s, a] x(a) on every edge of a level: table [ranks or nodes x parent x child states]
  Down,      ///< sum_s K[s, a] x(s)
  Combine,   ///< the product over a node's children
  Siblings,  ///< the product over all siblings but the node itself
  Copies,    ///< the parent's weights at every child
  Product,   ///< of any number of factors; sorted, never nested
  Quotient,  ///< x / y
  Scaled,    ///< x times exp of a shift, per node
  Posterior, ///< x over its sum over the states
  Mean,      ///< the mean of a table [states x p] under a posterior
  Loglik,    ///< log of the sum over the root's states, plus a shift, minus the table's only entry
  // Shifts.
  LogLargest, ///< log of the largest weight of a node
  LogPower,   ///< log of the power of two at or below it
  PoolShift,  ///< the sum over a node's children
  CopyShift,  ///< the parent's number at every child
  Total,      ///< a sum of shifts, each with a whole number before it
  // Layers and steps, as programs state them; rules rewrite them into the kinds above.
  Log,
  Exp,
  SymbolStem,
  GaussianStem,
  GaussianLikelihood,
  SoftStem,
  Conv,
  ConvTranspose,
  LogSumExpConv,
  LogSumExpConvTranspose,
  LookUp,
  SumPool,
  SiblingSum,
  Upsample,
  Add,
  Subtract,
  Bias,
  Constant,
  Norm,
  Rescale,
  DivideByLargest,
  Others,
  Softmax,
  EvidenceHead,
  Cast,
  Refused ///< what a reader could not read; text says why
};

enum class Sort { Weights, Logs, Shift, Answer };

/// How leaves are seen.
enum class Channel { Symbol, Gaussian, Soft };

/// A table of the program; equal where shape and every bit of every entry are.
struct Table {
  std::vector<int64_t> shape;
  std::vector<double> entries; ///< row-major
};

struct Term {
  Kind kind;
  int64_t level;  ///< of the nodes: 0 is the root
  int64_t states; ///< 0 for shifts and the log-likelihood
  std::vector<const Term *> operands = {};
  std::vector<int64_t> numbers = {}; ///< of Evidence (above); the whole numbers of a Total
  const Table *table = nullptr;
  std::string text = {}; ///< of Refused
  size_t id = 0;         ///< in the order of making
};

using TermRef = const Term *;

/// Owns terms and tables, and makes each only once.
class Terms {
public:
  TermRef make(Term term);

  // Short names. Levels and states follow from the operands where they can.
  TermRef evidence(Channel channel, std::vector<int64_t> arguments, const std::vector<int64_t> &ranks, int64_t states,
                   const Table *values = nullptr);
  TermRef prior(const Table *weights);
  /// A term on the level, with the states, of its only operand.
  TermRef like(Kind kind, TermRef operand, const Table *table = nullptr);
  /// Up, Down and the layers that they come from, to `states` states.
  TermRef edge(Kind kind, TermRef operand, const Table *kernel, int64_t states);
  /// Combine, Siblings, Copies and the layers that they come from: `levels` further down the tree.
  TermRef moved(Kind kind, TermRef operand, int64_t levels);
  TermRef pair(Kind kind, TermRef first, TermRef second, const Table *table = nullptr);
  /// Flattens products, and sorts.
  TermRef product(const std::vector<TermRef> &factors);
  /// `weights` itself where `shift` is zero.
  TermRef scaled(TermRef weights, TermRef shift);
  /// A shift of one operand: LogLargest, LogPower of weights, PoolShift, CopyShift of a shift.
  TermRef shift(Kind kind, TermRef operand);
  /// first + sign * second, as a Total; what cancels is gone.
  TermRef sum(TermRef first, TermRef second, int64_t sign = 1);
  TermRef zero(int64_t level) { return make({Kind::Total, level, 0, {}, {}}); }
  TermRef refused(const std::string &reason) { return make({Kind::Refused, 0, 0, {}, {}, nullptr, reason}); }

  const Table *table(std::vector<int64_t> shape, std::vector<double> entries);

private:
  std::unordered_multimap<size_t, std::unique_ptr<Term>> terms;
  std::unordered_multimap<size_t, std::unique_ptr<Table>> tables;
  size_t count = 0;
};

/// What a term of that kind is; of Cast, that of its operand.
Sort sortOf(TermRef term);

/// Finite, and not negative.
bool holdsWeights(const Table &table);

/// Whether `weights` is what children tell their parents across a kernel without zeros: then no weight is zero whatever
/// possible evidence there is (the side condition of `skip-is-leave-one-out`, docs/proof.md).
bool isPositive(TermRef weights);

} // namespace espalier::proof

#endif // ESPALIER_COMPILER_PROOF_TERM_H
