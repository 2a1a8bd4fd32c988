//===- Harness.h - One job, timed ------------------------------------*- C++ -*-===//
//
// What the benchmark's programs share. A program does one job: it reads its description and its data, answers once,
// writes the answer for comparison, and is then timed by Google Benchmark. `main` is the harness's; each program
// defines prepare().
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_BENCH_HARNESS_H
#define ESPALIER_TESTS_BENCH_HARNESS_H

#include "runtime/Array.h"

#include <cstdint>
#include <functional>
#include <string>

namespace espalier::bench {

/// What a job file (JSON) says. Peers know binary trees with one matrix per level and rank.
struct Job {
  std::string query;    ///< "loglik" | "classify" | "denoise" | "marginals"
  std::string evidence; ///< "symbol" | "gaussian" | "soft"
  std::string program;  ///< "bp" | "net"; ours only
  std::string library;  ///< the compiled model; ours only
  bool f64 = false;
  int threads = 1;
  double sigma = 1;          ///< of gaussian evidence; lambda is 1
  runtime::Array input;      ///< B x leaves (x S for soft): int32, or the job's real type
  runtime::Array kernels;    ///< float64, L x 2 x S x S: level, rank, parent's state, child's state; rows sum to one
  runtime::Array prior;      ///< float64, S, sums to one
  runtime::Array leafValues; ///< float64, S: e of the gaussian channel

  int64_t batch() const { return input.shape()[0]; }
  int64_t leaves() const { return input.shape()[1]; }
  int64_t depth() const { return kernels.shape()[0]; }
  int64_t states() const { return kernels.shape()[3]; }
  /// The matrix of level l in 1..L and rank 0 or 1, S x S.
  const double *kernel(int64_t l, int64_t rank) const {
    return kernels.data<double>() + ((l - 1) * 2 + rank) * states() * states();
  }
};

struct Work {
  std::function<void()> run;              ///< what is timed: from evidence to answer
  std::function<runtime::Array()> answer; ///< of the last run
  std::string how;                        ///< what was chosen: resource, instruction set, block size
};

/// Everything up to the first run. Throws std::exception where the job cannot be done.
Work prepare(const Job &job);

} // namespace espalier::bench

#endif // ESPALIER_TESTS_BENCH_HARNESS_H
