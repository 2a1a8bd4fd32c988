//===- MutationTest.cpp - What is not belief propagation is not proved ----===//
//
// Sound networks are proved; the same networks with one change are not, and the pair that differs is printed.
//
//===----------------------------------------------------------------------===//

#include "Mutations.h"

#include "compiler/proof/Prove.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

#include <catch2/catch.hpp>

#include <iostream>
#include <set>
#include <sstream>

using namespace mlir;
using namespace espalier::proof;
using namespace espalier::proof::test;

namespace {

const Claim &claimOf(const Report &report, const std::string &program) {
  return *std::find_if(report.claims.begin(), report.claims.end(),
                       [&](const Claim &claim) { return claim.program == program; });
}

void print(const char *name, const Claim &claim) {
  std::cout << name << ": " << claim.answer << "\n";
  if (!claim.difference.messages.empty())
    std::cout << "  bp:  " << claim.difference.messages << "\n  net: " << claim.difference.network << "\n";
}

/// Moves the network of `from` into `to` in place of its own.
void exchangeNetwork(ModuleOp to, ModuleOp from, StringRef name) {
  auto given = from.lookupSymbol<func::FuncOp>(name);
  to.lookupSymbol<func::FuncOp>(name).erase();
  to.push_back(given->clone());
}

} // namespace

TEST_CASE("one change to a network, and it is not proved") {
  std::unique_ptr<MLIRContext> context = createContext();
  std::vector<Mutation> mutations = allMutations();
  REQUIRE(mutations.size() >= 30);
  std::set<std::string> names;
  for (const Mutation &mutation : mutations) {
    INFO(mutation.name);
    REQUIRE(names.insert(mutation.name).second);
    OwningOpRef<ModuleOp> module = lowered(*context, modelText(mutation.model), mutation.cancelLogs);
    REQUIRE(reportOf(*module).proved());
    auto network = module->lookupSymbol<func::FuncOp>(std::string("net_") + mutation.function);
    REQUIRE(network);
    mutation.apply(network);
    REQUIRE(succeeded(verify(*module)));

    Report report = reportOf(*module);
    REQUIRE_FALSE(report.proved());
    for (const Claim &claim : report.claims)
      CHECK(claim.proved == (claim.program != mutation.function));
    const Claim &claim = claimOf(report, mutation.function);
    CHECK_FALSE(claim.answer.empty());
    CHECK((claim.difference.messages.empty() || claim.difference.messages != claim.difference.network));
    print(mutation.name, claim);
  }
}

TEST_CASE("the network of another model is not proved") {
  struct Other {
    const char *name;
    Sketch model, other;
  };
  const std::vector<int64_t> states = {3, 3, 3};
  const Other others[] = {
      {"another seed", {{{2}, {2}}, states}, {{{2}, {2}}, states, true, false, 2}},
      {"the strides of two levels exchanged", {{{2, 1}, {1, 2}}, states}, {{{1, 2}, {2, 1}}, states}},
      {"3 x 2 leaves for 2 x 3", {{{2}, {3}}, states}, {{{3}, {2}}, states}},
      {"an image's rows for its columns", {{{2, 2}, {2, 1}}, states}, {{{2, 1}, {2, 2}}, states}},
  };
  std::unique_ptr<MLIRContext> context = createContext();
  for (const Other &other : others)
    for (bool cancelLogs : {false, true})
      for (bool keepsBranching : {false, true}) {
        INFO(other.name << ", logs cancelled: " << cancelLogs << ", net.branching kept: " << keepsBranching);
        OwningOpRef<ModuleOp> module = lowered(*context, modelText(other.model), cancelLogs);
        OwningOpRef<ModuleOp> donor = lowered(*context, modelText(other.other), cancelLogs);
        Attribute branching = module->lookupSymbol("net_up_gaussian")->getAttr("net.branching");
        exchangeNetwork(*module, *donor, "net_up_gaussian");
        if (keepsBranching)
          module->lookupSymbol("net_up_gaussian")->setAttr("net.branching", branching);
        REQUIRE(succeeded(verify(*module)));
        Report report = reportOf(*module);
        CHECK_FALSE(report.proved());
        print(other.name, claimOf(report, "up_gaussian"));
      }
}

TEST_CASE("a program without its partner is not proved") {
  std::unique_ptr<MLIRContext> context = createContext();
  for (const char *missing : {"net_up_soft", "bp_up_soft"}) {
    OwningOpRef<ModuleOp> module = lowered(*context, modelText({{{2}}, {2, 3}}), false);
    module->lookupSymbol(missing)->erase();
    Report report = reportOf(*module);
    CHECK_FALSE(report.proved());
    CHECK(claimOf(report, "up_soft").answer == std::string("there is no ") + missing);
  }
  OwningOpRef<ModuleOp> none = lowered(*context, modelText({{{2}}, {2, 3}}), false);
  for (auto function : llvm::make_early_inc_range(none->getOps<func::FuncOp>()))
    function.erase();
  CHECK_FALSE(reportOf(*none).proved());
}

TEST_CASE("a long chain of layers is read without deep recursion") {
  std::unique_ptr<MLIRContext> context = createContext();
  OwningOpRef<ModuleOp> module = lowered(*context, modelText({{{2}}, {2, 3}}), false);
  auto network = module->lookupSymbol<func::FuncOp>("net_up_soft");
  Operation *pool = nullptr;
  for (Operation &op : network.getBody().front())
    if (op.getName().getStringRef() == "net.sum_pool")
      pool = &op;
  REQUIRE(pool);
  OpBuilder builder(context.get());
  builder.setInsertionPointAfter(pool);
  Value map = pool->getResult(0);
  for (int i = 0; i < 20000; ++i) {
    OperationState state(builder.getUnknownLoc(), i % 2 ? "net.log" : "net.exp");
    state.addOperands(map);
    state.addTypes(map.getType());
    map = builder.create(state)->getResult(0);
  }
  pool->getResult(0).replaceUsesWithIf(
      map, [](OpOperand &use) { return use.getOwner()->getName().getStringRef() == "net.norm"; });
  CHECK(reportOf(*module).proved());
}

