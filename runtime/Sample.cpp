//===- Sample.cpp - Drawing from a model ----------------------------*- C++ -*-===//
//
// Samples are spread over threads; within one, the tree is walked level by level in rank order.
//
//===----------------------------------------------------------------------===//

#include "runtime/Sample.h"

#include "runtime/Layout.h"
#include "runtime/Random.h"
#include "runtime/Threads.h"

#include <limits>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

using namespace espalier;
using namespace espalier::runtime;

namespace {

template <typename Body> void forEachSample(int64_t n, int threads, Body body) {
  tbb::task_arena arena(threadCount(threads));
  arena.execute([&] { tbb::parallel_for(tbb::blocked_range<int64_t>(0, n), body); });
}

/// Replaces the states of level l-1 by states of level l, in rank order.
void descend(const Model &model, int64_t l, std::vector<int32_t> &nodes, std::vector<int32_t> &children,
             Random &random) {
  int64_t ranks = model.ranks(l);
  int64_t states = model.states[l];
  children.resize(nodes.size() * static_cast<size_t>(ranks));
  for (int64_t child = 0; child < static_cast<int64_t>(children.size()); ++child) {
    const double *row = model.conditional(l, child) + nodes[child / ranks] * states;
    children[child] = static_cast<int32_t>(random.choose(row, states));
  }
  nodes.swap(children);
}

template <typename Real>
void observeSample(const Model &model, const int32_t *symbols, double lambda, double sigma, Random &random, Real *out) {
  int64_t p = model.valueSize;
  for (int64_t leaf = 0; leaf < model.leaves(); ++leaf)
    for (int64_t k = 0; k < p; ++k) {
      // Noise is drawn for missing leaves too, so that the others do not depend on them.
      double noise = sigma * random.normal();
      bool missing = symbols[leaf] < 0;
      out[leaf * p + k] = missing ? std::numeric_limits<Real>::quiet_NaN()
                                  : static_cast<Real>(lambda * model.values[symbols[leaf] * p + k] + noise);
    }
}

std::vector<int64_t> batchShape(int64_t n, std::vector<int64_t> shape) {
  shape.insert(shape.begin(), n);
  return shape;
}

} // namespace

Samples runtime::sample(const Model &model, int64_t n, uint64_t seed, int threads) {
  Samples result{Array(ElementType::I32, batchShape(n, model.shape(model.depth()))), Array(ElementType::I32, {n})};
  std::vector<int64_t> places = placesOfNodes(model, model.depth());
  int32_t *symbols = result.symbols.data<int32_t>();
  int32_t *roots = result.roots.data<int32_t>();
  forEachSample(n, threads, [&](const tbb::blocked_range<int64_t> &range) {
    std::vector<int32_t> nodes, children;
    for (int64_t i = range.begin(); i != range.end(); ++i) {
      Random random(seed, Random::Purpose::Sample, static_cast<uint64_t>(i));
      roots[i] = static_cast<int32_t>(random.choose(model.prior, model.states[0]));
      nodes.assign(1, roots[i]);
      for (int64_t l = 1; l <= model.depth(); ++l)
        descend(model, l, nodes, children, random);
      for (size_t leaf = 0; leaf < nodes.size(); ++leaf)
        symbols[i * static_cast<int64_t>(nodes.size()) + places[leaf]] = nodes[leaf];
    }
  });
  return result;
}

Array runtime::observe(const Model &model, const Array &symbols, double lambda, double sigma, uint64_t seed,
                       int threads) {
  if (model.channel == Channel::Symbol)
    return symbols;
  int64_t n = symbols.shape()[0];
  Array result(model.dtype, batchShape(n, model.evidenceShape(EvidenceKind::Gaussian)));
  forEachSample(n, threads, [&](const tbb::blocked_range<int64_t> &range) {
    visitReal(model.dtype, [&](auto zero) {
      using Real = decltype(zero);
      for (int64_t i = range.begin(); i != range.end(); ++i) {
        Random random(seed, Random::Purpose::Channel, static_cast<uint64_t>(i));
        observeSample(model, symbols.data<int32_t>() + i * model.leaves(), lambda, sigma, random,
                      result.data<Real>() + i * model.leaves() * model.valueSize);
      }
    });
  });
  return result;
}
