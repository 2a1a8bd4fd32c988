//===- TilesTest.cpp - A batch through a kernel ---------------------*- C++ -*-===//
//
// Batches around the tile's size, one thread and many: every sample's answer must be the one that it gets alone.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"

#include "runtime/Cases.h"
#include "runtime/Error.h"
#include "runtime/Memory.h"
#include "runtime/Tiles.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>

using namespace espalier;
using namespace espalier::runtime;
using namespace espalier::runtime::tests;

namespace {

constexpr Query queries[] = {Query::Classify, Query::Denoise, Query::Marginals, Query::Loglik};

Array slice(const Array &array, int64_t first, int64_t count) {
  std::vector<int64_t> shape = array.shape();
  size_t sample = array.sizeInBytes() / static_cast<size_t>(shape[0]);
  shape[0] = count;
  Array result(array.type(), shape);
  if (count > 0)
    std::memcpy(result.raw(), array.raw() + static_cast<size_t>(first) * sample, result.sizeInBytes());
  return result;
}

void checkBatches(const Model &model, EvidenceKind kind, Query query, int64_t level) {
  Case drawn;
  for (int64_t index = 0; drawn.evidence.size() == 0 || drawn.kind != kind; ++index)
    drawn = drawCase(model, index, 3 * model.tile + 2, 5);
  Request request{Program::BP, query, kind, level, drawn.lambda, drawn.sigma, 1};
  Outcome whole = run(model, request, drawn.evidence);
  for (int64_t i = 0; i < drawn.evidence.shape()[0]; ++i) {
    Outcome alone = run(model, request, slice(drawn.evidence, i, 1));
    REQUIRE(same(alone.output, slice(whole.output, i, 1)));
    REQUIRE(alone.loglik[0] == whole.loglik[i]);
  }
  for (int64_t batch : {int64_t(0), int64_t(1), int64_t(7), model.tile - 1, model.tile, model.tile + 1})
    for (int threads : {0, 1, 2, 3, 8}) {
      request.threads = threads;
      Outcome outcome = run(model, request, slice(drawn.evidence, 0, batch));
      REQUIRE(same(outcome.output, slice(whole.output, 0, batch)));
      REQUIRE(outcome.loglik == std::vector<double>(whole.loglik.begin(), whole.loglik.begin() + batch));
    }
}

Array symbols(std::initializer_list<int32_t> values) {
  Array array(ElementType::I32, {static_cast<int64_t>(values.size()) / 6, 6});
  std::copy(values.begin(), values.end(), array.data<int32_t>());
  return array;
}

/// log p(evidence) of the sequence model by summing over everything that is not given.
double enumerate(const Model &model, const int32_t *given) {
  double total = 0;
  for (int64_t root = 0; root < 2; ++root) {
    double product = model.prior[root];
    for (int64_t node = 0; node < 3; ++node) {
      double sum = 0;
      for (int64_t state = 0; state < 3; ++state) {
        double term = model.conditional(1, node)[root * 3 + state];
        for (int64_t leaf = 2 * node; leaf < 2 * node + 2; ++leaf)
          term *= given[leaf] < 0 ? 1 : model.conditional(2, leaf)[state * 3 + given[leaf]];
        sum += term;
      }
      product *= sum;
    }
    total += product;
  }
  return std::log(total);
}

} // namespace

TEST_CASE("tiles: answers depend neither on the batch nor on the threads", "[tiles]") {
  for (const FakeModel *fake : {&imageModel(), &sequenceModel(), &vectorModel()})
    for (EvidenceKind kind : {fake->model.ownEvidence(), EvidenceKind::Soft})
      for (Query query : queries)
        for (int64_t level = 0; level <= (query == Query::Marginals ? fake->model.depth() : 0); ++level)
          checkBatches(fake->model, kind, query, level);
  REQUIRE(allAligned());
}

TEST_CASE("tiles: shapes and types of answers", "[tiles]") {
  const Model &image = imageModel().model;
  Array evidence = drawCase(image, 0, 3, 1).evidence;
  auto shapeOf = [&](Query query, int64_t level = -1) {
    return run(image, {Program::Net, query, EvidenceKind::Gaussian, level, 1, 0.5, 0}, evidence).output.shape();
  };
  REQUIRE(shapeOf(Query::Classify) == std::vector<int64_t>{3, 3});
  REQUIRE(shapeOf(Query::Denoise) == std::vector<int64_t>{3, 2, 4});
  REQUIRE(shapeOf(Query::Marginals) == std::vector<int64_t>{3, 2, 4, 4});
  REQUIRE(shapeOf(Query::Marginals, 1) == std::vector<int64_t>{3, 2, 2, 2});
  REQUIRE(shapeOf(Query::Marginals, 0) == std::vector<int64_t>{3, 1, 1, 3});
  REQUIRE(shapeOf(Query::Loglik) == std::vector<int64_t>{3});
  const Model &vectors = vectorModel().model;
  Outcome outcome =
      run(vectors, {Program::BP, Query::Denoise, EvidenceKind::Gaussian}, drawCase(vectors, 0, 2, 1).evidence);
  REQUIRE(outcome.output.shape() == std::vector<int64_t>{2, 3, 3});
  REQUIRE(outcome.output.type() == ElementType::F64);
}

