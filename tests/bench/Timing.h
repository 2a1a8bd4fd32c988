//===- Timing.h - A quick measurement --------------------------------*- C++ -*-===//

#ifndef ESPALIER_TESTS_BENCH_TIMING_H
#define ESPALIER_TESTS_BENCH_TIMING_H

#include <algorithm>
#include <chrono>
#include <limits>

namespace espalier::bench {

/// The least time of `repeats` calls after one that does not count, in seconds.
template <typename Run> double leastSeconds(Run &&run, int repeats) {
  run();
  double best = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < repeats; ++repeat) {
    auto start = std::chrono::steady_clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

} // namespace espalier::bench

#endif // ESPALIER_TESTS_BENCH_TIMING_H
