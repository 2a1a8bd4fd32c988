//===- Libpll.cpp - libpll on the benchmark's data ------------------------===//
//
// Log-likelihoods of symbols in double precision, one thread, AVX2. Transition matrices are set directly and tips are
// loaded before the clock starts; partials are computed by one call in post-order. Tips as compact states and tips as
// vectors are both tried, and the faster is timed.
//
//===----------------------------------------------------------------------===//

#include "tests/bench/Harness.h"
#include "tests/bench/Timing.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <libpll/pll.h>

using namespace espalier;
using namespace espalier::bench;

namespace {

/// Products over 32 leaves of up to 20 states stay within 2^-256, where libpll would begin to rescale.
constexpr int64_t unscaledLeaves = 32;

/// libpll takes tips as text; `map` gives the set of states that a character stands for.
constexpr unsigned char firstCharacter = 'A';

class Partition {
public:
  Partition(const Job &job, bool compact) : job(job) {
    unsigned leaves = static_cast<unsigned>(job.leaves());
    visit(0, 0);
    unsigned attributes = PLL_ATTRIB_ARCH_AVX2 | (compact ? PLL_ATTRIB_PATTERN_TIP : 0);
    partition = pll_partition_create(leaves, leaves - 1, static_cast<unsigned>(job.states()),
                                     static_cast<unsigned>(job.batch()), 1, 2 * static_cast<unsigned>(job.depth()), 1,
                                     leaves - 1, attributes);
    if (!partition)
      throw std::runtime_error(std::string("libpll: ") + pll_errmsg);
    how = std::string("AVX2, double precision, tips as ") + (compact ? "states" : "vectors");
    load();
  }
  ~Partition() { pll_partition_destroy(partition); }

  void run() {
    unsigned zero = 0;
    pll_update_partials(partition, operations.data(), static_cast<unsigned>(operations.size()));
    pll_compute_root_loglikelihood(partition, static_cast<unsigned>(job.leaves()), 0, &zero, answer.data());
  }

  std::string how;
  std::vector<double> answer;

private:
  /// Inner nodes follow the tips, the root first.
  unsigned buffer(int64_t l, int64_t node) const {
    int64_t nodes = int64_t{1} << l;
    return static_cast<unsigned>(l == job.depth() ? node : job.leaves() + nodes - 1 + node);
  }
  int scaler(int64_t l, int64_t node) const {
    int64_t nodes = int64_t{1} << l;
    return job.leaves() / nodes > unscaledLeaves ? static_cast<int>(nodes - 1 + node) : PLL_SCALE_BUFFER_NONE;
  }

  void visit(int64_t l, int64_t node) {
    if (l == job.depth())
      return;
    int64_t left = 2 * node, right = 2 * node + 1;
    visit(l + 1, left);
    visit(l + 1, right);
    unsigned matrix = static_cast<unsigned>(2 * l);
    operations.push_back({buffer(l, node), scaler(l, node), buffer(l + 1, left), matrix, scaler(l + 1, left),
                          buffer(l + 1, right), matrix + 1, scaler(l + 1, right)});
  }

  void load() {
    answer.resize(job.batch());
    int64_t states = job.states(), padded = partition->states_padded;
    for (int64_t l = 1; l <= job.depth(); ++l)
      for (int64_t rank = 0; rank < 2; ++rank)
        for (int64_t s = 0; s < states; ++s)
          std::copy_n(job.kernel(l, rank) + s * states, states, partition->pmatrix[2 * (l - 1) + rank] + s * padded);
    std::vector<unsigned> map(256);
    for (int64_t a = 0; a < states; ++a)
      map[firstCharacter + a] = 1u << a;
    std::string tip(job.batch(), firstCharacter);
    for (int64_t leaf = 0; leaf < job.leaves(); ++leaf) {
      for (int64_t i = 0; i < job.batch(); ++i)
        tip[i] = static_cast<char>(firstCharacter + job.input.data<int32_t>()[i * job.leaves() + leaf]);
      if (!pll_set_tip_states(partition, static_cast<unsigned>(leaf), map.data(), tip.c_str()))
        throw std::runtime_error(std::string("libpll: ") + pll_errmsg);
    }
    double one = 1;
    pll_set_frequencies(partition, 0, job.prior.data<double>());
    pll_set_category_weights(partition, &one);
    pll_set_category_rates(partition, &one);
  }

  const Job &job;
  pll_partition_t *partition = nullptr;
  std::vector<pll_operation_t> operations;
};

} // namespace

Work bench::prepare(const Job &job) {
  std::shared_ptr<Partition> best;
  double bestSeconds = std::numeric_limits<double>::infinity();
  for (bool compact : {true, false}) {
    auto partition = std::make_shared<Partition>(job, compact);
    double seconds = leastSeconds([&] { partition->run(); }, 1);
    if (seconds < bestSeconds) {
      bestSeconds = seconds;
      best = partition;
    }
  }
  auto answer = [best] {
    runtime::Array array(runtime::ElementType::F64, {static_cast<int64_t>(best->answer.size())});
    std::copy(best->answer.begin(), best->answer.end(), array.data<double>());
    return array;
  };
  return {[best] { best->run(); }, answer, best->how};
}
