//===- ModelTest.cpp - Descriptions and processors ------------------*- C++ -*-===//
//
// What a model says about itself, and descriptions that do not fit this runtime.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"

#include "runtime/Cpu.h"
#include "runtime/Error.h"

#include <catch2/catch.hpp>

using namespace espalier;
using namespace espalier::runtime;
using namespace espalier::runtime::tests;

namespace {

/// The error of loading the image model with `from` replaced by `to` in its description.
std::string errorAfter(const std::string &from, const std::string &to) {
  std::string description = imageModel().description;
  size_t at = description.find(from);
  REQUIRE(at != std::string::npos);
  description.replace(at, from.size(), to);
  EspalierModel compiled = imageModel().compiled;
  compiled.description = description.c_str();
  try {
    loadModel(compiled);
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

} // namespace

TEST_CASE("model: the tree of an image model", "[model]") {
  const Model &model = imageModel().model;
  REQUIRE(model.depth() == 2);
  REQUIRE(model.isImage());
  REQUIRE(model.ranks(1) == 4);
  REQUIRE(model.ranks(2) == 2);
  REQUIRE(model.nodes(0) == 1);
  REQUIRE(model.leaves() == 8);
  REQUIRE(model.shape(0) == std::vector<int64_t>{1, 1});
  REQUIRE(model.shape(2) == std::vector<int64_t>{2, 4});
  REQUIRE(model.evidenceShape(EvidenceKind::Soft) == std::vector<int64_t>{2, 4, 4});
  REQUIRE(model.evidenceShape(EvidenceKind::Gaussian) == std::vector<int64_t>{2, 4});
  REQUIRE(vectorModel().model.evidenceShape(EvidenceKind::Gaussian) == std::vector<int64_t>{3, 3});
}

TEST_CASE("model: conditionals per level, rank and node", "[model]") {
  const Model &image = imageModel().model;
  REQUIRE(image.conditional(1, 2) == image.conditionals[0].data + 2 * 3 * 2);
  REQUIRE(image.conditional(2, 7) == image.conditionals[1].data);
  const Model &sequence = sequenceModel().model;
  REQUIRE(sequence.conditional(2, 4) == sequence.conditionals[1].data + 4 * 3 * 3);
}

TEST_CASE("model: another ABI is refused", "[model]") {
  EspalierModel compiled = imageModel().compiled;
  compiled.abi_version = 99;
  REQUIRE_THROWS_WITH(loadModel(compiled), "error: the runtime expects a model of ABI version 5, got 99");
}

TEST_CASE("model: descriptions that do not fit are errors", "[model]") {
  CHECK(errorAfter("{", "[").find("cannot be read") != std::string::npos);
  CHECK(errorAfter("\"states\":[3,2,4]", "\"states\":[3,2]").find("one more entry") != std::string::npos);
  CHECK(errorAfter("\"states\":[3,2,4]", "\"states\":[0,2,4]").find("at least 1") != std::string::npos);
  CHECK(errorAfter("[[2,2],[1,2]]", "[[2,2],[2]]").find("patches of one kind") != std::string::npos);
  CHECK(errorAfter("[[2,2],[1,2]]", "[[2,2],[9999999,99999999]]").find("2^40") != std::string::npos);
  CHECK(errorAfter("\"f32\"", "\"f16\"").find("unknown dtype 'f16'") != std::string::npos);
  CHECK(errorAfter("\"tile\":8", "\"tile\":0").find("tile") != std::string::npos);
  CHECK(errorAfter("\"workspace\"", "\"tile\":0,\"workspace\"").find("tile of 1") != std::string::npos);
  CHECK(errorAfter("\"workspace\"", "\"symbol_bytes\":2,\"workspace\"").find("1 or 4 bytes") != std::string::npos);
  CHECK(errorAfter("\"count\":4", "\"count\":5").find("conditional") != std::string::npos);
  CHECK(errorAfter("\"prior\":4", "\"prior\":400").find("inside the object") != std::string::npos);
  CHECK(errorAfter("\"variants\":[", "\"variants\":[{},").find("one entry per variant") != std::string::npos);
  CHECK(errorAfter("\"kernels\":[", "\"kernels\":[{},").find("one entry per kernel") != std::string::npos);
  CHECK(errorAfter("\"name\"", "\"game\"").find("cannot be read") != std::string::npos);
}

TEST_CASE("model: missing features of the processor are named in one sentence", "[model]") {
  REQUIRE(missingFeatures({"sse2", "+sse", "-avx512fp16", "64bit"}).empty());
  std::vector<std::string> missing = missingFeatures(exoticFeatures);
  REQUIRE_FALSE(missing.empty());
  REQUIRE_THROWS_WITH(requireFeatures(exoticFeatures),
                      Catch::StartsWith("error: this model was compiled for a processor with " + missing.front()));
}

TEST_CASE("model: in use is the first variant that this machine can run", "[model]") {
  CHECK(builtFor({{"best", {"sse2"}}, {"good", {"sse"}}}).model.cpu == "best");
  FakeModel fake = builtFor({{"best", exoticFeatures}, {"good", {"sse2"}}, {"plain", {}}});
  CHECK(fake.model.cpu == "good");
  CHECK(fake.model.features == std::vector<std::string>{"sse2"});
  REQUIRE(fake.model.variants.size() == 3);
  CHECK(fake.model.variants[2].cpu == "plain");
}

TEST_CASE("model: where this machine can run no variant, the least demanding one says what it lacks", "[model]") {
  CHECK(builtFor({{"best", exoticFeatures}, {"good", exoticFeatures}}).model.cpu == "good");
}
