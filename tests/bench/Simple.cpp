//===- Simple.cpp - The strong simple version -----------------------------===//
//
// Belief propagation level by level, as a good engineer writes it in an afternoon: BLAS for the products, loops that
// the compiler vectorizes for the rest. A level's messages are one matrix, [(sample, node) x states] in the order of
// the user's arrays; the two children of a node lie side by side, so that a rank is a matrix with twice the row
// length and nothing is ever moved. Samples are taken in blocks whose messages fit the cache; the block's size is the
// fastest of several. One thread.
//
//===----------------------------------------------------------------------===//

#include "tests/bench/Harness.h"
#include "tests/bench/SimpleProduct.h"
#include "tests/bench/Timing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <vector>

using namespace espalier;
using namespace espalier::bench;

namespace {

/// Messages are brought back to a largest entry of 1 on every second level.
constexpr int64_t levelsPerRescaling = 2;

template <typename Real, int64_t S> class Simple {
public:
  Simple(const Job &job, int64_t block) : job(job), block(block), L(job.depth()) {
    up.resize(L + 1);
    down.resize(L + 1);
    for (int64_t l = 1; l <= L; ++l)
      for (int64_t rank = 0; rank < 2; ++rank) {
        up[l][rank] = {job.kernel(l, rank), true};
        down[l][rank] = {job.kernel(l, rank), false};
      }
    bool wantsDown = job.query == "denoise" || job.query == "marginals";
    h.resize(L + 1);
    for (int64_t l = 0; l <= L; ++l)
      h[l].resize(rows(l) * S);
    q.resize(L + 1);
    d.resize(wantsDown ? L + 1 : 0);
    for (int64_t l = 1; l <= L; ++l)
      for (auto &side : q[l])
        side.resize(rows(l - 1) * S);
    for (int64_t l = 0; l < static_cast<int64_t>(d.size()); ++l)
      d[l].resize(rows(l) * S);
    others.resize(rows(L - 1) * S);
    largest.resize(job.leaves());
    logScale.resize(block);
    for (int64_t s = 0; s < S; ++s) {
      prior[s] = static_cast<Real>(job.prior.data<double>()[s]);
      value[s] = static_cast<Real>(job.leafValues.data<double>()[s]);
      slope[s] = value[s] / static_cast<Real>(job.sigma * job.sigma);
      offset[s] = -value[s] * slope[s] / 2;
    }
    answer = makeAnswer();
  }

  void run() {
    for (int64_t first = 0; first < job.batch(); first += block)
      runBlock(first, std::min(block, job.batch() - first));
  }

  runtime::Array answer;

private:
  /// Rows of a whole block on level l.
  int64_t rows(int64_t l) const { return block << l; }

  runtime::Array makeAnswer() const {
    using runtime::ElementType;
    ElementType real = runtime::elementTypeOf<Real>();
    if (job.query == "loglik")
      return {ElementType::F64, {job.batch()}};
    if (job.query == "classify")
      return {real, {job.batch(), S}};
    if (job.query == "denoise")
      return {real, {job.batch(), job.leaves()}};
    return {real, {job.batch(), job.leaves(), S}};
  }

  void runBlock(int64_t first, int64_t count) {
    std::fill_n(logScale.begin(), count, 0);
    if (job.evidence == "soft") // copied, which the memory system likes better than what a product reads
      std::copy_n(job.input.data<Real>() + first * job.leaves() * S, count * job.leaves() * S, h[L].data());
    else if (job.evidence == "gaussian")
      gaussianLeaves(job.input.data<Real>() + first * job.leaves(), count);
    int64_t above = L;
    if (job.evidence == "symbol" && d.empty()) {
      lookUpLeaves(job.input.data<int32_t>() + first * job.leaves(), count);
      --above;
    } else if (job.evidence == "symbol") {
      oneHotLeaves(job.input.data<int32_t>() + first * job.leaves(), count);
    }
    for (int64_t l = above; l >= 1; --l)
      upward(l, count);
    if (d.empty())
      rootAnswer(first, count);
    else {
      for (int64_t l = 1; l <= L; ++l)
        downward(l, count);
      leafAnswer(first, count);
    }
  }

  /// exp(-(z - e)^2 / 2 sigma^2) without the part that all states share, which goes to the scale.
  void gaussianLeaves(const Real *z, int64_t count) {
    for (int64_t i = 0; i < count * job.leaves(); ++i)
      for (int64_t s = 0; s < S; ++s)
        h[L][i * S + s] = std::exp(offset[s] + slope[s] * z[i]);
    double constant = 0.5 * std::log(2 * M_PI * job.sigma * job.sigma);
    for (int64_t i = 0; i < count; ++i) {
      double squares = 0;
      for (int64_t leaf = 0; leaf < job.leaves(); ++leaf)
        squares += static_cast<double>(z[i * job.leaves() + leaf]) * z[i * job.leaves() + leaf];
      logScale[i] = -squares / (2 * job.sigma * job.sigma) - constant * static_cast<double>(job.leaves());
    }
  }

  void oneHotLeaves(const int32_t *x, int64_t count) {
    for (int64_t i = 0; i < count * job.leaves(); ++i)
      for (int64_t s = 0; s < S; ++s)
        h[L][i * S + s] = s == x[i];
  }

  /// The message of a symbol is a column of the kernel: a row of its transpose.
  void lookUpLeaves(const int32_t *x, int64_t count) {
    const Real *left = up[L][0].matrix(), *right = up[L][1].matrix();
    Real *out = h[L - 1].data();
    for (int64_t i = 0; i < count << (L - 1); ++i) {
      const Real *a = left + x[2 * i] * S, *b = right + x[2 * i + 1] * S;
      for (int64_t s = 0; s < S; ++s)
        out[i * S + s] = a[s] * b[s];
    }
    rescaleUp(L - 1, count);
  }

  void upward(int64_t l, int64_t count) {
    int64_t parents = count << (l - 1);
    for (int64_t rank = 0; rank < 2; ++rank)
      up[l][rank].multiply(h[l].data() + rank * S, 2 * S, q[l][rank].data(), S, parents);
    const Real *left = q[l][0].data(), *right = q[l][1].data();
    Real *out = h[l - 1].data();
    for (int64_t i = 0; i < parents * S; ++i)
      out[i] = left[i] * right[i];
    rescaleUp(l - 1, count);
  }

  void rescaleUp(int64_t l, int64_t count) {
    if ((L - l) % levelsPerRescaling != 0)
      return;
    int64_t nodes = int64_t{1} << l;
    Real *message = h[l].data();
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t node = 0; node < nodes; ++node)
        largest[node] = scaleRow(message + (i * nodes + node) * S);
      Real sum = 0;
      for (int64_t node = 0; node < nodes; ++node)
        sum += std::log(largest[node]);
      logScale[i] += sum;
    }
  }

  static Real scaleRow(Real *row) {
    Real largest = row[0];
    for (int64_t s = 1; s < S; ++s)
      largest = std::max(largest, row[s]);
    Real factor = 1 / largest;
    for (int64_t s = 0; s < S; ++s)
      row[s] *= factor;
    return largest;
  }

  /// From d[l - 1] to d[l]: each child gets its parent's message times what its sibling sent up.
  void downward(int64_t l, int64_t count) {
    int64_t parents = count << (l - 1);
    if (l == 1)
      for (int64_t i = 0; i < count; ++i)
        std::copy_n(prior, S, d[0].data() + i * S);
    const Real *above = d[l - 1].data();
    for (int64_t rank = 0; rank < 2; ++rank) {
      const Real *sibling = q[l][1 - rank].data();
      Real *product = others.data();
      for (int64_t i = 0; i < parents * S; ++i)
        product[i] = above[i] * sibling[i];
      down[l][rank].multiply(product, S, d[l].data() + rank * S, 2 * S, parents);
    }
    if (l % levelsPerRescaling == 0 && l < L)
      for (int64_t i = 0; i < 2 * parents; ++i)
        scaleRow(d[l].data() + i * S);
  }

  void rootAnswer(int64_t first, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      Real belief[S], sum = 0;
      for (int64_t s = 0; s < S; ++s)
        sum += belief[s] = prior[s] * h[0][i * S + s];
      if (job.query == "loglik")
        answer.data<double>()[first + i] = std::log(static_cast<double>(sum)) + logScale[i];
      else
        for (int64_t s = 0; s < S; ++s)
          answer.data<Real>()[(first + i) * S + s] = belief[s] / sum;
    }
  }

  void leafAnswer(int64_t first, int64_t count) {
    const Real *leaves = h[L].data(), *from = d[L].data();
    bool means = job.query == "denoise";
    Real *out = answer.data<Real>() + first * job.leaves() * (means ? 1 : S);
    for (int64_t i = 0; i < count * job.leaves(); ++i) {
      Real belief[S], sum = 0, mean = 0;
      for (int64_t s = 0; s < S; ++s) {
        belief[s] = from[i * S + s] * leaves[i * S + s];
        sum += belief[s];
        mean += belief[s] * value[s];
      }
      if (means)
        out[i] = mean / sum;
      else
        for (int64_t s = 0; s < S; ++s)
          out[i * S + s] = belief[s] / sum;
    }
  }

  using Values = std::vector<Real, runtime::AlignedAllocator<Real>>;

  const Job &job;
  int64_t block;
  int64_t L;
  std::vector<std::array<Product<Real, S>, 2>> up, down;
  std::vector<Values> h;                ///< [l]: the message of a node, from all below it
  std::vector<std::array<Values, 2>> q; ///< [l][rank]: what the children of that rank send up
  std::vector<Values> d;                ///< [l]: what a node's parent sends down
  Values others;
  Values largest; ///< entries of one sample's messages, by node
  std::vector<double> logScale;
  Real prior[S], value[S], slope[S], offset[S];
};

