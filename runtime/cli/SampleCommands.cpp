//===- SampleCommands.cpp - MODEL_EXE sample, observe ---------------*- C++ -*-===//
//
// The model run forwards: symbols from the prior, observations from symbols.
//
//===----------------------------------------------------------------------===//

#include "runtime/Sample.h"

#include "runtime/Error.h"
#include "runtime/Evidence.h"
#include "runtime/GaussianRange.h"
#include "runtime/Npy.h"
#include "runtime/cli/Arguments.h"
#include "runtime/cli/Options.h"
#include "runtime/cli/Table.h"
#include "runtime/cli/Values.h"

#include <iostream>
#include <limits>
#include <memory>

using namespace espalier::runtime;

namespace {

struct SampleOptions {
  int64_t count = 0;
  uint64_t seed = 1;
  std::string output, labels;
  int threads = 0;
};

struct ObserveOptions {
  std::string input, output;
  NoiseOptions noise;
  uint64_t seed = 1;
  int threads = 0;
};

void runSample(const Model &model, const SampleOptions &options) {
  std::unique_ptr<OutputFile> symbols = planOutput(options.output, ".npy", {});
  std::unique_ptr<OutputFile> labels = planOutput(options.labels, ".npy", {});
  if (symbols && labels && isSameFile(options.output, options.labels))
    throw Error("--output and --labels expect two files, got " + options.output + " and " + options.labels);
  Samples samples = sample(model, options.count, options.seed, options.threads);
  // Both are complete before either appears.
  if (symbols)
    writeNpy(*symbols, samples.symbols);
  if (labels)
    writeNpy(*labels, samples.roots);
  if (symbols)
    symbols->commit();
  if (labels)
    labels->commit();
  if (!symbols)
    printTable(std::cout, "sample", samples.symbols);
}

void runObserve(const Model &model, const ObserveOptions &options) {
  std::unique_ptr<OutputFile> output = planOutput(options.output, ".npy", {options.input});
  options.noise.check(model.channel == Channel::Gaussian, /*allowZero=*/true);
  if (model.channel == Channel::Gaussian)
    checkChannel(model, options.noise.lambda, options.noise.sigma);
  Evidence symbols = checkEvidence(model, EvidenceKind::Symbol, readNpy(options.input), options.input);
  Array observed =
      observe(model, symbols.values, options.noise.lambda, options.noise.sigma, options.seed, options.threads);
  if (!output)
    return printTable(std::cout, "observe", observed);
  writeNpy(*output, observed);
  output->commit();
}

void addSample(CLI::App &app, Session &session) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App *command = app.add_subcommand("sample", "Draw symbols from the model");
  addInteger(*command, "-n", options->count, {0, std::numeric_limits<int64_t>::max()}, "Number of samples")->required();
  addSeed(*command, options->seed);
  command->add_option("--output", options->output, "Symbols (.npy); without it, the first samples are printed")
      ->type_name("FILE");
  command->add_option("--labels", options->labels, "States of the roots (.npy)")->type_name("FILE");
  addThreads(*command, options->threads);
  addExamples(*command, [&app] {
    return std::vector<std::string>{app.get_name() + " sample -n 1000 --output x.npy --labels roots.npy",
                                    app.get_name() + " sample -n 5 --seed 2"};
  });
  command->callback([&session, options] { runSample(session.model(), *options); });
}

void addObserve(CLI::App &app, Session &session) {
  auto options = std::make_shared<ObserveOptions>();
  CLI::App *command = app.add_subcommand("observe", "Send symbols through the model's channel");
  command->add_option("--input", options->input, "Symbols (.npy), -1 where missing")->type_name("FILE")->required();
  options->noise.add(*command);
  addSeed(*command, options->seed);
  command->add_option("--output", options->output, "Observations (.npy); without it, the first samples are printed")
      ->type_name("FILE");
  addThreads(*command, options->threads);
  addExamples(*command, [&app, &session] {
    const std::string line = app.get_name() + " observe --input x.npy" + session.noiseExample();
    return std::vector<std::string>{line, line + " --seed 2 --output z.npy"};
  });
  command->callback([&session, options] { runObserve(session.model(), *options); });
}

} // namespace

void espalier::runtime::addSampleCommands(CLI::App &app, Session &session) {
  addSample(app, session);
  addObserve(app, session);
}
