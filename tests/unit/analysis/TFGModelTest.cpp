//===- TFGModelTest.cpp - From a module back to its model -----------------===//
//
// readModel, findModel and asks on modules written as text.
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/TFGModel.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include <catch2/catch.hpp>

using namespace espalier;

namespace {

struct Fixture {
  Fixture() { context.loadDialect<tfg::TFGDialect>(); }

  mlir::OwningOpRef<mlir::ModuleOp> parse(llvm::StringRef text) {
    return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }

  mlir::MLIRContext context;
};

constexpr llvm::StringLiteral kImage = R"(
  tfg.model @image attributes {description = "one patch"} {
    %root = tfg.root dense<[0.5, 0.25]> : tensor<2xf64> -> !tfg.nodes<[], 2>
    %pixels = tfg.children %root patch [1, 2] sharing rank
      dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [0.0, 0.5, 0.0]]]> : tensor<2x2x3xf64>
      : !tfg.nodes<[], 2> -> !tfg.nodes<[1, 2], 3>
    tfg.observe %pixels gaussian vectors dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf64> : !tfg.nodes<[1, 2], 3>
    tfg.query loglik %root : !tfg.nodes<[], 2>
  })";

} // namespace

TEST_CASE_METHOD(Fixture, "a module gives back the model that it states") {
  auto module = parse(kImage);
  const Model model = readModel(*findModel(*module));
  REQUIRE(model.name == "image");
  REQUIRE(model.description == "one patch");
  REQUIRE(model.rootStates == 2);
  REQUIRE(model.prior == std::vector<double>{0.5, 0.25});
  REQUIRE(model.depth() == 1);
  REQUIRE(model.levels[0].patch == std::vector<int64_t>{1, 2});
  REQUIRE(model.levels[0].states == 3);
  REQUIRE(model.levels[0].sharing == Sharing::Rank);
  REQUIRE(model.levels[0].kernel == std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0.5, 0});
  REQUIRE(model.channel == Channel::Gaussian);
  REQUIRE(model.values == std::vector<double>{1, 2, 3});
  REQUIRE(model.valueSize == 1);
  REQUIRE(model.valuesAreVectors);
}

TEST_CASE_METHOD(Fixture, "a model is asked what its queries ask") {
  using enum tfg::QueryKind;
  auto module = parse(kImage);
  tfg::ModelOp model = *findModel(*module);
  REQUIRE(asks(model, {Classify, Loglik}));
  REQUIRE_FALSE(asks(model, {Classify}));
  REQUIRE_FALSE(asks(model, {Denoise, Marginals}));
}

TEST_CASE_METHOD(Fixture, "a module states exactly one model") {
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) { message = diagnostic.str(); });
  auto none = parse("module {}");
  REQUIRE(failed(findModel(*none)));
  REQUIRE(message == "expects one tfg.model in the module, got 0");
  std::string second = kImage.str();
  second.replace(second.find("@image"), 6, "@other");
  auto two = parse(kImage.str() + second);
  REQUIRE(failed(findModel(*two)));
  REQUIRE(message == "expects one tfg.model in the module, got 2");
}
