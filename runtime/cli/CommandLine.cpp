//===- CommandLine.cpp - The commands that every model carries ------*- C++ -*-===//
//
// The only place that turns exceptions into messages and exit codes.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/CommandLine.h"

#include "runtime/Error.h"
#include "runtime/Memory.h"
#include "runtime/cli/Options.h"

#include <algorithm>
#include <cctype>
#include <iostream>
#include <new>
#include <stdexcept>

using namespace espalier::runtime;

namespace {

/// The parser's message as one of ours: one line, lower-case, no final period.
std::string sentence(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && (text.back() == ' ' || text.back() == '.'))
    text.pop_back();
  if (!text.empty())
    text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

int fail(const std::string &line) {
  std::cerr << line << "\n";
  return Wrong;
}

/// Whether the first argument is a command or asks for help; the parser would only miss a command.
bool isKnown(const CLI::App &app, const std::string &name) {
  auto commands = app.get_subcommands([&](const CLI::App *command) { return command->get_name() == name; });
  return !commands.empty() || name == "-h" || name == "--help";
}

int parseAndRun(const EspalierModel &compiled, int argc, char **argv) {
  CLI::App app("A model compiled by Espalier. Every command has its own --help.");
  Session session(compiled);
  addInfoCommand(app, session);
  addQueryCommands(app, session);
  addSampleCommands(app, session);
  addVerifyCommand(app, session);
  addBenchCommand(app, session);
  addPictureCommand(app, session);
  app.require_subcommand(1);
  app.footer(std::string("The environment variable ") + cpuVariable +
             " names the variant to use where the model holds several (see info).");
  if (argc > 1 && !isKnown(app, argv[1]))
    return fail("error: unknown command '" + std::string(argv[1]) + "' (see --help)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &problem) {
    if (problem.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
      return app.exit(problem, std::cout, std::cerr);
    return fail("error: " + sentence(problem.what()) + " (see --help)");
  }
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
    return fail("error: " + sentence(problem.what()));
  }
}

} // namespace

int espalier::runtime::runCommandLine(const EspalierModel &compiled, int argc, char **argv) {
  int exitCode = runCatching(compiled, argc, argv);
  if (!std::cout.flush())
    return fail("error: standard output cannot be written");
  return exitCode;
}