TEST_CASE("tiles: log-likelihoods are those of enumeration", "[tiles]") {
  const Model &model = sequenceModel().model;
  Array evidence = symbols({0, 1, 2, -1, 1, 1, -1, -1, -1, -1, -1, -1, 2, 2, 2, 2, 2, 2});
  Outcome outcome = run(model, {Program::BP, Query::Loglik, EvidenceKind::Symbol}, evidence);
  for (int64_t i = 0; i < 3; ++i)
    REQUIRE(outcome.output.data<double>()[i] ==
            Approx(enumerate(model, evidence.data<int32_t>() + 6 * i)).margin(1e-14));
}

TEST_CASE("tiles: evidence and answers of images meet at the same pixel", "[tiles]") {
  // Every leaf is pinned by its likelihoods, so that the posterior mean must give the pinned e back.
  const Model &model = imageModel().model;
  Array evidence(ElementType::F32, {1, 2, 4, 4});
  std::fill_n(evidence.data<float>(), evidence.size(), 0.0f);
  for (int64_t leaf = 0; leaf < 8; ++leaf)
    evidence.data<float>()[leaf * 4 + leaf * leaf % 4] = 1;
  Outcome outcome = run(model, {Program::BP, Query::Denoise, EvidenceKind::Soft}, evidence);
  for (int64_t leaf = 0; leaf < 8; ++leaf)
    REQUIRE(outcome.output.data<float>()[leaf] == static_cast<float>(model.values[leaf * leaf % 4]));
}

TEST_CASE("tiles: impossible samples are counted and the first is named", "[tiles]") {
  const Model &model = sequenceModel().model;
  Array evidence(ElementType::F64, {13, 6, 3});
  std::fill_n(evidence.data<double>(), evidence.size(), 1.0);
  for (int64_t impossible : {4, 7, 12})
    std::fill_n(evidence.data<double>() + impossible * 18, 3, 0.0);
  Outcome outcome = run(model, {Program::BP, Query::Loglik, EvidenceKind::Soft}, evidence);
  REQUIRE(outcome.impossible == 3);
  REQUIRE(outcome.firstImpossible == 4);
  REQUIRE(outcome.output.data<double>()[12] == -std::numeric_limits<double>::infinity());
  REQUIRE(outcome.output.data<double>()[11] == Approx(0).margin(1e-14));
}

TEST_CASE("tiles: progress ends at the whole batch", "[tiles]") {
  const Model &model = imageModel().model;
  std::atomic<int64_t> largest = 0, calls = 0;
  run(model, {Program::BP, Query::Classify, EvidenceKind::Gaussian}, drawCase(model, 0, 30, 1).evidence,
      [&](int64_t done, int64_t total) {
        ++calls;
        for (int64_t known = largest; done > known && !largest.compare_exchange_weak(known, done);)
          continue;
        if (total != 30)
          largest = -1000;
      });
  REQUIRE(calls == 4);
  REQUIRE(largest == 30);
}

TEST_CASE("tiles: a runner's second batch does not see the first", "[tiles]") {
  const Model &model = imageModel().model;
  Request request{Program::BP, Query::Denoise, EvidenceKind::Gaussian, -1, 1, 0.5, 2};
  Runner runner(model, request);
  Outcome outcome;
  for (int64_t batch : {20, 3, 20, 0, 9}) {
    Array evidence = drawCase(model, 2, batch, static_cast<uint64_t>(batch)).evidence;
    runner.run(evidence, outcome);
    REQUIRE(same(outcome.output, run(model, request, evidence).output));
  }
}

TEST_CASE("tiles: requests that a model cannot answer", "[tiles]") {
  const Model &model = imageModel().model;
  REQUIRE_THROWS_WITH(Runner(model, {Program::BP, Query::Marginals, EvidenceKind::Soft, 3}),
                      "error: --level expects an integer in 0 .. 2, got 3");
  FakeModel bp = withoutNetwork();
  REQUIRE_THROWS_WITH(Runner(bp.model, {Program::Net, Query::Classify, EvidenceKind::Soft}),
                      "error: the model was compiled without the program 'net' for soft evidence");
}

TEST_CASE("a kernel that memory has no room for is refused with its sizes, once it is to run") {
  Model model = sequenceModel().model;
  for (Kernel &kernel : model.kernels)
    kernel.workspace = size_t{1} << 60;
  Request request{Program::BP, Query::Classify, EvidenceKind::Symbol};
  Runner runner(model, request);
  Outcome outcome;
  REQUIRE_THROWS_WITH(runner.run(symbols({0, 1, 2, 0, 1, 2}), outcome),
                      Catch::Matchers::StartsWith("the kernel for 5 samples at once (evidence 120 bytes, answers 80 "
                                                  "bytes, messages 1.0 EiB) takes 1.0 EiB, "));
}

TEST_CASE("an array that memory has no room for is refused with its shape and size") {
  REQUIRE_THROWS_WITH(Array(ElementType::F64, {int64_t{1} << 50, 3}),
                      Catch::Matchers::StartsWith("an array of shape 1125899906842624x3 takes 24.0 PiB, "));
  REQUIRE_THROWS_WITH(Array(ElementType::I32, {int64_t{1} << 62, 4}),
                      "an array of shape 4611686018427387904x4 takes more than a process can address");
  REQUIRE(bytesText(1023) == "1023 bytes");
  REQUIRE(bytesText(1536) == "1.5 KiB");
  REQUIRE(bytesText(uint64_t{3} << 30) == "3.0 GiB");
  REQUIRE(memoryAtHand() > 0);
}