template <typename Real, int64_t S> Work fastest(const Job &job) {
  std::shared_ptr<Simple<Real, S>> best;
  double bestSeconds = std::numeric_limits<double>::infinity();
  int64_t bestBlock = 0;
  for (int64_t block = 1; block <= std::min<int64_t>(job.batch(), 64); block *= 2) {
    auto simple = std::make_shared<Simple<Real, S>>(job, block);
    double seconds = leastSeconds([&] { simple->run(); }, 2);
    if (seconds >= bestSeconds)
      continue;
    bestSeconds = seconds;
    bestBlock = block;
    best = simple;
  }
  return {[best] { best->run(); }, [best] { return best->answer; },
          Product<Real, S>::how() + ", blocks of " + std::to_string(bestBlock) + " samples"};
}

template <typename Real> Work byStates(const Job &job) {
  switch (job.states()) {
  case 4:
    return fastest<Real, 4>(job);
  case 8:
    return fastest<Real, 8>(job);
  case 16:
    return fastest<Real, 16>(job);
  case 20:
    return fastest<Real, 20>(job);
  case 32:
    return fastest<Real, 32>(job);
  }
  throw std::runtime_error("the simple version is built for 4, 8, 16, 20 and 32 states");
}

} // namespace

Work bench::prepare(const Job &job) { return job.f64 ? byStates<double>(job) : byStates<float>(job); }
