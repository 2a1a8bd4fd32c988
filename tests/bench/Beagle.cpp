//===- Beagle.cpp - BEAGLE on the benchmark's data ------------------------===//
//
// Log-likelihoods of symbols in the job's precision, one thread. Tips are compact states and transition matrices are
// set directly, both before the clock starts. Partials are computed by one call, in post-order, so that children are
// still in the cache. The fastest of BEAGLE's implementations on this job is the one that is timed.
//
//===----------------------------------------------------------------------===//

#include "tests/bench/Harness.h"
#include "tests/bench/Timing.h"

#include <limits>
#include <memory>
#include <stdexcept>
#include <vector>

#include <libhmsbeagle/beagle.h>

using namespace espalier;
using namespace espalier::bench;

namespace {

/// Messages of 16 leaves, or of 16 rescaled nodes, are still far from underflow; single precision needs no more often.
constexpr int64_t levelsPerRescaling = 4;

int check(int code) {
  if (code < 0)
    throw std::runtime_error("BEAGLE fails with code " + std::to_string(code));
  return code;
}

class Instance {
public:
  Instance(const Job &job, long vectors) : job(job) {
    int leaves = static_cast<int>(job.leaves()), states = static_cast<int>(job.states());
    visit(0, 0);
    BeagleInstanceDetails details;
    long require = (job.f64 ? BEAGLE_FLAG_PRECISION_DOUBLE : BEAGLE_FLAG_PRECISION_SINGLE) | BEAGLE_FLAG_PROCESSOR_CPU |
                   BEAGLE_FLAG_SCALING_MANUAL | BEAGLE_FLAG_SCALERS_LOG | BEAGLE_FLAG_THREADING_NONE | vectors;
    id = beagleCreateInstance(leaves, leaves - 1, leaves, states, static_cast<int>(job.batch()), 1,
                              2 * static_cast<int>(job.depth()), 1, static_cast<int>(rescaled.size()) + 1, nullptr, 0,
                              0, require, &details);
    if (id < 0)
      return;
    how = std::string(details.implName) + ", " +
          (details.flags & BEAGLE_FLAG_VECTOR_AVX   ? "AVX"
           : details.flags & BEAGLE_FLAG_VECTOR_SSE ? "SSE"
                                                    : "no vectors");
    how += std::string(job.f64 ? ", double precision, " : ", single precision, ") + std::to_string(rescaled.size()) +
           " of " + std::to_string(leaves - 1) + " nodes rescaled";
    load();
  }
  ~Instance() {
    if (id >= 0)
      beagleFinalizeInstance(id);
  }

  bool exists() const { return id >= 0; }

  void run() {
    check(beagleUpdatePartials(id, operations.data(), static_cast<int>(operations.size()), BEAGLE_OP_NONE));
    int total = static_cast<int>(rescaled.size()), zero = 0, root = static_cast<int>(job.leaves());
    check(beagleResetScaleFactors(id, total));
    check(beagleAccumulateScaleFactors(id, rescaled.data(), total, total));
    double sum = 0;
    check(beagleCalculateRootLogLikelihoods(id, &root, &zero, &zero, &total, 1, &sum));
    check(beagleGetSiteLogLikelihoods(id, answer.data()));
  }

  std::string how;
  std::vector<double> answer;

private:
  /// The buffer of a node; inner nodes follow the tips, the root first.
  int buffer(int64_t l, int64_t node) const {
    int64_t nodes = int64_t{1} << l;
    return static_cast<int>(l == job.depth() ? node : job.leaves() + nodes - 1 + node);
  }

  void visit(int64_t l, int64_t node) {
    if (l == job.depth())
      return;
    visit(l + 1, 2 * node);
    visit(l + 1, 2 * node + 1);
    int scale = BEAGLE_OP_NONE;
    if (l > 0 && (job.depth() - l) % levelsPerRescaling == 0)
      rescaled.push_back(scale = static_cast<int>(rescaled.size()));
    int matrix = static_cast<int>(2 * l);
    operations.push_back({buffer(l, node), scale, BEAGLE_OP_NONE, buffer(l + 1, 2 * node), matrix,
                          buffer(l + 1, 2 * node + 1), matrix + 1});
  }

  void load() {
    answer.resize(job.batch());
    std::vector<int> tip(job.batch());
    for (int64_t leaf = 0; leaf < job.leaves(); ++leaf) {
      for (int64_t i = 0; i < job.batch(); ++i)
        tip[i] = job.input.data<int32_t>()[i * job.leaves() + leaf];
      check(beagleSetTipStates(id, static_cast<int>(leaf), tip.data()));
    }
    for (int64_t l = 1; l <= job.depth(); ++l)
      for (int rank = 0; rank < 2; ++rank)
        check(beagleSetTransitionMatrix(id, static_cast<int>(2 * (l - 1)) + rank, job.kernel(l, rank), 1));
    double one = 1;
    check(beagleSetStateFrequencies(id, 0, job.prior.data<double>()));
    check(beagleSetCategoryWeights(id, 0, &one));
    check(beagleSetCategoryRates(id, &one));
    check(beagleSetPatternWeights(id, std::vector<double>(job.batch(), 1).data()));
  }

  const Job &job;
  int id = -1;
  std::vector<BeagleOperation> operations;
  std::vector<int> rescaled; ///< the scale buffers that are written: 0, 1, ...
};

} // namespace

Work bench::prepare(const Job &job) {
  std::shared_ptr<Instance> best;
  double bestSeconds = std::numeric_limits<double>::infinity();
  for (long vectors : {BEAGLE_FLAG_VECTOR_AVX, BEAGLE_FLAG_VECTOR_SSE, BEAGLE_FLAG_VECTOR_NONE}) {
    auto instance = std::make_shared<Instance>(job, vectors);
    if (!instance->exists())
      continue;
    double seconds = leastSeconds([&] { instance->run(); }, 1);
    if (seconds < bestSeconds) {
      bestSeconds = seconds;
      best = instance;
    }
  }
  if (!best)
    throw std::runtime_error("BEAGLE has no implementation for this job");
  auto answer = [best] {
    runtime::Array array(runtime::ElementType::F64, {static_cast<int64_t>(best->answer.size())});
    std::copy(best->answer.begin(), best->answer.end(), array.data<double>());
    return array;
  };
  return {[best] { best->run(); }, answer, "BEAGLE " + std::string(beagleGetVersion()) + ", " + best->how};
}
