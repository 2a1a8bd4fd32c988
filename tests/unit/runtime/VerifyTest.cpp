//===- VerifyTest.cpp - Cases, comparison and counting --------------*- C++ -*-===//
//
// A check that cannot fail is a defect: wrong networks, lone impossibilities and NaN must be found.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"

#include "runtime/Bench.h"
#include "runtime/Cases.h"
#include "runtime/Error.h"
#include "runtime/Evidence.h"
#include "runtime/Peak.h"
#include "runtime/Tolerance.h"
#include "runtime/Verify.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <set>

using namespace espalier;
using namespace espalier::runtime;
using namespace espalier::runtime::tests;

namespace {

Outcome posterior(std::vector<double> values, std::vector<double> loglik) {
  Outcome outcome;
  int64_t batch = static_cast<int64_t>(loglik.size());
  outcome.output = Array(ElementType::F64, {batch, static_cast<int64_t>(values.size()) / batch});
  std::copy(values.begin(), values.end(), outcome.output.data<double>());
  outcome.loglik = std::move(loglik);
  return outcome;
}

} // namespace

TEST_CASE("cases: all of them are legal evidence, and reproducible", "[verify]") {
  for (const FakeModel *fake : {&imageModel(), &sequenceModel(), &vectorModel()}) {
    std::set<std::string> names;
    std::vector<Case> cases = drawCases(fake->model, 9, 2), again = drawCases(fake->model, 9, 2);
    for (size_t i = 0; i < cases.size(); ++i) {
      const Case &drawn = cases[i];
      INFO(drawn.name);
      CHECK(names.insert(drawn.name).second);
      CHECK_NOTHROW(checkEvidence(fake->model, drawn.kind, drawn.evidence, drawn.name));
      CHECK(std::equal(drawn.evidence.raw(), drawn.evidence.raw() + drawn.evidence.sizeInBytes(),
                       again[i].evidence.raw()));
    }
    CHECK(static_cast<int64_t>(names.size()) == caseCount(fake->model));
  }
}

TEST_CASE("cases: as many leaves are missing as the name says", "[verify]") {
  for (const Case &drawn : drawCases(imageModel().model, 500, 1)) {
    if (drawn.kind != EvidenceKind::Gaussian)
      continue;
    const float *values = drawn.evidence.data<float>();
    double missing = 0;
    for (int64_t i = 0; i < drawn.evidence.size(); ++i)
      missing += std::isnan(values[i]);
    double share = missing / static_cast<double>(drawn.evidence.size());
    INFO(drawn.name);
    if (drawn.name == "single leaf observed")
      CHECK(share == 7 / 8.0);
    else if (drawn.name == "nothing observed")
      CHECK(share == 1);
    else if (drawn.name == "50% missing")
      CHECK(std::fabs(share - 0.5) < 5 * 0.5 / std::sqrt(4000));
    else
      CHECK(share == 0);
  }
}

TEST_CASE("verify: a right network passes on every check", "[verify]") {
  for (const FakeModel *fake : {&imageModel(), &sequenceModel(), &vectorModel()}) {
    std::vector<Check> checks = verify(fake->model, 11, 1);
    REQUIRE(checks.size() == 8);
    for (const Check &check : checks)
      CHECK(check.pass);
  }
}

TEST_CASE("verify: a wrong network fails, in the query where it is wrong", "[verify]") {
  for (const Check &check : verify(brokenModel().model, 3, 1)) {
    CHECK(check.pass == (check.query != Query::Denoise));
    if (check.query == Query::Denoise)
      CHECK(check.difference.maxAbs == Approx(0.01).epsilon(1e-3));
  }
}