TEST_CASE("models of odd sizes are proved") {
  std::unique_ptr<MLIRContext> context = createContext();
  const std::vector<Sketch> sketches = {
      {{{1}}, {1, 1}},
      {{{1}}, {5, 1}},
      {{{5}}, {1, 17}},
      {{{3}, {1}, {2}}, {2, 1, 17, 3}},
      {{{2}, {5}, {3}}, {17, 5, 3, 2}},
      {{{1}, {1}, {1}}, {2, 2, 2, 2}},
      {{{2, 3}, {1, 2}}, {3, 5, 2}},
      {{{1, 1}, {3, 1}}, {2, 1, 5}},
  };
  for (const Sketch &sketch : sketches)
    for (bool zeros : {false, true})
      for (bool gaussian : {false, true})
        for (bool cancelLogs : {false, true}) {
          Sketch one = sketch;
          one.zeros = zeros;
          one.gaussian = gaussian;
          INFO(modelText(one));
          Report report;
          auto narrow = lowered(*context, modelText(one), cancelLogs, "f32");
          auto wide = lowered(*context, modelText(one), cancelLogs, "f64");
          REQUIRE(succeeded(prove(*narrow, *narrow, *wide, report)));
          REQUIRE(succeeded(prove(*wide, *wide, *wide, report)));
          for (const Claim &claim : report.claims) {
            INFO(failureText(claim));
            CHECK((claim.proved || (claim.dtype == "f32" && claim.isRoundedOtherwise())));
          }
          CHECK(report.claims.size() == 8);
          CHECK(report.proved());
        }
}

TEST_CASE("the tallest tree that a model may have is proved") {
  std::unique_ptr<MLIRContext> context = createContext();
  Sketch tall{std::vector<std::vector<int64_t>>(64, {1}), std::vector<int64_t>(65, 2)};
  std::fill(tall.patches.begin() + 34, tall.patches.end(), std::vector<int64_t>{2});
  for (bool cancelLogs : {false, true})
    CHECK(reportOf(*lowered(*context, modelText(tall), cancelLogs)).proved());
}

TEST_CASE("two roundings of one model are two models") {
  std::unique_ptr<MLIRContext> context = createContext();
  // Zeros make the network compute in double precision, while message passing of symbols stays in single precision.
  const std::string model = modelText({{{2}, {2}}, {3, 3, 3}, false, true, 1});
  OwningOpRef<ModuleOp> narrow = lowered(*context, model, false, "f32"), wide = lowered(*context, model, false, "f64");
  Report alone;
  REQUIRE(succeeded(prove(*narrow, *narrow, ModuleOp(), alone)));
  const Claim &claim = claimOf(alone, "up_symbol");
  CHECK_FALSE(claim.proved);
  CHECK(claim.isRoundedOtherwise());
  CHECK_FALSE(alone.proved());
  Report together;
  REQUIRE(succeeded(prove(*narrow, *narrow, *wide, together)));
  CHECK(together.proved());
  CHECK(claimOf(together, "up_symbol").messages == "f64");
}

TEST_CASE("a network in single precision where message passing needs double is proved in double") {
  std::unique_ptr<MLIRContext> context = createContext();
  // What 32 children say together leaves the range of f32, while every difference of logarithms stays in it.
  const std::string model = R"(tfg.model @steep {
    %root = tfg.root dense<[0.3, 0.7]> : tensor<2xf64> -> !tfg.nodes<[], 2>
    %leaves = tfg.children %root patch [32] sharing level dense<[[[0.999999, 0.000003], [0.000007, 0.999999]]]>
      : tensor<1x2x2xf64> : !tfg.nodes<[], 2> -> !tfg.nodes<[32], 2>
    tfg.observe %leaves symbol dense<[[0.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[32], 2>
    tfg.query classify %root : !tfg.nodes<[], 2>
  })";
  OwningOpRef<ModuleOp> narrow = lowered(*context, model, false, "f32"), wide = lowered(*context, model, false, "f64");
  Report report;
  REQUIRE(succeeded(prove(*narrow, *narrow, *wide, report)));
  const Claim first = claimOf(report, "up_symbol");
  CHECK((first.network == "f32" && first.messages == "f64" && first.isRoundedOtherwise()));
  CHECK_FALSE(report.proved());
  REQUIRE(succeeded(prove(*wide, *wide, *wide, report)));
  CHECK(report.proved());
  std::ostringstream text;
  printReport(text, report);
  CHECK(text.str().find("f32     f64     rounded otherwise\n") != std::string::npos);
}

TEST_CASE("a claim that rounding prevents counts where another type proves it") {
  Claim narrow{.program = "up_soft", .dtype = "f32", .network = "f32", .messages = "f64"};
  Claim wide{.program = "up_soft", .dtype = "f64", .network = "f64", .messages = "f64", .proved = true};
  CHECK_FALSE(Report{{narrow}, {}}.proved());
  CHECK(Report{{narrow, wide}, {}}.proved());
  wide.proved = false;
  CHECK_FALSE(Report{{narrow, wide}, {}}.proved());
  wide = {.program = "up_symbol", .dtype = "f64", .network = "f64", .messages = "f64", .proved = true};
  CHECK_FALSE(Report{{narrow, wide}, {}}.proved());
  CHECK_FALSE(Report{}.proved());
}
