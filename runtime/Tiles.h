//===- Tiles.h - A batch through a kernel ---------------------------*- C++ -*-===//
//
// Cuts a batch into tiles, brings each into the kernel's layout, runs the kernel on oneTBB's threads and brings the
// results back. Memory beyond input and output depends on the model and the threads, never on the batch; results do
// not depend on the threads.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_TILES_H
#define ESPALIER_RUNTIME_TILES_H

#include "runtime/Array.h"
#include "runtime/Model.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace espalier::runtime {

enum class Query { Classify, Denoise, Marginals, Loglik };

const char *name(Query query);

/// What is asked, apart from the evidence.
struct Request {
  Program program = Program::BP;
  Query query = Query::Classify;
  EvidenceKind evidence = EvidenceKind::Symbol;
  int64_t level = -1; ///< for Marginals; -1 is L
  double lambda = 1;  ///< gaussian evidence only
  double sigma = 1;   ///< gaussian evidence only, > 0
  int threads = 0;    ///< 0: all
};

struct Outcome {
  /// Shapes and types as users see them: Classify B x S_0, Denoise B x level L's shape (x p), Marginals
  /// B x the level's shape x S_l, all of the model's dtype; Loglik float64 B.
  Array output;
  /// Natural log of p(evidence), -inf where impossible (that sample's output is then unspecified).
  std::vector<double> loglik;
  int64_t impossible = 0;       ///< samples whose evidence has probability 0
  int64_t firstImpossible = -1; ///< index of the first one
};

/// Called with finished and all samples, from any thread, several at once.
using Progress = std::function<void(int64_t done, int64_t total)>;

/// Keeps threads and scratch between runs of one request.
class Runner {
public:
  /// The model must outlive the runner. Throws Error where it has no kernel for the request or no such level.
  Runner(const Model &model, const Request &request);
  ~Runner();

  /// `evidence`: B x model.evidenceShape(kind) of evidenceType(), already checked (see Evidence.h), or soft evidence of
  /// float32 in its place.
  /// Arrays of `outcome` that fit are used again.
  void run(const Array &evidence, Outcome &outcome, const Progress &progress = {});

  /// What the request's kernel takes; int32 for symbols.
  ElementType evidenceType() const;

  /// Samples of one call of the kernel for many.
  int64_t tile() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

/// One run: Runner(model, request).run(evidence). Soft evidence may be of either real type.
Outcome run(const Model &model, const Request &request, const Array &evidence, const Progress &progress = {});

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_TILES_H
