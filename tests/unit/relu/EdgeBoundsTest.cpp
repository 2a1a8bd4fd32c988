//===- EdgeBoundsTest.cpp - What one matrix does, against brute force -----===//
//
// No message of the set exceeds a bound, and for few states random search comes close to it.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/relu/EdgeBounds.h"
#include "tests/unit/analysis/RandomModel.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::relu;
using namespace espalier::test;

namespace {

Weights randomWeights(int64_t outputs, int64_t inputs, std::mt19937_64 &random) {
  Weights weights{outputs, inputs, {}};
  for (int64_t i = 0; i < outputs * inputs; ++i)
    weights.entries.push_back(0.05 + uniform(random));
  return weights;
}

/// h in [-low_a, 0] for every a gives h_a - h_b <= low_b; each message is drawn from inside, or from the corners.
struct MessageSet {
  std::vector<double> low;
  Pairs differences;
  MessageSet(int64_t states, double reach, std::mt19937_64 &random) : differences(states) {
    for (int64_t a = 0; a < states; ++a)
      low.push_back(reach * (0.2 + uniform(random)));
    for (int64_t a = 0; a < states; ++a)
      for (int64_t b = 0; b < states; ++b)
        differences(a, b) = a == b ? 0 : low[b];
  }
  std::vector<double> draw(std::mt19937_64 &random) const {
    std::vector<double> h;
    const bool corner = random() % 2;
    for (double reach : low)
      h.push_back(-reach * (corner ? static_cast<double>(random() % 2) : uniform(random)));
    const double most = *std::ranges::max_element(h);
    for (double &entry : h)
      entry -= most;
    return h;
  }
};

struct Sample {
  std::vector<double> sums, weights;
};

Sample send(const Weights &matrix, const std::vector<double> &h) {
  Sample sample;
  for (double entry : h)
    sample.weights.push_back(std::exp(entry));
  for (int64_t s = 0; s < matrix.outputs; ++s) {
    sample.sums.push_back(0);
    for (int64_t a = 0; a < matrix.inputs; ++a)
      sample.sums[s] += matrix.row(s)[a] * sample.weights[a];
  }
  return sample;
}

/// The three quantities of a pair for one message.
struct Quantities {
  double difference, variation, gain[kKappaCount];
};

Quantities quantitiesOf(const Weights &matrix, const Sample &sample, int64_t s, int64_t t) {
  Quantities q{std::log(sample.sums[s] / sample.sums[t]), 0, {}};
  for (int64_t a = 0; a < matrix.inputs; ++a) {
    const double advantage = matrix.row(s)[a] / sample.sums[s] - matrix.row(t)[a] / sample.sums[t];
    q.variation += std::max(0.0, advantage * sample.weights[a]);
    for (size_t i = 0; i < kKappaCount && sample.weights[a] < 1; ++i)
      q.gain[i] += std::max(0.0, advantage) * (kKappas[i] + sample.weights[a]);
  }
  return q;
}

} // namespace

TEST_CASE("no message exceeds the bounds of its set, and few states come close to them") {
  const int64_t outputs = GENERATE(2, 3, 5), inputs = GENERATE(1, 2, 3, 5, 17);
  const double reach = GENERATE(0.1, 1.0, 6.0, 60.0, 300.0);
  std::mt19937_64 random(static_cast<uint64_t>(outputs * 100 + inputs));
  const Weights matrix = randomWeights(outputs, inputs, random);
  const MessageSet set(inputs, reach, random);
  const EdgeBounds bounds = boundEdge(matrix, set.differences);
  Pairs difference(outputs, -kInfinity), variation(outputs, -kInfinity), absolute(outputs, -kInfinity);
  for (int i = 0; i < 4000; ++i) {
    const Sample sample = send(matrix, set.draw(random));
    for (int64_t s = 0; s < outputs; ++s) {
      REQUIRE(sample.sums[s] >= bounds.low);
      REQUIRE(sample.sums[s] <= bounds.high);
      for (int64_t t = 0; t < outputs; ++t) {
        if (s == t)
          continue;
        const Quantities q = quantitiesOf(matrix, sample, s, t);
        REQUIRE(q.difference <= bounds.differences(s, t));
        REQUIRE(q.variation <= bounds.contraction(s, t));
        for (size_t k = 0; k < kKappaCount; ++k)
          REQUIRE(q.gain[k] <= bounds.gains[k](s, t));
        REQUIRE(q.gain[kKappaCount - 1] / kKappas[kKappaCount - 1] <= 1.01 * bounds.sharpness(s, t));
        difference(s, t) = std::max(difference(s, t), q.difference);
        variation(s, t) = std::max(variation(s, t), q.variation);
        absolute(s, t) = std::max(absolute(s, t), q.gain[kKappaCount - 1]);
      }
    }
  }
  if (inputs > 3)
    return;
  for (int64_t s = 0; s < outputs; ++s)
    for (int64_t t = 0; t < outputs; ++t) {
      CHECK(difference(s, t) >= bounds.differences(s, t) - 0.05 * (1 + std::abs(bounds.differences(s, t))));
      CHECK(variation(s, t) >= (inputs == 2 ? 0.95 : 0.6) * bounds.contraction(s, t) - 1e-9);
      CHECK(absolute(s, t) >= 0.5 * bounds.gains[kKappaCount - 1](s, t) - 1e-9);
    }
}

TEST_CASE("two states with all messages: the contraction is Birkhoff's") {
  const Weights matrix{2, 2, {0.8, 0.2, 0.3, 0.7}};
  const EdgeBounds bounds = boundEdge(matrix, Pairs(2, kInfinity));
  const double diameter = std::log(0.8 * 0.7 / (0.2 * 0.3));
  CHECK(bounds.contraction(0, 1) == Approx(std::tanh(diameter / 4)));
  CHECK(bounds.differences(0, 1) == Approx(std::log(0.8 / 0.3)));
  CHECK(bounds.differences(1, 0) == Approx(std::log(0.7 / 0.2)));
  CHECK(bounds.low == Approx(0.2));
}

TEST_CASE("on a small set of messages errors contract more than on all") {
  const Weights matrix{2, 2, {0.9, 0.1, 0.1, 0.9}};
  Pairs small(2, 0.2);
  CHECK(boundEdge(matrix, small).contraction(0, 1) == Approx(0.8).epsilon(1e-9));
  Pairs far(2);
  far(0, 1) = 5;
  far(1, 0) = -4;
  CHECK(boundEdge(matrix, far).contraction(0, 1) < 0.3);
}

TEST_CASE("many states are bounded too, less tightly") {
  std::mt19937_64 random(5);
  const Weights matrix = randomWeights(60, 60, random);
  const MessageSet set(60, 1, random);
  const EdgeBounds bounds = boundEdge(matrix, set.differences);
  for (int i = 0; i < 50; ++i) {
    const Sample sample = send(matrix, set.draw(random));
    const int64_t s = static_cast<int64_t>(random() % 60), t = (s + 7) % 60;
    const Quantities q = quantitiesOf(matrix, sample, s, t);
    REQUIRE(q.difference <= bounds.differences(s, t));
    REQUIRE(q.variation <= bounds.contraction(s, t));
    for (size_t k = 0; k < kKappaCount; ++k)
      REQUIRE(q.gain[k] <= bounds.gains[k](s, t));
  }
}
