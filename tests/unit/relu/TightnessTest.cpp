//===- TightnessTest.cpp - How much is lost to proof ----------------------===//
//
// The certificate is held against the closed formula, and against the worst evidence that a climb finds: binary trees,
// kernels 0.8 Dirichlet(3) + 0.2 / S, chords within 1e-2 and 1e-3.
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

/// The certificate's error of the root's belief.
double rootError(const ReluNetwork &network) { return network.certificate.up.front().accumulated; }

ReluOptions anyLeaves() {
  ReluOptions options;
  options.leaves = ReluLeaves::Any;
  options.precision = Precision::F64;
  return options;
}

int64_t unitsOf(const std::vector<ReluBlock> &blocks, int64_t states) {
  int64_t units = 0;
  for (const ReluBlock &block : blocks)
    units += states * (block.exp.pieces() + block.log.pieces());
  return units;
}

struct Setting {
  int64_t states, depth;
  double tighter; ///< at least, than the closed formula with the same knots
};

} // namespace

// Three states and three levels leave little to gain: the formula is there within 30 of what a climb finds, and most of
// both is the error of the logs themselves.
TEST_CASE("on the same chords the certificate is several times tighter than the closed formula, and holds") {
  const Setting setting = GENERATE(Setting{3, 3, 5}, Setting{4, 4, 10}, Setting{8, 4, 10}, Setting{4, 6, 10});
  const double d = GENERATE(1e-2, 1e-3);
  const uint64_t seed = GENERATE(11, 12, 13);
  Model model = randomTree(seed, regularTree(setting.states, setting.depth, 2));
  model.prior.assign(setting.states, 1);
  const ReluResult result = certifyReluNetwork(model, anyLeaves(), plainBlocks(model, d), {});
  REQUIRE(result.error == "");
  const double certified = rootError(*result.network), plain = plainErrors(result.network->prepared.model, d).root;
  const int steps = setting.depth > 4 ? 100 : 200;
  const MeasuredErrors found = climb(model, *result.network, anyLeaves(), NumberType::Double, steps, 3);
  CHECK(certified * setting.tighter <= plain);
  CHECK(found.rootOscillation <= certified);
}

TEST_CASE("with as many hidden units, put where they count, it is twenty times tighter") {
  const Setting setting = GENERATE(Setting{3, 3, 20}, Setting{4, 4, 20}, Setting{8, 4, 20}, Setting{4, 6, 20});
  const double d = GENERATE(1e-2, 1e-3);
  Model model = randomTree(11, regularTree(setting.states, setting.depth, 2));
  model.prior.assign(setting.states, 1);
  const double plain = plainErrors(prepareModel(model, Precision::F64).model, d).root;
  ReluOptions options = anyLeaves();
  options.tolerance = std::tanh(plain / setting.tighter / 4);
  const ReluResult result = chooseReluNetwork(model, options);
  REQUIRE(result.error == "");
  CHECK(result.network->certificate.units <= unitsOf(plainBlocks(model, d), setting.states));
}
