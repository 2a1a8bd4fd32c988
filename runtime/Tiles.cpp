//===- Tiles.cpp - A batch through a kernel -------------------------*- C++ -*-===//
//
// Each thread owns one set of buffers; a tile is brought in, run and brought out while it is warm in that thread's
// cache. The last tile is filled up with samples of which nothing is observed. A few samples go one by one through a
// kernel that has nodes in its lanes, where the model has one.
//
//===----------------------------------------------------------------------===//

#include "runtime/Tiles.h"

#include "runtime/Error.h"
#include "runtime/Layout.h"
#include "runtime/Memory.h"
#include "runtime/PositionsLayout.h"
#include "runtime/Threads.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <type_traits>

#include <tbb/blocked_range.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

using namespace espalier;
using namespace espalier::runtime;

const char *runtime::name(Query query) {
  switch (query) {
  case Query::Classify:
    return "classify";
  case Query::Denoise:
    return "denoise";
  case Query::Marginals:
    return "marginals";
  case Query::Loglik:
    break;
  }
  return "loglik";
}

namespace {

/// Sizes of the buffers of one thread, in bytes.
struct ScratchSizes {
  size_t evidence, output, loglik, workspace;

  uint64_t all() const { return evidence + output + loglik + workspace; }

  /// Below this, asking the system costs more than it tells.
  bool isSmall() const { return all() < uint64_t{1} << 26; }

  /// `requested` threads (0: all), or as many as have room.
  int threadsWithRoom(int requested) const {
    int threads = threadCount(requested);
    if (isSmall())
      return threads;
    return static_cast<int>(std::clamp<uint64_t>(memoryAtHand() / all(), 1, static_cast<uint64_t>(threads)));
  }

  /// Throws OutOfMemory where not even one thread has room.
  void checkRoom(int64_t samples) const {
    if (!isSmall() && all() > memoryAtHand())
      throw OutOfMemory("the kernel for " + std::to_string(samples) + " samples at once (evidence " +
                            bytesText(evidence) + ", answers " + bytesText(output) + ", messages " +
                            bytesText(workspace) + ")",
                        all());
  }
};

struct Scratch {
  explicit Scratch(const ScratchSizes &sizes)
      : evidence(sizes.evidence), output(sizes.output), loglik(sizes.loglik), workspace(sizes.workspace) {}

  AlignedBytes evidence;
  AlignedBytes output;
  AlignedBytes loglik;
  AlignedBytes workspace;
};

int64_t product(const std::vector<int64_t> &shape) {
  int64_t result = 1;
  for (int64_t extent : shape)
    result *= extent;
  return result;
}

/// The level whose nodes carry the query's answer.
int64_t outputLevel(const Model &model, const Request &request) {
  if (request.query == Query::Marginals)
    return request.level < 0 ? model.depth() : request.level;
  return request.query == Query::Denoise ? model.depth() : 0;
}

int64_t outputWidth(const Model &model, const Request &request) {
  return request.query == Query::Denoise ? model.valueSize : model.states[outputLevel(model, request)];
}

/// Shape of one sample's answer as users see it.
std::vector<int64_t> outputShape(const Model &model, const Request &request) {
  if (request.query == Query::Classify)
    return {model.states[0]};
  if (request.query == Query::Loglik)
    return {};
  std::vector<int64_t> shape = model.shape(outputLevel(model, request));
  if (request.query == Query::Marginals || model.vectorValues)
    shape.push_back(outputWidth(model, request));
  return shape;
}

const Kernel &chooseKernel(const Model &model, const Request &request) {
  if (request.level > model.depth())
    throw Error("--level expects an integer in 0 .. " + std::to_string(model.depth()) + ", got " +
                std::to_string(request.level));
  bool up = request.query == Query::Classify || request.query == Query::Loglik;
  const Kernel *kernel = model.findKernel(request.program, up ? Pass::Up : Pass::UpDown, request.evidence);
  if (!kernel)
    throw Error(std::string("the model was compiled without the program '") + name(request.program) + "' for " +
                name(request.evidence) + " evidence");
  if (request.query == Query::Loglik && model.isRelu(request.program, request.evidence))
    throw Error("loglik expects the program bp: the network of ReLUs answers classify, denoise and marginals");
  return *kernel;
}

/// What says nothing of a leaf, as kernels take it; `states` are a leaf's.
template <typename T> T nothing(EvidenceKind kind, int64_t states) {
  return kind == EvidenceKind::Symbol     ? static_cast<T>(states)
         : kind == EvidenceKind::Gaussian ? std::numeric_limits<T>::quiet_NaN()
                                          : T(1);
}

template <typename T> void resize(std::vector<T> &values, int64_t size) { values.resize(static_cast<size_t>(size)); }

void reshape(Array &array, ElementType type, const std::vector<int64_t> &shape) {
  if (array.type() != type || array.shape() != shape)
    array = Array(type, shape);
}

/// Calls body(element of the kernel's evidence, element of its answers), values that stand for their types.
template <typename Body> auto visitTypes(const Model &model, const Kernel &kernel, Body body) {
  return visitReal(model.dtype, [&](auto real) {
    if (kernel.evidence != EvidenceKind::Symbol)
      return body(real, real);
    return kernel.symbolBytes == 1 ? body(uint8_t{}, real) : body(int32_t{}, real);
  });
}

/// One request, one sample at a time.
class SampleRunner {
public:
  SampleRunner(const Model &model, const Request &request, const Kernel &kernel, int64_t select)
      : model(model), request(request), kernel(kernel), select(select),
        evidence(model, kernel.positions, model.depth(),
                 product(model.evidenceShape(request.evidence)) / model.leaves()),
        output(model, kernel.positions, outputLevel(model, request), outputWidth(model, request)), scratch([this] {
          return visitTypes(this->model, this->kernel, [&](auto evidenceType, auto real) {
            return makeScratch<decltype(evidenceType), decltype(real)>();
          });
        }) {}

