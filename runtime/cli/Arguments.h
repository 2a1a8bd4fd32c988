//===- Arguments.h - The words of a command line --------------------*- C++ -*-===//
//
// What `espalier` and compiled models do alike with their command lines: find the first mistake before the parser
// does, which could only say what it lacks, and end the help of every command in the same way.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_CLI_ARGUMENTS_H
#define ESPALIER_RUNTIME_CLI_ARGUMENTS_H

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace espalier::runtime {

/// Parses a command line of the form COMMAND OPTION..., given without the program's name, and runs the command's
/// callback. False where help or the version was asked for: it has been printed. Throws Error.
bool parseCommandLine(CLI::App &app, const std::vector<std::string> &words);

/// Lets --help end with these command lines, one each, and with where the documentation is.
void addExamples(CLI::App &app, std::function<std::vector<std::string>()> examples);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_CLI_ARGUMENTS_H
