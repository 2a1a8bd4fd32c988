//===- EvidenceTest.cpp - Checks of what a user observed ------------*- C++ -*-===//
//
// The wording of these messages is part of the published interface.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"

#include "runtime/Error.h"
#include "runtime/Evidence.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace espalier;
using namespace espalier::runtime;
using namespace espalier::runtime::tests;

namespace {

template <typename T> Array filled(std::vector<int64_t> shape, T value) {
  Array array(elementTypeOf<T>(), std::move(shape));
  std::fill_n(array.data<T>(), array.size(), value);
  return array;
}

template <typename T> Array with(std::vector<int64_t> shape, int64_t at, T odd, T value = T(1)) {
  Array array = filled(std::move(shape), value);
  array.data<T>()[at] = odd;
  return array;
}

std::string errorOf(const Model &model, EvidenceKind kind, Array input) {
  try {
    checkEvidence(model, kind, std::move(input), "x.npy");
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

} // namespace

TEST_CASE("evidence: symbols", "[evidence]") {
  const Model &model = sequenceModel().model;
  auto error = [&](Array input) { return errorOf(model, EvidenceKind::Symbol, std::move(input)); };
  CHECK(error(filled<int32_t>({4, 6}, -1)) == "no error");
  CHECK(error(filled<int32_t>({0, 6}, 0)) == "no error");
  CHECK(error(with<int32_t>({4, 6}, 3 * 6 + 5, 3)) ==
        "x.npy: error: expected 4x6 integers in [-1, 2], got value 3 at [3, 5]");
  CHECK(error(with<int64_t>({4, 6}, 1, -5000000000)) ==
        "x.npy: error: expected 4x6 integers in [-1, 2], got value -5000000000 at [0, 1]");
  CHECK(error(filled<int32_t>({4, 7}, 0)) == "x.npy: error: expected 4x6 integers in [-1, 2], got shape 4x7");
  CHECK(error(filled<int32_t>({6}, 0)) == "x.npy: error: expected 6x6 integers in [-1, 2], got shape 6");
  CHECK(error(filled<int32_t>({}, 0)) == "x.npy: error: expected Bx6 integers in [-1, 2], got a single value");
  CHECK(error(filled<float>({4, 6}, 0)) ==
        "x.npy: error: expected 4x6 integers in [-1, 2], got elements of type float32");
}

TEST_CASE("evidence: gaussian observations", "[evidence]") {
  auto error = [&](Array input) { return errorOf(imageModel().model, EvidenceKind::Gaussian, std::move(input)); };
  CHECK(error(filled<float>({2, 2, 4}, NAN)) == "no error");
  CHECK(error(filled<double>({2, 2, 4}, -1e30)) == "no error");
  CHECK(error(with<double>({2, 2, 4}, 15, infinity)) ==
        "x.npy: error: expected 2x2x4 floats (NaN where missing), got value inf at [1, 1, 3]");
  CHECK(error(with<double>({2, 2, 4}, 0, -1e300)) ==
        "x.npy: error: expected 2x2x4 floats (NaN where missing), got value -1e+300 at [0, 0, 0], which is beyond "
        "float32; --dtype=f64 takes it");
  CHECK(error(filled<int32_t>({2, 2, 4}, 0)) ==
        "x.npy: error: expected 2x2x4 floats (NaN where missing), got elements of type int32");
  CHECK(error(filled<float>({2, 8}, 0)) == "x.npy: error: expected 2x2x4 floats (NaN where missing), got shape 2x8");
  CHECK(errorOf(vectorModel().model, EvidenceKind::Gaussian, filled<double>({5, 3}, 0)) ==
        "x.npy: error: expected 5x3x3 floats (NaN where missing), got shape 5x3");
  CHECK(errorOf(vectorModel().model, EvidenceKind::Gaussian, filled<double>({5, 3, 3}, 1e300)) == "no error");
}

TEST_CASE("evidence: likelihoods", "[evidence]") {
  auto error = [&](Array input) { return errorOf(sequenceModel().model, EvidenceKind::Soft, std::move(input)); };
  CHECK(error(filled<float>({1, 6, 3}, 0)) == "no error");
  for (auto [value, text] : {std::pair(-0.5, "-0.5"), {infinity, "inf"}, {double(NAN), "nan"}})
    CHECK(error(with<double>({1, 6, 3}, 4, value)) ==
          "x.npy: error: expected 1x6x3 finite floats >= 0, got value " + std::string(text) + " at [0, 1, 1]");
  CHECK(error(filled<float>({1, 6}, 0)) == "x.npy: error: expected 1x6x3 finite floats >= 0, got shape 1x6");
}

TEST_CASE("evidence: narrowed likelihoods keep their ratios and their size", "[evidence]") {
  Array input = filled<double>({2, 2, 4, 4}, 3e-200);
  input.data<double>()[0] = 6e-200;
  input.data<double>()[7 * 4] = 0;
  input.data<double>()[6 * 4] = 3e-270;
  input.data<double>()[5 * 4] = 5e-324;
  Evidence evidence = checkEvidence(imageModel().model, EvidenceKind::Soft, input, "x.npy");
  REQUIRE(evidence.values.type() == ElementType::F32);
  const float *values = evidence.values.data<float>();
  CHECK(values[0] == 2 * values[1]);
  CHECK(values[7 * 4] == 0);
  CHECK(values[7 * 4 + 1] >= 0.5f);
  CHECK(std::log(values[6 * 4]) - std::log(values[6 * 4 + 1]) == Approx(std::log(1e-70)));
  CHECK(values[5 * 4] > 0);
  // The second sample: eight leaves, all likelihoods 3e-200.
  CHECK(evidence.logScale[1] + 8 * std::log(values[8 * 4]) == Approx(8 * std::log(3e-200)));
  CHECK(checkEvidence(imageModel().model, EvidenceKind::Soft, filled<float>({1, 2, 4, 4}, 1), "").logScale.empty());
}

TEST_CASE("evidence: noise levels", "[evidence]") {
  CHECK_NOTHROW(checkNoise(-0.5, 1e-6));
  for (double sigma : {0.0, -1.0, infinity, double(NAN)})
    CHECK_THROWS_WITH(checkNoise(1, sigma), Catch::StartsWith("error: expects a finite --sigma > 0, got "));
  CHECK_THROWS_WITH(checkNoise(infinity, 1), "error: expects a finite --lambda, got inf");
}
