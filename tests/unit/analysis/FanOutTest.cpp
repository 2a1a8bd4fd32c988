//===- FanOutTest.cpp - Many children, and sums of their logarithms -------===//

#include "compiler/analysis/FanOut.h"
#include "compiler/analysis/CompensatedSum.h"

#include <catch2/catch.hpp>

#include <limits>

using namespace espalier;

namespace {

Model tree(std::vector<int64_t> ranks) {
  Model model;
  for (int64_t m : ranks)
    model.levels.push_back({{m}, 2, Sharing::Level, {}});
  return model;
}

} // namespace

TEST_CASE("single precision is for few children, or for many on one level of at most 64") {
  CHECK_FALSE(exceedsSinglePrecision(tree({64})));
  CHECK(exceedsSinglePrecision(tree({65})));
  CHECK(exceedsSinglePrecision(tree({10, 2, 10})));
  CHECK_FALSE(exceedsSinglePrecision(tree(std::vector<int64_t>(20, 8))));
  CHECK(exceedsSinglePrecision(tree({2147483647})));
  // The product of all levels would overflow.
  CHECK(exceedsSinglePrecision(tree(std::vector<int64_t>(64, 1 << 20))));
}

TEST_CASE("a compensated sum is right where a plain one loses its terms") {
  CompensatedSum<double> sum;
  double plain = 0;
  for (int i = 0; i < 100000; ++i) {
    sum.add(0.1);
    plain += 0.1;
  }
  CHECK(sum.value() == 10000);
  CHECK(plain != 10000);

  CompensatedSum<double> cancelling;
  for (double term : {1.0, 1e100, 1.0, -1e100})
    cancelling.add(term);
  CHECK(cancelling.value() == 2);
}

TEST_CASE("a compensated sum of log 0 is log 0") {
  CompensatedSum<double> sum;
  for (double term : {-1.0, -std::numeric_limits<double>::infinity(), -2.0})
    sum.add(term);
  CHECK(sum.value() == -std::numeric_limits<double>::infinity());
}
