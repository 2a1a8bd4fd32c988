//===- Bench.cpp - How fast a model runs here -----------------------*- C++ -*-===//
//
// Buffers are allocated and touched by a first run that does not count.
//
//===----------------------------------------------------------------------===//

#include "runtime/Bench.h"

#include "runtime/Peak.h"
#include "runtime/Sample.h"
#include "runtime/Threads.h"

#include <algorithm>
#include <chrono>
#include <limits>

using namespace espalier;
using namespace espalier::runtime;

namespace {

constexpr double secondsPerRow = 0.8;
constexpr double benchSigma = 0.5;
constexpr Query queries[] = {Query::Classify, Query::Loglik, Query::Denoise, Query::Marginals};
constexpr Program programs[] = {Program::BP, Program::Net};

double secondsOf(Runner &runner, const Array &evidence, Outcome &outcome) {
  auto start = std::chrono::steady_clock::now();
  runner.run(evidence, outcome);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The best of 3 to 1000 runs within the time of a row.
double bestSeconds(Runner &runner, const Array &evidence) {
  Outcome outcome;
  double total = secondsOf(runner, evidence, outcome);
  double best = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < 1000 && (repeat < 3 || total < secondsPerRow); ++repeat) {
    double seconds = secondsOf(runner, evidence, outcome);
    best = std::min(best, seconds);
    total += seconds;
  }
  return best;
}

BenchRow benchRow(const Model &model, Request request, const Array &evidence) {
  Runner runner(model, request);
  BenchRow row{request.query, request.program, evidence.shape()[0], bestSeconds(runner, evidence), 0, 0};
  double batch = static_cast<double>(row.batch);
  row.gflops = batch * productFlops(model, request.query, request.evidence) / row.seconds / 1e9;
  row.leavesPerSecond = batch * static_cast<double>(model.leaves()) / row.seconds;
  return row;
}

} // namespace

double runtime::productFlops(const Model &model, Query query, EvidenceKind evidence) {
  bool down = query == Query::Denoise || query == Query::Marginals;
  double flops = 0;
  for (int64_t l = 1; l <= model.depth(); ++l) {
    bool lookUp = l == model.depth() && evidence == EvidenceKind::Symbol;
    double edge = 2.0 * static_cast<double>(model.states[l - 1] * model.states[l]);
    flops += static_cast<double>(model.nodes(l)) * edge * ((lookUp ? 0 : 1) + (down ? 1 : 0));
  }
  return flops;
}

int64_t runtime::defaultBatch(const Model &model) {
  int64_t width = std::max({*std::max_element(model.states.begin(), model.states.end()), model.valueSize});
  int64_t bytes = model.leaves() * width * static_cast<int64_t>(elementSize(model.dtype));
  return std::clamp<int64_t>((int64_t{256} << 20) / bytes, 1, 1024);
}

BenchReport runtime::bench(const Model &model, int64_t batch, int threads, const Progress &progress) {
  BenchReport report;
  report.threads = threadCount(threads);
  report.peakGflops = measurePeak(model.dtype) * report.threads;
  EvidenceKind kind = model.ownEvidence();
  Array evidence = observe(model, sample(model, batch, 1).symbols, 1, benchSigma, 1);
  int64_t total = std::size(queries) * std::size(programs), done = 0;
  for (Query query : queries)
    for (Program program : programs) {
      // A network of ReLUs says nothing of the log-likelihood.
      bool answers = model.hasProgram(program) && !(query == Query::Loglik && model.isRelu(program, kind));
      if (answers)
        report.rows.push_back(benchRow(model, {program, query, kind, -1, 1, benchSigma, threads}, evidence));
      if (progress)
        progress(++done, total);
    }
  return report;
}