TEST_CASE("verify: comparison", "[verify]") {
  const Model &model = sequenceModel().model;
  Outcome left = posterior({0.5, 0.5, 0.25, 0.75}, {-1, -2});
  Difference none = compare(model, Query::Classify, left, left);
  CHECK((none.maxAbs == 0 && none.maxTv == 0 && none.disagreed == 0));
  Difference some = compare(model, Query::Classify, left, posterior({0.5, 0.5, 0.5, 0.5}, {-1, -2}));
  CHECK((some.maxAbs == 0.25 && some.maxTv == 0.25));
  CHECK(compare(model, Query::Classify, left, posterior({NAN, 0.5, 0.25, 0.75}, {-1, -2})).maxAbs == infinity);
  // Impossible in both: the rest does not count. In one: a disagreement.
  Outcome impossible = posterior({0.5, 0.5, 9, 9}, {-1, -infinity});
  CHECK(compare(model, Query::Classify, impossible, posterior({0.5, 0.5, 7, 7}, {-1, -infinity})).maxAbs == 0);
  CHECK(compare(model, Query::Classify, left, impossible).disagreed == 1);
  CHECK(compare(model, Query::Loglik, left, posterior({0, 0}, {-1, -2.5})).maxAbs == 0.2);
  CHECK(compare(model, Query::Loglik, left, posterior({0, 0}, {NAN, -2})).maxAbs == infinity);
}

TEST_CASE("verify: the tolerance of means follows the range of e and what the number type can tell apart", "[verify]") {
  const std::vector<double> wide = {-2, 3}, close = {1000, 1000.0001}, constant = {-5, -5}, zero = {0};
  CHECK(tolerance(ElementType::F32, Query::Denoise, wide) == Approx(5e-5).epsilon(1e-12));
  CHECK(tolerance(ElementType::F64, Query::Denoise, wide) == Approx(5e-12).epsilon(1e-12));
  CHECK(tolerance(ElementType::F32, Query::Denoise, close) == Approx(4 * 1000.0001 * 0x1p-23).epsilon(1e-12));
  CHECK(tolerance(ElementType::F64, Query::Denoise, close) == Approx(4 * 1000.0001 * 0x1p-52).epsilon(1e-12));
  CHECK(tolerance(ElementType::F32, Query::Denoise, constant) == Approx(20 * 0x1p-23).epsilon(1e-12));
  CHECK(tolerance(ElementType::F32, Query::Denoise, zero) == 0);
  for (Query query : {Query::Classify, Query::Marginals, Query::Loglik}) {
    CHECK(tolerance(ElementType::F32, query, close) == 1e-5);
    CHECK(tolerance(ElementType::F64, query, close) == 1e-12);
  }
}

TEST_CASE("verify: a model's own check of means knows what its number type can tell apart", "[verify]") {
  Model far = imageModel().model;
  std::vector<double> values = {1000, 1000, 1000.0001, 1000.0001};
  far.values = values.data();
  for (const Check &check : verify(far, 1, 1))
    CHECK(check.tolerance == tolerance(ElementType::F32, check.query, values));
}

TEST_CASE("verify: a model without a network is refused", "[verify]") {
  FakeModel bp = withoutNetwork();
  CHECK_THROWS_WITH(verify(bp.model, 1, 1), Catch::Contains("compiled without 'net'"));
}

TEST_CASE("bench: operations of kernel products, counted by hand", "[bench]") {
  const Model &image = imageModel().model; // 4 edges of 3 x 2 states, 8 edges of 2 x 4
  CHECK(productFlops(image, Query::Classify, EvidenceKind::Gaussian) == 2 * (4 * 6 + 8 * 8));
  CHECK(productFlops(image, Query::Denoise, EvidenceKind::Gaussian) == 4 * (4 * 6 + 8 * 8));
  const Model &sequence = sequenceModel().model; // 3 edges of 2 x 3 states, 6 edges of 3 x 3
  CHECK(productFlops(sequence, Query::Loglik, EvidenceKind::Symbol) == 2 * 3 * 6);
  CHECK(productFlops(sequence, Query::Marginals, EvidenceKind::Symbol) == 4 * 3 * 6 + 2 * 6 * 9);
}

TEST_CASE("bench: the peak is that of a machine, float64 half of float32", "[bench]") {
  double single = measurePeak(ElementType::F32), twice = measurePeak(ElementType::F64);
  CHECK(single > 1);
  CHECK(single < 2000);
  CHECK(single / twice > 1.2);
  CHECK(single / twice < 3.5);
}
