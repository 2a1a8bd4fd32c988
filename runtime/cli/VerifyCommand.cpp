//===- VerifyCommand.cpp - MODEL_EXE verify -------------------------*- C++ -*-===//
//
// Holds the model's network against its exact program and prints what was compared.
//
//===----------------------------------------------------------------------===//

#include "runtime/Verify.h"

#include "runtime/cli/Arguments.h"
#include "runtime/cli/Options.h"
#include "runtime/cli/ProgressBar.h"

#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>

using namespace espalier::runtime;

namespace {

struct VerifyOptions {
  int64_t samples = 64;
  uint64_t seed = 1;
};

void printChecks(const Model &model, const std::vector<Check> &checks) {
  std::ostringstream text;
  text << std::left << std::setw(11) << "query" << std::setw(10) << "evidence" << std::setw(12) << "programs"
       << std::setw(7) << "dtype" << std::setw(12) << "max abs" << std::setw(12) << "max tv" << std::setw(12)
       << "tolerance" << "pass\n";
  text << std::setprecision(2) << std::scientific;
  for (const Check &check : checks)
    text << std::setw(11) << name(check.query) << std::setw(10) << name(check.evidence) << std::setw(12) << "net / bp"
         << std::setw(7) << (model.dtype == ElementType::F32 ? "f32" : "f64") << std::setw(12)
         << check.difference.maxAbs << std::setw(12) << check.difference.maxTv << std::setw(12) << check.tolerance
         << (check.pass ? "yes" : "NO") << "\n";
  std::cout << text.str();
}

/// The failed check that is furthest beyond its tolerance.
const Check *worstFailure(const std::vector<Check> &checks) {
  const Check *worst = nullptr;
  auto excess = [](const Check &check) { return check.difference.maxAbs / check.tolerance; };
  for (const Check &check : checks)
    if (!check.pass && (!worst || excess(check) > excess(*worst)))
      worst = &check;
  return worst;
}

int runVerify(const Model &model, const VerifyOptions &options) {
  std::vector<Check> checks;
  {
    ProgressBar bar("verify");
    checks = verify(model, options.samples, options.seed, bar.callback());
  }
  printChecks(model, checks);
  const Check *worst = worstFailure(checks);
  if (!worst)
    return Done;
  std::cerr << "error: net and bp differ in " << name(worst->query) << " with " << name(worst->evidence)
            << " evidence: expects at most " << worst->tolerance << ", got " << worst->difference.maxAbs;
  if (worst->difference.disagreed > 0)
    std::cerr << " and " << worst->difference.disagreed << " samples possible in one only";
  std::cerr << " (" << worst->worst << ")\n";
  return Mismatch;
}

} // namespace

void espalier::runtime::addVerifyCommand(CLI::App &app, Session &session) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App *command = app.add_subcommand("verify", "Compare the network with the exact program");
  addSamples(*command, options->samples);
  addSeed(*command, options->seed);
  addExamples(*command, [&app] {
    return std::vector<std::string>{app.get_name() + " verify", app.get_name() + " verify --samples 1000 --seed 2"};
  });
  command->callback([&session, options] { session.exitCode = runVerify(session.runnableModel(), *options); });
}
