//===- VerifyTest.cpp - The verifier passes truth and catches faults ------===//
//
// Compiled models whose kernels are made by hand: right, or wrong in one way each. The runtime's layouts and cases
// take part as they are.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Verify.h"
#include "compiler/driver/VerifyCompare.h"
#include "tests/unit/reference/HandMade.h"
#include "tests/unit/reference/RandomModel.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace espalier;
using namespace espalier::test;

namespace {

/// 2 x 4 pixels whose rank order is not row-major; enough zeros for arbitrary symbols to be impossible at times.
Model imageModel(Channel channel) {
  Model model = randomModel({{2, 3, 3}, {2, 4}, {Sharing::Rank, Sharing::None}, 0.5}, 6);
  model.levels[0].patch = {1, 2};
  model.levels[1].patch = {2, 2};
  model.channel = channel;
  return model;
}

Verification verifyByHand(const Model &model, bool isDouble, Fault fault) {
  const runtime::Model compiled = compileByHand(model, isDouble, fault);
  VerifyOptions options;
  options.samples = 12;
  options.seed = 1;
  return verifyCompiled(model, {&compiled}, options);
}

/// "net denoise" and the like, of all failing checks.
std::vector<std::string> failures(const Verification &verification) {
  std::vector<std::string> names;
  for (const Check &check : verification.checks)
    if (!check.pass())
      names.push_back(check.program + " " + check.query + (check.level < 0 ? "" : std::to_string(check.level)));
  return names;
}

using Names = std::vector<std::string>;
const Names everyNetCheck = {"net classify",   "net loglik",     "net denoise",
                             "net marginals0", "net marginals1", "net marginals2"};

} // namespace

TEST_CASE("right answers pass in every number type, channel and layout") {
  const bool isDouble = GENERATE(false, true);
  const Channel channel = GENERATE(Channel::Symbol, Channel::Gaussian);
  const bool isImage = GENERATE(false, true);
  Model model = imageModel(channel);
  if (!isImage) {
    model.levels[0].patch = {2};
    model.levels[1].patch = {4};
  }
  const Verification verification = verifyByHand(model, isDouble, Fault::None);
  REQUIRE(failures(verification).empty());
  REQUIRE(verification.pass());
  REQUIRE(verification.worst() == nullptr);
  REQUIRE(verification.checks.size() == 12);
  for (const Check &check : verification.checks) {
    REQUIRE(check.dtype == (isDouble ? "f64" : "f32"));
    REQUIRE(check.method == "enumeration");
    REQUIRE_FALSE(check.worstCase.empty());
  }
}

TEST_CASE("vector values are compared component by component") {
  Model model = imageModel(Channel::Gaussian);
  model.valueSize = 2;
  model.valuesAreVectors = true;
  model.values = {0, 1, -1, 0.5, 2, 0};
  REQUIRE(verifyByHand(model, false, Fault::None).pass());
  REQUIRE(failures(verifyByHand(model, false, Fault::Mean)) == Names{"net denoise"});
}

TEST_CASE("every fault is caught, and only where it is") {
  const bool isDouble = GENERATE(false, true);
  const Model model = imageModel(Channel::Symbol);
  auto caught = [&](Fault fault) { return failures(verifyByHand(model, isDouble, fault)); };
  REQUIRE(caught(Fault::Level1Posterior) == Names{"net marginals1"});
  REQUIRE(caught(Fault::Mean) == Names{"net denoise"});
  REQUIRE(caught(Fault::Loglik) == Names{"net loglik"});
  REQUIRE(caught(Fault::NaN) == Names{"net classify", "net marginals0"});
  REQUIRE(caught(Fault::NaNWhereImpossible) == Names{"net classify", "net marginals0"});
  REQUIRE(caught(Fault::MissedImpossible) == everyNetCheck);
  REQUIRE(caught(Fault::FalseImpossible) == everyNetCheck);
}

TEST_CASE("wrong flags are counted and name their case") {
  const Model model = imageModel(Channel::Symbol);
  const Verification verification = verifyByHand(model, false, Fault::MissedImpossible);
  const Check *worst = verification.worst();
  REQUIRE(worst != nullptr);
  REQUIRE(worst->wrongFlags > 0);
  REQUIRE(worst->worstCase == "arbitrary symbols");
  std::ostringstream table;
  printTable(table, verification);
  REQUIRE(table.str().find("wrongly reported as impossible or possible, in case arbitrary symbols") !=
          std::string::npos);
}

TEST_CASE("the JSON document has the keys of the contract") {
  const Model model = imageModel(Channel::Gaussian);
  const auto document = nlohmann::json::parse(jsonText(verifyByHand(model, false, Fault::NaN)));
  REQUIRE(document.at("model") == "random");
  REQUIRE(document.at("pass") == false);
  REQUIRE(document.at("checks").size() == 12);
  for (const auto &check : document.at("checks")) {
    REQUIRE(check.at("against") == "oracle");
    REQUIRE(check.at("method") == "enumeration");
    for (const char *key : {"query", "program", "dtype"})
      REQUIRE(check.at(key).is_string());
    for (const char *key : {"max_abs", "max_tv", "tolerance"})
      REQUIRE(check.at(key).is_number());
    REQUIRE(check.at("pass").is_boolean());
    REQUIRE(check.contains("level") == (check.at("query") == "marginals"));
  }
}

TEST_CASE("the failing check is named in words") {
  const Model model = imageModel(Channel::Symbol);
  std::ostringstream table;
  printTable(table, verifyByHand(model, true, Fault::Level1Posterior));
  REQUIRE(table.str().find("the worst failing check is net marginals level 1 in f64: differs by 1.0e-03, more than "
                           "1.0e-12, in case ") != std::string::npos);
}

TEST_CASE("a deep tree is checked at both ends and in the middle") {
  const Model model = pottsModel(2, 2, 10, 0.8);
  const runtime::Model compiled = compileByHand(model, false, Fault::None);
  VerifyOptions options;
  options.samples = 1;
  const Verification verification = verifyCompiled(model, {&compiled}, options);
  std::vector<int64_t> levels;
  for (const Check &check : verification.checks)
    if (check.query == "marginals" && check.program == "bp")
      levels.push_back(check.level);
  REQUIRE(levels == std::vector<int64_t>{0, 1, 2, 5, 9, 10});
  REQUIRE(verification.samplesPerCase == 1);
  REQUIRE(verification.checks.front().method == "reference");
  REQUIRE(verification.pass());
}

TEST_CASE("the number of samples falls with the size of the tree and never reaches zero") {
  REQUIRE(affordableSamples(pottsModel(2, 2, 2, 0.8), 10) == 64);
  const int64_t medium = affordableSamples(pottsModel(8, 2, 13, 0.8), 10);
  REQUIRE(medium > 1);
  REQUIRE(medium < 64);
  REQUIRE(affordableSamples(pottsModel(16, 2, 18, 0.8), 10) == 1);
}

TEST_CASE("the verifier's order of pixels is the nested patches'") {
  Model model = imageModel(Channel::Symbol);
  REQUIRE(userPlaces(model, 2) == std::vector<int64_t>{0, 1, 4, 5, 2, 3, 6, 7});
  REQUIRE(userPlaces(model, 1) == std::vector<int64_t>{0, 1});
  model.levels[0].patch = {2, 1};
  model.levels[1].patch = {1, 4};
  REQUIRE(userPlaces(model, 2) == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7});
  model.levels[1].patch = {2, 2};
  REQUIRE(userPlaces(model, 2) == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7});
}
