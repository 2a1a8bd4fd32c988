//===- ExhaustiveTest.cpp - Every wire, layer and weight counts -----------===//
//
// All small changes of a kind to whole networks, and to whole message-passing programs: each operand replaced by each
// other value of its type, each layer left out, each entry of each table changed. What is proved all the same must
// compute the same, and the few ways in which that can be are spelled out here.
//
//===----------------------------------------------------------------------===//

#include "Models.h"

#include "dialects/bp/BPOps.h"
#include "dialects/net/NetOps.h"
#include "dialects/support/Tables.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

#include <catch2/catch.hpp>

#include <cmath>

using namespace mlir;
using namespace espalier;
using namespace espalier::proof::test;

namespace {

/// One network beside the program that it is, the other functions being gone; one of the two is to be changed.
struct Subject {
  Subject(MLIRContext &context, const Sketch &sketch, bool cancelLogs, const std::string &program, bool changesNetwork)
      : module(lowered(context, modelText(sketch), cancelLogs)) {
    for (auto function : llvm::make_early_inc_range(module->getOps<func::FuncOp>()))
      if (function.getName() != "net_" + program && function.getName() != "bp_" + program)
        function.erase();
    function = module->lookupSymbol<func::FuncOp>((changesNetwork ? "net_" : "bp_") + program);
  }

  bool isProved() { return reportOf(*module).proved(); }
  std::vector<Operation *> ops() {
    std::vector<Operation *> result;
    for (Operation &op : function.getBody().front())
      result.push_back(&op);
    return result;
  }

  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
};

struct Case {
  Sketch sketch;
  const char *program;
};

const Case kCases[] = {
    {{{{2}, {2}}, {3, 3, 3}, true, false, 1}, "updown_gaussian"},
    {{{{2}, {2}}, {3, 3, 3}, true, true, 1}, "updown_soft"},
    {{{{2}, {3}}, {2, 2, 2}, false, false, 1}, "updown_symbol"},
    {{{{1}, {2}}, {3, 3, 3}, false, true, 1}, "updown_symbol"},
    {{{{1, 1}, {2, 1}}, {2, 2, 2}, true, false, 1}, "up_gaussian"},
};

void forAll(llvm::function_ref<void(Subject &)> test) {
  std::unique_ptr<MLIRContext> context = createContext();
  for (const Case &one : kCases)
    for (auto [cancelLogs, changesNetwork] : {std::pair(false, true), {true, true}, {true, false}}) {
      INFO(one.program << ", logs cancelled: " << cancelLogs << ", of the network: " << changesNetwork << "\n"
                       << modelText(one.sketch));
      Subject subject(*context, one.sketch, cancelLogs, one.program, changesNetwork);
      REQUIRE(subject.isProved());
      test(subject);
    }
}

/// A layer or step that divides by a factor, which only the log-likelihood can tell.
bool isNorm(Operation *op) { return isa<net::NormOp, net::RescaleOp, bp::NormalizeOp>(op); }

/// What such layers have been given.
Value withoutNorms(Value map) {
  while (Operation *op = map.getDefiningOp()) {
    if (!isNorm(op) || map != op->getResult(0))
      break;
    map = op->getOperand(0);
  }
  return map;
}

/// Constants take the batch of their operand, and nothing else of it.
bool isLike(Operation *op) { return isa<net::ConstantOp, net::WeightConstantOp, net::ZeroShiftOp>(op); }

/// Nothing that is returned is made of it: decoders that sum siblings leave the root's belief unused.
bool isDead(Operation *op) { return !op->hasTrait<OpTrait::IsTerminator>() && llvm::all_of(op->getUsers(), isDead); }

std::string textOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream(text) << *op;
  return text;
}

} // namespace

TEST_CASE("every operand counts") {
  int64_t tried = 0, proved = 0;
  forAll([&](Subject &subject) {
    std::vector<Value> values;
    for (Operation *op : subject.ops()) {
      for (OpOperand &operand : op->getOpOperands()) {
        Value before = operand.get();
        for (Value other : values) {
          if (other == before || other.getType() != before.getType())
            continue;
          operand.set(other);
          REQUIRE(succeeded(verify(*subject.module)));
          ++tried;
          if (subject.isProved()) {
            ++proved;
            INFO(textOf(op));
            CHECK((isDead(op) || isLike(op) || withoutNorms(before) == withoutNorms(other)));
          }
        }
        operand.set(before);
      }
      llvm::append_range(values, op->getResults());
    }
    REQUIRE(subject.isProved());
  });
  CHECK(tried > 500);
  CHECK(proved < tried / 10);
}

TEST_CASE("every layer counts") {
  int64_t tried = 0;
  forAll([&](Subject &subject) {
    for (Operation *op : subject.ops()) {
      if (op->getNumResults() == 0)
        continue;
      for (Value operand : op->getOperands()) {
        if (operand.getType() != op->getResult(0).getType())
          continue;
        std::vector<OpOperand *> uses;
        for (OpOperand &use : op->getResult(0).getUses())
          uses.push_back(&use);
        for (OpOperand *use : uses)
          use->set(operand);
        REQUIRE(succeeded(verify(*subject.module)));
        ++tried;
        INFO(textOf(op));
        // A norm layer whose shift nobody asks for.
        CHECK(subject.isProved() == (isNorm(op) && op->getNumResults() == 1));
        for (OpOperand *use : uses)
          use->set(op->getResult(0));
      }
    }
    REQUIRE(subject.isProved());
  });
  CHECK(tried > 50);
}

TEST_CASE("every entry of every table counts") {
  int64_t tried = 0;
  forAll([&](Subject &subject) {
    for (Operation *op : subject.ops())
      for (NamedAttribute attr : llvm::to_vector(op->getAttrs())) {
        auto table = dyn_cast<ElementsAttr>(attr.getValue());
        if (!table || isa<DenseArrayAttr>(attr.getValue()))
          continue;
        std::vector<double> entries = *readTable(table);
        for (double &entry : entries) {
          double before = entry;
          entry = std::nextafter(before, 2.0);
          op->setAttr(attr.getName(), makeTable(op->getContext(), tableShape(table), entries, "changed"));
          entry = before;
          ++tried;
          INFO(textOf(op));
          CHECK_FALSE(subject.isProved());
        }
        op->setAttr(attr.getName(), table);
      }
    REQUIRE(subject.isProved());
  });
  CHECK(tried > 300);
}
