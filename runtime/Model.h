//===- Model.h - A compiled model as the runtime sees it ------------*- C++ -*-===//
//
// The description that a compiled model carries (see ABI.h), parsed and checked once. Tables and kernels stay where
// they are: the EspalierModel must outlive the Model.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_MODEL_H
#define ESPALIER_RUNTIME_MODEL_H

#include "runtime/ABI.h"
#include "runtime/Array.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace espalier::runtime {

/// How leaves are seen: the symbol itself, or z = lambda * e(x) + sigma * noise.
enum class Channel { Symbol, Gaussian };
/// The exact message-passing program, or the network.
enum class Program { BP, Net };
/// Leaves to root, or leaves to root and back.
enum class Pass { Up, UpDown };
/// What is given about the leaves; Soft is a vector of likelihoods per leaf.
enum class EvidenceKind { Symbol, Gaussian, Soft };

const char *name(Channel channel);   ///< "symbol" | "gaussian"
const char *name(Program program);   ///< "bp" | "net"
const char *name(Pass pass);         ///< "up" | "updown"
const char *name(EvidenceKind kind); ///< "symbol" | "gaussian" | "soft"

/// A kernel for one sample, with nodes in the lanes in place of samples (ABI.h).
struct Positions {
  int64_t level = 0;     ///< of these nodes; 0: samples stand in the lanes
  int64_t tile = 0;      ///< lanes for them
  int64_t lanes = 0;     ///< lanes of what is computed above them
  int64_t mostBatch = 0; ///< samples up to which the kernel is the faster choice
};

struct Kernel {
  Program program = Program::BP;
  Pass pass = Pass::Up;
  EvidenceKind evidence = EvidenceKind::Soft;
  size_t workspace = 0;                 ///< bytes
  int64_t tile = 1;                     ///< T, samples of one call
  int64_t symbolBytes = 4;              ///< of one symbol of a tile, 1 or 4
  ElementType reals = ElementType::F32; ///< of evidence that is not symbols
  Positions positions;
  EspalierKernel function = nullptr;
};

/// P(child's state | parent's state) on the edges of one level: [count x parent states x child states].
struct Conditionals {
  const double *data = nullptr;
  int64_t count = 0; ///< 1, the level's ranks or its nodes
};

/// The kernels that were built for one processor.
struct Variant {
  std::string cpu;
  std::vector<std::string> features; ///< as LLVM names them
  int64_t tile = 1;                  ///< samples of one call of the kernels for the way up
  std::vector<Kernel> kernels;
};

/// A network of ReLUs errs by at most `tolerance` where sigma and lambda are in these intervals, z being clipped to its
/// own. It gives no log-likelihood.
struct ReluNetwork {
  double tolerance = 0;
  std::array<double, 2> z, sigma, lambda;
};

/// A model, and as a Variant the one of its variants that is in use.
struct Model : Variant {
  std::string name;
  std::string description;
  ElementType dtype = ElementType::F32;        ///< F32 or F64
  std::vector<std::vector<int64_t>> branching; ///< [l - 1]: {m} or {rows, columns} of level l
  std::vector<int64_t> states;                 ///< [l]: states of a node on level l in 0..L
  Channel channel = Channel::Symbol;
  bool hardLeaves = false;         ///< whether no likelihood of a leaf may be rounded to 0 (ABI.h)
  std::optional<ReluNetwork> relu; ///< where the network for the model's own evidence is one
  int64_t valueSize = 1;           ///< p
  bool vectorValues = false;       ///< whether arrays of observations have an axis for p
  int64_t parameters = 0;
  const double *values = nullptr;         ///< e: [leaf states x p]
  const double *prior = nullptr;          ///< [root states], sums to one
  std::vector<Conditionals> conditionals; ///< [l - 1]: level l
  std::vector<Variant> variants;          ///< at least one, best first

  void use(const Variant &variant) { static_cast<Variant &>(*this) = variant; }

  int64_t depth() const { return static_cast<int64_t>(branching.size()); }
  bool isImage() const { return branching.front().size() == 2; }
  /// Children of a node on level l-1, for l in 1..L.
  int64_t ranks(int64_t l) const;
  /// Nodes on level l in 0..L.
  int64_t nodes(int64_t l) const;
  int64_t leaves() const { return nodes(depth()); }
  int64_t leafStates() const { return states.back(); }
  /// Shape of level l as users see it: {nodes} for sequences, {height, width} for images.
  std::vector<int64_t> shape(int64_t l) const;
  /// The kind of evidence that the model's channel gives.
  EvidenceKind ownEvidence() const;
  /// The conditional table above `node` of level l (rank order), [parent states x child states].
  const double *conditional(int64_t l, int64_t node) const;
  /// The kernel for many samples, or, with `positions`, the one for a sample at a time; null where the model was
  /// compiled without it.
  const Kernel *findKernel(Program program, Pass pass, EvidenceKind evidence, bool positions = false) const;
  bool hasProgram(Program program) const;
  /// Whether what it computes approximates the exact answers by ReLUs.
  bool isRelu(Program program, EvidenceKind evidence) const {
    return relu && program == Program::Net && evidence == ownEvidence();
  }

  /// Shape of one sample's evidence, without the batch axis.
  std::vector<int64_t> evidenceShape(EvidenceKind kind) const;
  ElementType evidenceType(EvidenceKind kind) const;
};

/// Parses and checks what the generated object exports; in use is the best variant that this machine can run, or the
/// last one where it can run none. Throws Error where the ABI's version or the description does not fit this runtime.
Model loadModel(const EspalierModel &compiled);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_MODEL_H
