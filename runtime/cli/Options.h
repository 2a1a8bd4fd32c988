//===- Options.h - What commands share ------------------------------*- C++ -*-===//
//
// Groups of options that several commands take, and the checks that the parser of the command line cannot make.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_CLI_OPTIONS_H
#define ESPALIER_RUNTIME_CLI_OPTIONS_H

#include "runtime/File.h"
#include "runtime/Model.h"
#include "runtime/cli/CommandLine.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace espalier::runtime {

/// The environment variable that names the variant of the model to use.
inline constexpr const char *cpuVariable = "ESPALIER_CPU";

/// The run of one command: its model, loaded when first needed so that --help always works, and its exit code.
class Session {
public:
  explicit Session(const EspalierModel &compiled) : compiled(compiled) {}

  /// Throws Error where the model does not fit this runtime, or where ESPALIER_CPU asks for what cannot be had.
  const Model &model();
  /// The same for commands that run kernels: also throws Error where this machine cannot.
  const Model &runnableModel();
  /// What examples of commands that take evidence need: " --sigma 0.5" or nothing.
  std::string noiseExample();

  int exitCode = Done;

private:
  const EspalierModel &compiled;
  Model loaded;
  bool isLoaded = false;
};

/// --sigma and --lambda.
struct NoiseOptions {
  double sigma = 1;
  double lambda = 1;

  void add(CLI::App &command);
  bool given() const { return sigmaOption->count() > 0 || lambdaOption->count() > 0; }
  /// Throws Error where gaussian observations lack --sigma or others have one. Zero noise is for drawing only.
  void check(bool gaussian, bool allowZero) const;

private:
  CLI::Option *sigmaOption = nullptr;
  CLI::Option *lambdaOption = nullptr;
};

/// The output that the option names, looked at before the work; null where there is none. Throws Error where it cannot
/// be written, has a name that does not end in `ending`, or is one of the `inputs`.
std::unique_ptr<OutputFile> planOutput(const std::string &path, const std::string &ending,
                                       const std::vector<std::string> &inputs);

void addThreads(CLI::App &command, int &threads);
void addSeed(CLI::App &command, uint64_t &seed);
/// --samples, at least 1.
void addSamples(CLI::App &command, int64_t &samples);

// One function per file: each adds its commands, whose callbacks do the work. The session must outlive the parser.
void addInfoCommand(CLI::App &app, Session &session);
void addQueryCommands(CLI::App &app, Session &session);
void addSampleCommands(CLI::App &app, Session &session);
void addVerifyCommand(CLI::App &app, Session &session);
void addBenchCommand(CLI::App &app, Session &session);
void addPictureCommand(CLI::App &app, Session &session);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_CLI_OPTIONS_H
