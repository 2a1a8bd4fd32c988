//===- QueryCommands.cpp - MODEL_EXE classify, denoise, marginals, loglik -*- C++ -*-===//
//
// From a file of evidence to a file of answers. Everything is checked before any work, and files appear only where
// every sample has an answer.
//
//===----------------------------------------------------------------------===//

#include "runtime/Error.h"
#include "runtime/Evidence.h"
#include "runtime/GaussianRange.h"
#include "runtime/Npy.h"
#include "runtime/Tiles.h"
#include "runtime/cli/Arguments.h"
#include "runtime/cli/Options.h"
#include "runtime/cli/ProgressBar.h"
#include "runtime/cli/Table.h"
#include "runtime/cli/Values.h"

#include <cmath>
#include <iostream>
#include <memory>

using namespace espalier::runtime;

namespace {

struct QueryOptions {
  Query query;
  std::string input, output;
  Program program = Program::BP;
  NoiseOptions noise;
  bool soft = false;
  std::string level; ///< as it is written; only the model knows how many there are
  int threads = 0;
};

Request makeRequest(const Model &model, const QueryOptions &options) {
  EvidenceKind kind = options.soft ? EvidenceKind::Soft : model.ownEvidence();
  options.noise.check(kind == EvidenceKind::Gaussian, /*allowZero=*/false);
  int64_t level = -1;
  if (!options.level.empty())
    level = static_cast<int64_t>(parseInteger("--level", options.level, {0, static_cast<uint64_t>(model.depth())}));
  return {options.program, options.query, kind, level, options.noise.lambda, options.noise.sigma, options.threads};
}

/// Adds back what checkEvidence() divided the likelihoods by. Throws Error where a density is smaller than any double
/// can say: it is not 0.
void finishLoglik(Outcome &outcome, const std::vector<double> &logScale, const std::string &place) {
  double *loglik = outcome.output.data<double>();
  for (size_t i = 0; i < outcome.loglik.size(); ++i) {
    if (std::isfinite(loglik[i]) && loglik[i] <= leastLoglik)
      throw Error(place, "expects observations of log-likelihoods above " + numberText(leastLoglik) +
                             ", got a smaller one in sample " + std::to_string(i));
    loglik[i] += i < logScale.size() ? logScale[i] : 0;
  }
}

int reportImpossible(const Outcome &outcome, const std::string &place) {
  bool several = outcome.impossible > 1;
  std::cerr << place << ": error: the evidence of " << outcome.impossible << (several ? " samples" : " sample")
            << " has probability 0, " << (several ? "the first is sample " : "it is sample ") << outcome.firstImpossible
            << "\n";
  return Impossible;
}

int runQuery(const Model &model, const QueryOptions &options) {
  std::unique_ptr<OutputFile> output = planOutput(options.output, ".npy", {options.input});
  Runner runner(model, makeRequest(model, options));
  EvidenceKind kind = options.soft ? EvidenceKind::Soft : model.ownEvidence();
  Evidence evidence = checkEvidence(model, kind, readNpy(options.input), options.input, runner.evidenceType());
  if (kind == EvidenceKind::Gaussian)
    checkHardRange(model, options.noise.lambda, options.noise.sigma, evidence.values, options.input);
  Outcome outcome;
  {
    ProgressBar bar(name(options.query));
    runner.run(evidence.values, outcome, bar.callback());
  }
  if (options.query == Query::Loglik)
    finishLoglik(outcome, evidence.logScale, options.input);
  else if (outcome.impossible > 0)
    return reportImpossible(outcome, options.input);
  if (output) {
    writeNpy(*output, outcome.output);
    output->commit();
  } else {
    printTable(std::cout, name(options.query), outcome.output);
  }
  return Done;
}

void addQuery(CLI::App &app, Session &session, Query query, const char *help) {
  auto options = std::make_shared<QueryOptions>();
  options->query = query;
  CLI::App *command = app.add_subcommand(name(query), help);
  command->add_option("--input", options->input, "Evidence (.npy), batch first")->type_name("FILE")->required();
  command->add_option("--output", options->output, "Answer (.npy); without it, the first samples are printed")
      ->type_name("FILE");
  auto setProgram = [options](const std::string &text) {
    static constexpr std::string_view programs[] = {"bp", "net"};
    options->program = parseChoice("--program", text, programs) == 0 ? Program::BP : Program::Net;
  };
  command->add_option_function<std::string>("--program", setProgram, "bp (exact, default) or net (the network)")
      ->type_name("NAME");
  options->noise.add(*command);
  command->add_flag("--soft", options->soft, "The input holds likelihoods of every leaf state");
  if (query == Query::Marginals)
    command->add_option("--level", options->level, "Level of the tree, 0 the root (default: the leaves)")
        ->type_name("N");
  addThreads(*command, options->threads);
  addExamples(*command, [&app, &session, query] {
    const std::string line = app.get_name() + " " + name(query) + " --input z.npy" + session.noiseExample();
    return std::vector<std::string>{line, line + " --program net --output y.npy"};
  });
  command->callback([&session, options] { session.exitCode = runQuery(session.runnableModel(), *options); });
}

} // namespace

void espalier::runtime::addQueryCommands(CLI::App &app, Session &session) {
  addQuery(app, session, Query::Classify, "The posterior of the root");
  addQuery(app, session, Query::Denoise, "The posterior mean of every leaf's e");
  addQuery(app, session, Query::Marginals, "The posteriors of one level's nodes");
  addQuery(app, session, Query::Loglik, "The natural logarithm of the evidence's probability");
}
