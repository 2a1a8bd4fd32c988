//===- CertificateTest.cpp - No error exceeds its certificate -------------===//
//
// Networks chosen for random models are run in float and double, both ways to sum, on random evidence and on evidence
// that a climb made as bad as it could, and compared with belief propagation in long double: answer by answer, and
// block by block.
//
//===----------------------------------------------------------------------===//

#include "tests/unit/relu/RunNetwork.h"
#include "tests/unit/relu/Search.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::test;

namespace {

ReluOptions optionsFor(ReluLeaves leaves, double tolerance, Precision precision, bool downward) {
  ReluOptions options;
  options.leaves = leaves;
  options.tolerance = tolerance;
  options.precision = precision;
  options.denoise = options.marginals = downward;
  options.box = {-2, 2, 0.1, 3, 0.2, 1};
  return options;
}

NumberType typeOf(Precision precision) { return precision == Precision::F32 ? NumberType::Float : NumberType::Double; }

ReluNetwork chosen(const Model &model, const ReluOptions &options) {
  const ReluResult result = chooseReluNetwork(model, options);
  INFO(result.error);
  REQUIRE(result.network);
  return *result.network;
}

void checkAnswers(const ReluCertificate &certificate, const MeasuredErrors &found, const ReluOptions &options) {
  CHECK(certificate.total <= options.tolerance);
  CHECK(found.classify <= certificate.classify);
  if (!options.downward())
    return;
  CHECK(found.denoise <= certificate.denoise);
  CHECK(found.marginals <= certificate.marginals);
}

/// max - min over states of the network's log message less the truth's; states that cannot be do not count.
template <typename Real> double oscillation(const std::vector<Real> &message, const std::vector<long double> &truth) {
  long double low = std::numeric_limits<long double>::infinity(), high = -low;
  for (size_t s = 0; s < truth.size(); ++s)
    if (truth[s] > 0) {
      long double error = message[s] - std::log(truth[s]);
      low = std::min(low, error);
      high = std::max(high, error);
    }
  return static_cast<double>(high - low);
}

template <typename Real> double worstOf(const Messages<Real> &messages, const Messages<long double> &truths) {
  double worst = 0;
  for (size_t v = 0; v < messages.size(); ++v)
    worst = std::max(worst, oscillation(messages[v], truths[v]));
  return worst;
}

/// Holds every level's accumulated error against its bound.
template <typename Real>
void checkBlocks(const Model &model, const ReluNetwork &network, const Messages<double> &leaves) {
  const NetworkRun<Real> run = runNetwork<Real>(network, leaves, false);
  const Beliefs<long double> exact = exactBeliefs(model, leaves);
  for (int64_t l = 1; l <= model.depth(); ++l)
    REQUIRE(worstOf(run.below[l - 1], exact.below[l - 1]) <= network.certificate.up[l - 1].accumulated);
  // What leaves send is exact here, and their beliefs are those of messages that the bound is about.
  for (int64_t l = 1; l <= model.depth() && !network.down.empty(); ++l)
    REQUIRE(worstOf(run.beliefs[l], exact.posteriors[l]) <= network.certificate.down[l - 1].accumulated);
}

} // namespace

TEST_CASE("no answer on any evidence is farther from the truth than its certificate says") {
  const uint64_t seed = GENERATE(range(1, 6));
  const ReluLeaves leaves = GENERATE(ReluLeaves::Symbol, ReluLeaves::Gaussian, ReluLeaves::Any);
  const Precision precision = GENERATE(Precision::F32, Precision::F64);
  const bool downward = GENERATE(false, true);
  const double tolerance = GENERATE(0.2, 2e-3);
  std::mt19937_64 random(seed);
  TreeOptions tree;
  const int64_t depth = 1 + static_cast<int64_t>(seed % 4);
  constexpr int64_t kStates[] = {1, 2, 3, 5}, kRanks[] = {1, 2, 3};
  tree.states.push_back(kStates[random() % 4]);
  for (int64_t l = 1; l <= depth; ++l) {
    tree.branching.push_back(kRanks[random() % 3]);
    tree.states.push_back(kStates[random() % 4]);
  }
  const Model model = randomTree(seed, tree);
  const ReluOptions options = optionsFor(leaves, tolerance, precision, downward);
  const ReluNetwork network = chosen(model, options);
  checkAnswers(network.certificate, climb(model, network, options, typeOf(precision), 200, seed), options);
}

