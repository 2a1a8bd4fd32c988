//===- Tiles.cpp - A batch through a kernel -------------------------*- C++ -*-===//
//
// Each thread owns one set of buffers; a tile is brought in, run and brought out while it is warm in that thread's
// cache. The last tile is filled up with samples of which nothing is observed. A few samples go one by one through a
// kernel that has nodes in its lanes, where the model has one.
//
//===----------------------------------------------------------------------===//

#include "runtime/Tiles.h"

#include "runtime/Error.h"
#include "runtime/Evidence.h"
#include "runtime/GaussianRange.h"
#include "runtime/GaussianWeights.h"
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
      return visitReal(kernel.reals, [&](auto given) { return body(given, real); });
    return kernel.symbolBytes == 1 ? body(uint8_t{}, real) : body(int32_t{}, real);
  });
}

/// What users' arrays hold where tiles hold T.
template <typename T> using UserType = std::conditional_t<std::is_integral_v<T>, int32_t, T>;

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
    if (request.evidence == EvidenceKind::Gaussian && !model.isRelu(request.program, request.evidence))
      prepareExtremes();
  }

  /// Evidence that gaussian kernels are not right for goes through those for soft evidence, where the model has them.
  void prepareExtremes() {
    ordinary = ordinaryRange(model, request.lambda, request.sigma);
    if (model.hardLeaves || !model.findKernel(request.program, kernel.pass, EvidenceKind::Soft))
      return;
    Request other = request;
    other.evidence = EvidenceKind::Soft;
    soft = std::make_unique<State>(model, other);
  }

  ScratchSizes scratchSizes() const {
    auto samples = static_cast<size_t>(kernel.tile);
    size_t bytes = visitTypes(model, kernel, [](auto evidenceType, auto) { return sizeof(evidenceType); });
    return {evidenceLayout.size() * samples * bytes, outputLayout.size() * samples * elementSize(model.dtype),
            samples * sizeof(double), kernel.workspace};
  }

  int64_t select() const { return request.query == Query::Denoise ? model.depth() + 1 : level; }

  /// Samples first .. first + count - 1, which begin at `user`; the kernel takes evidence of T and gives Real results.
  template <typename T, typename Real>
  void runTile(const UserType<T> *user, Outcome &outcome, int64_t first, int64_t count);
  void runTile(const Array &evidence, Outcome &outcome, int64_t tileIndex);

  /// Whether gaussian evidence of some samples is for the kernels for soft evidence.
  bool isExtreme(const Array &evidence, int64_t first, int64_t count) const;
  /// Such samples.
  void runExtreme(const Array &evidence, Outcome &outcome, int64_t first, int64_t count);

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
  OrdinaryRange ordinary{};               ///< observations that gaussian kernels are right for
  std::unique_ptr<State> soft;            ///< for other observations; null where there are none
};

template <typename T, typename Real>
void Runner::State::runTile(const UserType<T> *user, Outcome &outcome, int64_t first, int64_t count) {
  Scratch &local = scratch.local();
  int64_t tile = kernel.tile;
  T *in = reinterpret_cast<T *>(local.evidence.data());
  Real *out = reinterpret_cast<Real *>(local.output.data());
  double *loglik = reinterpret_cast<double *>(local.loglik.data());
  if (count < tile)
    std::fill_n(in, evidenceLayout.size() * tile, nothing<T>(request.evidence, model.leafStates()));
  if constexpr (std::is_integral_v<T>)
    evidenceLayout.symbolsToTile(user, count, in, tile, static_cast<int32_t>(model.leafStates()));
  else
    evidenceLayout.toTile(user, count, in, tile);
  kernel.function(in, request.lambda, request.sigma, select(), out, loglik, local.workspace.data());
  std::copy_n(loglik, count, outcome.loglik.begin() + first);
  if (request.query != Query::Loglik)
    outputLayout.fromTile(out, tile, outcome.output.data<Real>() + first * outputLayout.size(), count);
}

void Runner::State::runTile(const Array &evidence, Outcome &outcome, int64_t tileIndex) {
  int64_t first = tileIndex * kernel.tile;
  int64_t count = std::min(kernel.tile, evidence.shape()[0] - first);
  if (soft && isExtreme(evidence, first, count))
    return runExtreme(evidence, outcome, first, count);
  visitTypes(model, kernel, [&](auto evidenceType, auto real) {
    using T = decltype(evidenceType);
    const auto *user = evidence.data<UserType<T>>() + first * evidenceLayout.size();
    runTile<T, decltype(real)>(user, outcome, first, count);
  });
}

bool Runner::State::isExtreme(const Array &evidence, int64_t first, int64_t count) const {
  if (ordinary.isEmpty())
    return true;
  return visitReal(evidence.type(), [&](auto zero) {
    using T = decltype(zero);
    constexpr double most = std::numeric_limits<T>::max();
    const T low = static_cast<T>(std::clamp(ordinary.low, -most, most));
    const T high = static_cast<T>(std::clamp(ordinary.high, -most, most));
    const T *z = evidence.data<T>() + first * evidenceLayout.size();
    // Without branches, as vectors. NaN is neither.
    int beyond = 0;
    for (int64_t i = 0; i < count * evidenceLayout.size(); ++i)
      beyond |= (z[i] < low) | (z[i] > high);
    return beyond != 0;
  });
}

void Runner::State::runExtreme(const Array &evidence, Outcome &outcome, int64_t first, int64_t count) {
  const GaussianWeights leaves(model, request.lambda, request.sigma);
  Array weights(soft->kernel.reals, {soft->evidenceLayout.size()});
  visitReal(evidence.type(), [&](auto zero) {
    visitReal(weights.type(), [&](auto weight) {
      visitReal(model.dtype, [&](auto real) {
        for (int64_t i = first; i < first + count; ++i) {
          const auto *z = evidence.data<decltype(zero)>() + i * evidenceLayout.size();
          auto *of = weights.data<decltype(weight)>();
          const double density = leaves.fill(z, model.leaves(), of);
          soft->runTile<decltype(weight), decltype(real)>(of, outcome, i, 1);
          outcome.loglik[static_cast<size_t>(i)] += density;
        }
      });
    });
  });
}

Runner::Runner(const Model &model, const Request &request) : state(std::make_unique<State>(model, request)) {}
Runner::~Runner() = default;

int64_t Runner::tile() const { return state->kernel.tile; }

ElementType Runner::evidenceType() const {
  return state->kernel.evidence == EvidenceKind::Symbol ? ElementType::I32 : state->kernel.reals;
}

void Runner::run(const Array &given, Outcome &outcome, const Progress &progress) {
  const Model &model = state->model;
  const bool widen = given.type() == ElementType::F32 && evidenceType() == ElementType::F64;
  const Array widened = widen ? convert(given, ElementType::F64) : Array(), &evidence = widen ? widened : given;
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
        if (one && state->soft && state->isExtreme(evidence, tile, 1))
          state->runExtreme(evidence, outcome, tile, 1);
        else if (one)
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
  Runner runner(model, request);
  if (request.evidence != EvidenceKind::Soft) {
    runner.run(evidence, outcome, progress);
    return outcome;
  }
  const Evidence fitting = fitSoft(evidence, model.leafStates(), runner.evidenceType());
  runner.run(fitting.values, outcome, progress);
  for (size_t i = 0; i < fitting.logScale.size(); ++i) {
    outcome.loglik[i] += fitting.logScale[i];
    if (request.query == Query::Loglik)
      outcome.output.data<double>()[i] += fitting.logScale[i];
  }
  return outcome;
}