  /// Sample `index`.
  void run(const Array &user, Outcome &outcome, int64_t index) {
    visitTypes(model, kernel, [&](auto evidenceType, auto real) {
      run<decltype(evidenceType), decltype(real)>(user, outcome, index);
    });
  }

  int64_t mostBatch() const { return kernel.positions.mostBatch; }

private:
  /// Lanes without a node stay what they are now: leaves of which nothing is seen.
  template <typename T, typename Real> Scratch makeScratch() const {
    Scratch result({evidence.tileSize() * sizeof(T), output.tileSize() * sizeof(Real),
                    kernel.positions.lanes * sizeof(double), kernel.workspace});
    std::fill_n(reinterpret_cast<T *>(result.evidence.data()), evidence.tileSize(),
                nothing<T>(request.evidence, model.leafStates()));
    return result;
  }

  template <typename T, typename Real> void run(const Array &user, Outcome &outcome, int64_t index) {
    Scratch &local = scratch.local();
    T *in = reinterpret_cast<T *>(local.evidence.data());
    Real *out = reinterpret_cast<Real *>(local.output.data());
    double *loglik = reinterpret_cast<double *>(local.loglik.data());
    const int64_t first = index * (user.size() / user.shape()[0]);
    if constexpr (std::is_integral_v<T>)
      evidence.symbolsToTile(user.data<int32_t>() + first, in, static_cast<int32_t>(model.leafStates()));
    else
      evidence.toTile(user.data<T>() + first, in);
    kernel.function(in, request.lambda, request.sigma, select, out, loglik, local.workspace.data());
    outcome.loglik[index] = loglik[0];
    if (request.query != Query::Loglik)
      output.fromTile(out, outcome.output.data<Real>() + index * (outcome.output.size() / user.shape()[0]));
  }

  const Model &model;
  const Request &request;
  const Kernel &kernel;
  int64_t select;
  PositionsLayout evidence, output;
  tbb::enumerable_thread_specific<Scratch> scratch;
};

} // namespace

struct Runner::State {
  State(const Model &model, const Request &request)
      : model(model), request(request), kernel(chooseKernel(model, request)), level(outputLevel(model, request)),
        evidenceLayout(model, model.depth(), product(model.evidenceShape(request.evidence)) / model.leaves()),
        outputLayout(model, level, outputWidth(model, request)), sizes(scratchSizes()),
        arena(sizes.threadsWithRoom(request.threads)), scratch([this] { return Scratch(sizes); }) {
    bool up = kernel.pass == Pass::Up;
    if (const Kernel *one = model.findKernel(request.program, up ? Pass::Up : Pass::UpDown, request.evidence, true))
      oneByOne = std::make_unique<SampleRunner>(this->model, this->request, *one, select());
    mostOneByOne = oneByOne ? oneByOne->mostBatch() : 0;
  }

  ScratchSizes scratchSizes() const {
    auto samples = static_cast<size_t>(kernel.tile);
    size_t bytes = visitTypes(model, kernel, [](auto evidenceType, auto) { return sizeof(evidenceType); });
    return {evidenceLayout.size() * samples * bytes, outputLayout.size() * samples * elementSize(model.dtype),
            samples * sizeof(double), kernel.workspace};
  }

  int64_t select() const { return request.query == Query::Denoise ? model.depth() + 1 : level; }

