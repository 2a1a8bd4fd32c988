//===- CommandLine.cpp - The commands that every model carries ------*- C++ -*-===//
//
// The only place that turns exceptions into messages and exit codes.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/CommandLine.h"

#include "runtime/Error.h"
#include "runtime/File.h"
#include "runtime/Memory.h"
#include "runtime/cli/Arguments.h"
#include "runtime/cli/Options.h"

#include <iostream>
#include <new>
#include <stdexcept>

using namespace espalier::runtime;

namespace {

int fail(const std::string &line) {
  std::cerr << line << "\n";
  return Wrong;
}

int parseAndRun(const EspalierModel &compiled, int argc, char **argv) {
  CLI::App app(
      std::string("A model compiled by Espalier. Every command has its own --help. The environment variable ") +
          cpuVariable + " names the variant to use where the model holds several (see info).",
      argv[0]);
  Session session(compiled);
  app.set_version_flag(
      "--version", [&session] { return session.model().name + ", compiled by espalier " ESPALIER_VERSION; },
      "Print the model's name and Espalier's version");
  addInfoCommand(app, session);
  addQueryCommands(app, session);
  addSampleCommands(app, session);
  addVerifyCommand(app, session);
  addBenchCommand(app, session);
  addPictureCommand(app, session);
  addExamples(app, [&] {
    return std::vector<std::string>{app.get_name() + " info",
                                    app.get_name() + " sample -n 1000 --output x.npy --labels roots.npy"};
  });
  parseCommandLine(app, {argv + 1, argv + argc});
  return session.exitCode;
}

int runCatching(const EspalierModel &compiled, int argc, char **argv) {
  try {
    if (argc < 1)
      return fail("error: expects a command (see --help)");
    return parseAndRun(compiled, argc, argv);
  } catch (const Error &problem) {
    return fail(problem.what());
  } catch (const OutOfMemory &problem) {
    return fail("error: not enough memory: " + std::string(problem.what()));
  } catch (const std::bad_alloc &) {
    return fail("error: not enough memory");
  } catch (const std::length_error &) {
    return fail("error: not enough memory");
  } catch (const std::exception &problem) {
    return fail(std::string("error: ") + problem.what());
  }
}

} // namespace

int espalier::runtime::runCommandLine(const EspalierModel &compiled, int argc, char **argv) {
  int exitCode = runCatching(compiled, argc, argv);
  try {
    flushStandardOutput();
  } catch (const Error &problem) {
    return fail(problem.what());
  }
  return exitCode;
}
