//===- Bench.h - How fast a model runs here -------------------------*- C++ -*-===//
//
// Times every query with every program on evidence drawn from the model, from the user's array to the user's array.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_BENCH_H
#define ESPALIER_RUNTIME_BENCH_H

#include "runtime/Model.h"
#include "runtime/Tiles.h"

#include <cstdint>
#include <vector>

namespace espalier::runtime {

struct BenchRow {
  Query query = Query::Classify;
  Program program = Program::BP;
  int64_t batch = 0;
  double seconds = 0; ///< the best of several runs
  double gflops = 0;  ///< kernel products alone, also those that tables spare; see productFlops()
  double leavesPerSecond = 0;
};

struct BenchReport {
  int threads = 1;
  double peakGflops = 0; ///< one thread's measured peak times the threads
  std::vector<BenchRow> rows;
};

/// Operations of one sample's kernel products: 2 S_parent S_child per edge upward and again downward. Evidence of
/// exact symbols makes the upward step of the leaves a look-up, which is not counted.
double productFlops(const Model &model, Query query, EvidenceKind evidence);

/// The largest batch of up to 1024 whose arrays take no more than about 256 MB.
int64_t defaultBatch(const Model &model);

/// Gaussian evidence is drawn at sigma = 0.5. Takes about ten seconds at most on models of usual size.
BenchReport bench(const Model &model, int64_t batch, int threads, const Progress &progress = {});

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_BENCH_H