  /// Samples first .. first + count - 1; the kernel takes evidence of T and gives Real results.
  template <typename T, typename Real>
  void runTile(const Array &evidence, Outcome &outcome, int64_t first, int64_t count);
  void runTile(const Array &evidence, Outcome &outcome, int64_t tileIndex);

  const Model &model;
  Request request;
  const Kernel &kernel;
  int64_t level;
  Layout evidenceLayout;
  Layout outputLayout;
  ScratchSizes sizes;
  tbb::task_arena arena;
  tbb::enumerable_thread_specific<Scratch> scratch;
  std::unique_ptr<SampleRunner> oneByOne; ///< null where the model has no kernel for that
  int64_t mostOneByOne = 0;               ///< samples up to which it is used
};

template <typename T, typename Real>
void Runner::State::runTile(const Array &evidence, Outcome &outcome, int64_t first, int64_t count) {
  Scratch &local = scratch.local();
  int64_t tile = kernel.tile;
  T *in = reinterpret_cast<T *>(local.evidence.data());
  Real *out = reinterpret_cast<Real *>(local.output.data());
  double *loglik = reinterpret_cast<double *>(local.loglik.data());
  if (count < tile)
    std::fill_n(in, evidenceLayout.size() * tile, nothing<T>(request.evidence, model.leafStates()));
  const int64_t offset = first * evidenceLayout.size();
  if constexpr (std::is_integral_v<T>)
    evidenceLayout.symbolsToTile(evidence.data<int32_t>() + offset, count, in, tile,
                                 static_cast<int32_t>(model.leafStates()));
  else
    evidenceLayout.toTile(evidence.data<T>() + offset, count, in, tile);
  kernel.function(in, request.lambda, request.sigma, select(), out, loglik, local.workspace.data());
  std::copy_n(loglik, count, outcome.loglik.begin() + first);
  if (request.query != Query::Loglik)
    outputLayout.fromTile(out, tile, outcome.output.data<Real>() + first * outputLayout.size(), count);
}

void Runner::State::runTile(const Array &evidence, Outcome &outcome, int64_t tileIndex) {
  int64_t first = tileIndex * kernel.tile;
  int64_t count = std::min(kernel.tile, evidence.shape()[0] - first);
  visitTypes(model, kernel, [&](auto evidenceType, auto real) {
    runTile<decltype(evidenceType), decltype(real)>(evidence, outcome, first, count);
  });
}

Runner::Runner(const Model &model, const Request &request) : state(std::make_unique<State>(model, request)) {}
Runner::~Runner() = default;

int64_t Runner::tile() const { return state->kernel.tile; }

void Runner::run(const Array &evidence, Outcome &outcome, const Progress &progress) {
  const Model &model = state->model;
  int64_t batch = evidence.shape()[0];
  bool loglikOnly = state->request.query == Query::Loglik;
  std::vector<int64_t> shape = outputShape(model, state->request);
  shape.insert(shape.begin(), batch);
  reshape(outcome.output, loglikOnly ? ElementType::F64 : model.dtype, shape);
  resize(outcome.loglik, batch);

  const bool one = batch <= state->mostOneByOne;
  if (!one && state->scratch.empty())
    state->sizes.checkRoom(state->kernel.tile);
  const int64_t step = one ? 1 : state->kernel.tile, tiles = (batch + step - 1) / step;
  std::atomic<int64_t> done = 0;
  state->arena.execute([&] {
    tbb::parallel_for(tbb::blocked_range<int64_t>(0, tiles), [&](const tbb::blocked_range<int64_t> &range) {
      for (int64_t tile = range.begin(); tile != range.end(); ++tile) {
        if (one)
          state->oneByOne->run(evidence, outcome, tile);
        else
          state->runTile(evidence, outcome, tile);
        if (progress)
          progress(std::min(batch, (done += 1) * step), batch);
      }
    });
  });

  auto impossible = [](double value) { return value == -std::numeric_limits<double>::infinity(); };
  outcome.impossible = std::count_if(outcome.loglik.begin(), outcome.loglik.end(), impossible);
  auto first = std::find_if(outcome.loglik.begin(), outcome.loglik.end(), impossible);
  outcome.firstImpossible = first == outcome.loglik.end() ? -1 : first - outcome.loglik.begin();
  if (loglikOnly)
    std::copy(outcome.loglik.begin(), outcome.loglik.end(), outcome.output.data<double>());
}

Outcome runtime::run(const Model &model, const Request &request, const Array &evidence, const Progress &progress) {
  Outcome outcome;
  Runner(model, request).run(evidence, outcome, progress);
  return outcome;
}
