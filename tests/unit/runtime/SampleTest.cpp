//===- SampleTest.cpp - Drawing from a model ------------------------*- C++ -*-===//
//
// Frequencies against the tables and the exact marginals, and the channel against its definition. Bounds are five
// standard deviations of the estimate; seeds are fixed.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"

#include "runtime/Random.h"
#include "runtime/Sample.h"
#include "runtime/Tiles.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace espalier;
using namespace espalier::runtime;
using namespace espalier::runtime::tests;

namespace {

constexpr int64_t draws = 40000;

void checkShare(double hits, double probability) {
  double deviation = std::sqrt(probability * (1 - probability) / draws);
  CHECK(std::fabs(hits / draws - probability) <= 5 * deviation);
}

} // namespace

TEST_CASE("random: uniform and normal numbers have their moments, streams differ", "[sample]") {
  Random random(7, Random::Purpose::Sample, 0);
  double sum = 0, square = 0, fourth = 0, uniform = 0;
  for (int64_t i = 0; i < draws; ++i) {
    double value = random.normal();
    sum += value;
    square += value * value;
    fourth += std::pow(value, 4);
    uniform += random.uniform();
  }
  double unit = 5 / std::sqrt(draws);
  CHECK(std::fabs(sum / draws) < unit);
  CHECK(std::fabs(square / draws - 1) < unit * std::sqrt(2));
  CHECK(std::fabs(fourth / draws - 3) < unit * std::sqrt(96));
  CHECK(std::fabs(uniform / draws - 0.5) < unit * std::sqrt(1 / 12.0));
  CHECK(Random(7, Random::Purpose::Sample, 1).bits() != Random(7, Random::Purpose::Sample, 0).bits());
  CHECK(Random(7, Random::Purpose::Channel, 0).bits() != Random(7, Random::Purpose::Sample, 0).bits());
  CHECK(Random(8, Random::Purpose::Sample, 0).bits() != Random(7, Random::Purpose::Sample, 0).bits());
}

TEST_CASE("random: weights of zero are never chosen", "[sample]") {
  Random random(1, Random::Purpose::Cases, 0);
  const double weights[] = {0, 0.25, 0, 0.75, 0};
  int64_t counts[5] = {};
  for (int64_t i = 0; i < draws; ++i)
    ++counts[random.choose(weights, 5)];
  CHECK(counts[0] + counts[2] + counts[4] == 0);
  checkShare(static_cast<double>(counts[1]), 0.25);
  // A sum that rounding has left short of the total falls to the last possible entry.
  const double half[] = {0.5, 0};
  for (int64_t i = 0; i < 100; ++i)
    REQUIRE(random.choose(half, 2) == 0);
}

TEST_CASE("sample: frequencies are the model's marginals", "[sample]") {
  for (const FakeModel *fake : {&imageModel(), &sequenceModel()}) {
    const Model &model = fake->model;
    Samples samples = sample(model, draws, 3);
    std::vector<int64_t> shape = model.evidenceShape(EvidenceKind::Soft);
    shape.insert(shape.begin(), 1);
    Array nothing(model.dtype, shape);
    visitReal(model.dtype, [&](auto zero) { std::fill_n(nothing.data<decltype(zero)>(), nothing.size(), 1); });
    Array exact =
        convert(run(model, {Program::BP, Query::Marginals, EvidenceKind::Soft}, nothing).output, ElementType::F64);
    for (int64_t leaf = 0; leaf < model.leaves(); ++leaf)
      for (int64_t a = 0; a < model.leafStates(); ++a) {
        double hits = 0;
        for (int64_t i = 0; i < draws; ++i)
          hits += samples.symbols.data<int32_t>()[i * model.leaves() + leaf] == a;
        checkShare(hits, exact.data<double>()[leaf * model.leafStates() + a]);
      }
  }
}

TEST_CASE("sample: roots follow the prior and children their root", "[sample]") {
  const Model &model = sequenceModel().model;
  Samples samples = sample(model, draws, 4);
  const int32_t *roots = samples.roots.data<int32_t>(), *symbols = samples.symbols.data<int32_t>();
  double ones = 0, joint = 0;
  for (int64_t i = 0; i < draws; ++i) {
    ones += roots[i] == 1;
    joint += roots[i] == 1 && symbols[i * 6 + 5] == 2;
    // A root in state 0 puts every middle node into state 0, from which leaf state 2 is impossible.
    for (int64_t leaf = 0; leaf < 6 && roots[i] == 0; ++leaf)
      REQUIRE(symbols[i * 6 + leaf] != 2);
  }
  checkShare(ones, 0.6);
  double given = 0;
  for (int64_t middle = 0; middle < 3; ++middle)
    given += model.conditional(1, 2)[3 + middle] * model.conditional(2, 5)[middle * 3 + 2];
  checkShare(joint, 0.6 * given);
}

TEST_CASE("sample: neither threads nor the number of samples change a sample", "[sample]") {
  const Model &model = imageModel().model;
  Samples one = sample(model, 100, 9, 1), many = sample(model, 100, 9, 4), fewer = sample(model, 60, 9);
  REQUIRE(same(one.symbols, many.symbols));
  REQUIRE(same(one.roots, many.roots));
  REQUIRE(std::memcmp(one.symbols.raw(), fewer.symbols.raw(), fewer.symbols.sizeInBytes()) == 0);
  REQUIRE_FALSE(same(one.symbols, sample(model, 100, 10).symbols));
  REQUIRE(same(observe(model, one.symbols, 1, 0.5, 2, 1), observe(model, one.symbols, 1, 0.5, 2, 4)));
  REQUIRE(sample(model, 0, 1).symbols.shape() == std::vector<int64_t>{0, 2, 4});
}

TEST_CASE("observe: signal, noise and missing leaves", "[sample]") {
  const Model &model = imageModel().model;
  Array symbols = sample(model, draws / 8, 5).symbols;
  symbols.data<int32_t>()[3] = -1;
  Array clean = observe(model, symbols, -2, 0, 1), noisy = observe(model, symbols, -2, 0.7, 1);
  REQUIRE(clean.type() == ElementType::F32);
  double sum = 0, square = 0;
  for (int64_t i = 0; i < symbols.size(); ++i) {
    int32_t symbol = symbols.data<int32_t>()[i];
    REQUIRE(std::isnan(noisy.data<float>()[i]) == (symbol < 0));
    if (symbol < 0)
      continue;
    REQUIRE(clean.data<float>()[i] == static_cast<float>(-2 * model.values[symbol]));
    double noise = noisy.data<float>()[i] - clean.data<float>()[i];
    sum += noise;
    square += noise * noise;
  }
  CHECK(std::fabs(sum / draws) < 5 * 0.7 / std::sqrt(draws));
  CHECK(std::fabs(square / draws - 0.49) < 5 * 0.49 * std::sqrt(2.0 / draws));
}

TEST_CASE("observe: vectors get all components, symbols pass", "[sample]") {
  const Model &vectors = vectorModel().model;
  Array seen = observe(vectors, sample(vectors, 2, 1).symbols, 1, 0, 1);
  REQUIRE(seen.shape() == std::vector<int64_t>{2, 3, 3});
  REQUIRE(seen.data<double>()[0] + seen.data<double>()[2] == 1);
  const Model &sequence = sequenceModel().model;
  Array symbols = sample(sequence, 3, 1).symbols;
  REQUIRE(same(observe(sequence, symbols, 1, 0, 1), symbols));
}
