//===- TightnessTest.cpp - How much is lost to proof ----------------------===//
//
// At the same knots, the certificate is held against the closed formula and against the worst evidence that a climb
// finds: binary trees, kernels 0.8 Dirichlet(3) + 0.2 / S, chords within 1e-2 and 1e-3.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/relu/Chords.h"
#include "compiler/analysis/relu/PlainFormula.h"
#include "tests/unit/relu/Search.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::relu;
using namespace espalier::test;

namespace {

/// Chords whose absolute error is at most d: those that the closed formula is about.
ReluBlock plainBlock(double d, double low, double high) {
  constexpr double kAbsolute = 1e6; // an envelope of eps (kappa + e^u) is then as good as constant
  int64_t expPieces = 1, logPieces = 1;
  auto exp = [&] { return expChords(expPieces, kAbsolute, INFINITY, Precision::F64); };
  while (expError(exp(), kAbsolute, INFINITY) * kAbsolute > d)
    ++expPieces;
  auto log = [&] { return logChords(logPieces, low, high, Precision::F64); };
  while (logError(log(), low, high) > d)
    ++logPieces;
  return {exp(), log()};
}

std::vector<ReluBlock> plainBlocks(const Model &model, double d) {
  std::vector<ReluBlock> blocks;
  for (const Level &level : model.levels)
    blocks.push_back(plainBlock(d, 0.99 * *std::min_element(level.kernel.begin(), level.kernel.end()), 1.01));
  return blocks;
}

} // namespace

TEST_CASE("at equal knots the certificate is ten times tighter than the closed formula") {
  const auto [states, depth] = GENERATE(table<int64_t, int64_t>({{3, 3}, {4, 4}, {8, 4}, {4, 6}}));
  const double d = GENERATE(1e-2, 1e-3);
  Model model = randomTree(getenv("SEED") ? atoi(getenv("SEED")) : 11, regularTree(states, depth, 2));
  model.prior.assign(states, 1);
  ReluOptions options;
  options.leaves = ReluLeaves::Any;
  options.precision = Precision::F64;
  const ReluResult result = certifyReluNetwork(model, options, plainBlocks(model, d), {});
  REQUIRE(result.error == "");
  const double certified = result.network->certificate.up.front().accumulated;
  const double plain = plainErrors(result.network->prepared.model, d).root;
  const MeasuredErrors found = climb(model, *result.network, options, NumberType::Double, depth > 4 ? 200 : 400, 3);
  WARN(states << " states, " << depth << " levels, d = " << d << ": formula " << plain << ", certificate " << certified
              << ", worst found " << found.rootOscillation << ", ratios " << plain / certified << " "
              << certified / found.rootOscillation);
  CHECK(certified * 10 <= plain);
  CHECK(found.rootOscillation <= certified);
}
