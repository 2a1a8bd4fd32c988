//===- RandomKernelTest.cpp - The Dirichlet law ---------------------------===//
//
// Moments against their formulas within statistical error, extreme concentrations, and values pinned by another
// program.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/RandomKernel.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace espalier;

namespace {

/// Mean of `values` and the standard error of that mean.
struct Estimate {
  double mean, error;
};

Estimate estimate(const std::vector<double> &values) {
  auto n = static_cast<double>(values.size());
  double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double square = 0;
  for (double value : values)
    square += (value - mean) * (value - mean);
  return {mean, std::sqrt(square / n / n)};
}

} // namespace

TEST_CASE("moments of rows are those of the Dirichlet law") {
  // Entries x of a row of K entries with concentration a: E x = 1/K, Var x = (K - 1) / (K^2 (K a + 1)),
  // Cov(x, y) = -1 / (K^2 (K a + 1)). Five standard errors: one false alarm in 2 million checks.
  constexpr int64_t rows = 40000;
  for (int64_t size : {2, 3, 17})
    for (double a : {0.05, 0.5, 0.99, 1.0, 2.5, 40.0}) {
      INFO("size " << size << ", concentration " << a);
      std::vector<double> entries = randomRows(rows, size, a, 1234, 3);
      auto k = static_cast<double>(size);
      std::vector<double> first, square, product;
      for (int64_t row = 0; row < rows; ++row) {
        double x = entries[row * size], y = entries[row * size + size - 1];
        first.push_back(x);
        square.push_back((x - 1 / k) * (x - 1 / k));
        product.push_back((x - 1 / k) * (y - 1 / k));
      }
      double unit = 1 / (k * k * (k * a + 1));
      CHECK(std::abs(estimate(first).mean - 1 / k) < 5 * estimate(first).error);
      CHECK(std::abs(estimate(square).mean - (k - 1) * unit) < 5 * estimate(square).error);
      CHECK(std::abs(estimate(product).mean + unit) < 5 * estimate(product).error);
    }
}

TEST_CASE("with two states and concentration 1 the first entry is uniform") {
  constexpr int64_t rows = 20000;
  std::vector<double> entries = randomRows(rows, 2, 1, 5, 1), first;
  for (int64_t row = 0; row < rows; ++row)
    first.push_back(entries[2 * row]);
  std::sort(first.begin(), first.end());
  double distance = 0;
  for (int64_t i = 0; i < rows; ++i)
    distance = std::max(distance, std::abs(first[i] - (static_cast<double>(i) + 0.5) / rows));
  CHECK(distance < 2.5 / std::sqrt(static_cast<double>(rows))); // Kolmogorov-Smirnov: exceeded once in 130000
}

TEST_CASE("rows are finite, sum to 1 and have a large entry at any concentration") {
  for (double a : {5e-324, 1e-300, 1e-20, 1e-5, 0.1, 1.0, 1e3, 1e18, 1e300, 1.7e308})
    for (int64_t size : {1, 2, 5, 64}) {
      INFO("size " << size << ", concentration " << a);
      std::vector<double> entries = randomRows(200, size, a, 77, 1);
      for (int64_t row = 0; row < 200; ++row) {
        const double *begin = &entries[row * size], *end = begin + size;
        CHECK(std::accumulate(begin, end, 0.0) == Approx(1).epsilon(1e-13));
        CHECK(*std::min_element(begin, end) >= 0);
        CHECK(*std::max_element(begin, end) >= (1 - 1e-13) / static_cast<double>(size));
      }
    }
}

TEST_CASE("tiny concentrations put all weight on one state, each as often as the others") {
  constexpr int64_t rows = 3000, size = 3;
  std::vector<double> entries = randomRows(rows, size, 1e-290, 8, 2);
  std::vector<int64_t> counts(size, 0);
  for (int64_t i = 0; i < rows * size; ++i) {
    CHECK((entries[i] == 0 || entries[i] == 1));
    counts[i % size] += entries[i] == 1;
  }
  for (int64_t count : counts) // binomial(3000, 1/3): standard deviation 25.8
    CHECK(std::abs(static_cast<double>(count) - 1000) < 5 * 25.9);
}

TEST_CASE("the same seed and level give the same rows, others do not") {
  std::vector<double> rows = randomRows(4, 5, 0.5, 42, 2);
  CHECK(rows == randomRows(4, 5, 0.5, 42, 2));
  CHECK(rows != randomRows(4, 5, 0.5, 43, 2));
  CHECK(rows != randomRows(4, 5, 0.5, 42, 3));
  CHECK(rows != randomRows(4, 5, 0.5, 42 + (uint64_t(1) << 32), 2));
  std::vector<double> more = randomRows(9, 5, 0.5, 42, 2);
  CHECK(std::equal(rows.begin(), rows.end(), more.begin()));
}

TEST_CASE("rows are the ones that an independent program computes") {
  // tests/unit/frontend/pinned_rows.py prints these; libraries may differ in the last bits of log and exp.
  struct Pinned {
    double concentration;
    uint64_t seed;
    int64_t level;
    std::vector<double> rows;
  };
  const Pinned all[] = {{0.5,
                         7,
                         1,
                         {0.46042368572575415, 0.047411992871888804, 0.492164321402357, 0.010946672459444496,
                          0.3331667301509034, 0.655886597389652}},
                        {2.0,
                         7,
                         2,
                         {0.21464577547646335, 0.16127087197400763, 0.624083352549529, 0.24223296783244916,
                          0.19867768515125778, 0.5590893470162932}},
                        {1.0,
                         (uint64_t(1) << 40) + 3,
                         1,
                         {0.31692209741856214, 0.16691617181791696, 0.5161617307635209, 0.49050179280470213,
                          0.31230517767820726, 0.19719302951709064}}};
  for (const Pinned &pinned : all) {
    std::vector<double> rows = randomRows(2, 3, pinned.concentration, pinned.seed, pinned.level);
    for (size_t i = 0; i < rows.size(); ++i)
      CHECK(rows[i] == Approx(pinned.rows[i]).epsilon(1e-13));
  }
}
