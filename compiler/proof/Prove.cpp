//===- Prove.cpp - The network is belief propagation ----------------------===//

#include "compiler/proof/Prove.h"

#include "compiler/analysis/TFGModel.h"
#include "compiler/conversion/support/Programs.h"
#include "compiler/proof/Reader.h"

#include <map>
#include <set>

using namespace mlir;

namespace espalier::proof {
namespace {

using Programs = std::map<std::string, func::FuncOp>;

/// The functions called `prefix`..., by the rest of their names; failure where one is no program.
FailureOr<Programs> programsOf(ModuleOp module, StringRef prefix) {
  Programs programs;
  for (auto function : module.getOps<func::FuncOp>()) {
    StringRef name = function.getName();
    if (!name.consume_front(prefix))
      continue;
    if (failed(checkProgram(function)))
      return failure();
    programs[name.str()] = function;
  }
  return programs;
}

Patches patchesOf(const Model &model) {
  Patches patches;
  for (const Level &level : model.levels)
    patches.push_back(level.patch);
  return patches;
}

/// Whether `net.branching` is the model's.
bool standsOn(func::FuncOp network, const Patches &patches) {
  auto branching = network->getAttrOfType<ArrayAttr>("net.branching");
  return branching && branching.size() == patches.size() && llvm::all_of(llvm::zip(branching, patches), [](auto both) {
           auto patch = dyn_cast<DenseI64ArrayAttr>(std::get<0>(both));
           return patch && patch.asArrayRef() == ArrayRef(std::get<1>(both));
         });
}

/// What the i-th of `count` results answers.
std::string answerName(size_t i, size_t count) {
  if (i + 1 == count)
    return "log-likelihood";
  if (count > 2 && i + 2 == count)
    return "posterior mean";
  return "posterior of level " + std::to_string(i);
}

/// Fills in what came of comparing the two.
void compare(Claim &claim, const ProgramTerms &network, const ProgramTerms &messages) {
  claim.answer.clear();
  claim.difference = {};
  claim.network = network.precision;
  claim.messages = messages.precision;
  size_t count = messages.answers.size();
  if (network.answers.size() != count) {
    claim.answer = "expects " + std::to_string(count) + " results, got " + std::to_string(network.answers.size());
    return;
  }
  for (size_t i = 0; i < count; ++i)
    if (network.answers[i] != messages.answers[i] || network.answers[i]->kind == Kind::Refused) {
      claim.answer = answerName(i, count);
      claim.difference = firstDifference(messages.answers[i], network.answers[i]);
      return;
    }
  claim.proved = true;
}

/// Proves the networks of one module.
class Prover {
public:
  Prover(const Model &model, Report &report) : patches(patchesOf(model)), report(report) {}

  void prove(Programs networks, Programs messages, Programs wide) {
    std::set<std::string> names;
    for (const Programs &programs : {networks, messages})
      for (const auto &[name, function] : programs)
        names.insert(name);
    for (const std::string &name : names)
      report.claims.push_back(claim(name, networks[name], messages[name], wide[name]));
  }

private:
  Claim claim(const std::string &name, func::FuncOp network, func::FuncOp messages, func::FuncOp wide) {
    Claim claim;
    claim.program = name;
    auto one = network ? network : messages;
    claim.dtype = getElementTypeOrSelf(one.getResultTypes().front()).isF64() ? "f64" : "f32";
    if (!network || !messages)
      claim.answer = std::string("there is no ") + (network ? "bp_" : "net_") + name;
    else if (!standsOn(network, patches))
      claim.answer = "expects the patches of the model in net.branching";
    else
      attempt(claim, network, messages, wide);
    return claim;
  }

  /// The terms of both in one store, so that equal ones are one.
  void attempt(Claim &claim, func::FuncOp network, func::FuncOp messages, func::FuncOp wide) {
    Terms terms;
    Normalizer networks(terms, networkRules(), report.rules), programs(terms, messageRules(), report.rules);
    ProgramTerms read = readNetwork(network, patches, networks);
    compare(claim, read, readMessages(messages, programs));
    if (claim.isRoundedOtherwise() && wide)
      compare(claim, read, readMessages(wide, programs));
  }

  Patches patches;
  Report &report;
};

} // namespace

LogicalResult prove(ModuleOp networks, ModuleOp messages, ModuleOp wide, Report &report) {
  FailureOr<tfg::ModelOp> model = findModel(messages);
  if (failed(model))
    return failure();
  FailureOr<Programs> nets = programsOf(networks, "net_"), programs = programsOf(messages, "bp_"), others = Programs();
  if (wide)
    others = programsOf(wide, "bp_");
  if (failed(nets) || failed(programs) || failed(others))
    return failure();
  Prover(readModel(*model), report).prove(*nets, *programs, *others);
  return success();
}

} // namespace espalier::proof