TEST_CASE("odd sizes are within their certificates") {
  const TreeOptions tree =
      GENERATE(TreeOptions{{2}, {17, 5}}, TreeOptions{{5}, {1, 3}}, TreeOptions{{3, 2}, {2, 17, 3}},
               TreeOptions{{1, 1, 1, 1, 1, 1}, {3, 3, 3, 3, 3, 3, 3}}, TreeOptions{{2, 2, 2, 2, 2}, {2, 5, 2, 5, 2, 5}},
               TreeOptions{{2, 3}, {2, 1, 2}});
  const ReluLeaves leaves = GENERATE(ReluLeaves::Symbol, ReluLeaves::Any);
  const Model model = randomTree(3, tree);
  const ReluOptions options = optionsFor(leaves, 0.01, Precision::F32, true);
  const ReluNetwork network = chosen(model, options);
  checkAnswers(network.certificate, climb(model, network, options, NumberType::Float, 60, 1), options);
}

TEST_CASE("no block is farther from the truth than its certificate says") {
  const uint64_t seed = GENERATE(1, 2, 3);
  const ReluLeaves leaves = GENERATE(ReluLeaves::Symbol, ReluLeaves::Gaussian, ReluLeaves::Any);
  const double tolerance = GENERATE(0.3, 1e-2, 1e-3);
  const Model model = randomTree(seed, regularTree(2 + static_cast<int64_t>(seed), 3, 2));
  const ReluNetwork network = chosen(model, optionsFor(leaves, tolerance, Precision::F32, true));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 40; ++i) {
    const Messages<double> evidence = randomLeaves(model, optionsFor(leaves, 1, Precision::F32, true), random);
    checkBlocks<float>(model, network, evidence);
    checkBlocks<double>(model, network, evidence);
  }
}

TEST_CASE("zeros of kernels and priors are within the certificate where sums stay positive") {
  const uint64_t seed = GENERATE(range(1, 9));
  TreeOptions tree = regularTree(3, 3, 2);
  tree.zeros = 0.3;
  Model model = randomTree(seed, tree);
  model.prior = {1, 0, 2};
  for (Level &level : model.levels)
    for (int64_t a = 0; a < level.states; ++a)
      level.kernel[a] = std::max(level.kernel[a], 0.1); // some parent allows every state
  const ReluOptions options = optionsFor(ReluLeaves::Symbol, 0.05, Precision::F64, seed % 2 == 0);
  const ReluResult result = chooseReluNetwork(model, options);
  if (!result.network) {
    CHECK(result.error.find("its kernel has zeros") != std::string::npos);
    return;
  }
  checkAnswers(result.network->certificate, climb(model, *result.network, options, NumberType::Double, 200, seed),
               options);
}

TEST_CASE("kernels of their own on every edge are within the certificate") {
  const ReluLeaves leaves = GENERATE(ReluLeaves::Symbol, ReluLeaves::Any);
  const Model model = randomModel(4, {.spread = 1.5, .zeros = 0, .most = 4, .perEdge = true});
  const ReluOptions options = optionsFor(leaves, 0.02, Precision::F32, true);
  const ReluNetwork network = chosen(model, options);
  checkAnswers(network.certificate, climb(model, network, options, NumberType::Float, 150, 1), options);
}

TEST_CASE("rounding is part of the certificate: in float it is what is left of the error") {
  const Model model = randomTree(2, regularTree(3, 3, 2));
  ReluOptions options = optionsFor(ReluLeaves::Symbol, 2e-4, Precision::F32, false);
  const ReluNetwork network = chosen(model, options);
  for (const ReluBlockCertificate &level : network.certificate.up) {
    CHECK(level.rounding > 1e-7);
    CHECK(level.rounding < 1e-4);
  }
  checkAnswers(network.certificate, climb(model, network, options, NumberType::Float, 300, 1), options);
}
