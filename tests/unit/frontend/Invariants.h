//===- Invariants.h - What every parsed model satisfies -----------*- C++ -*-===//
//
// The promises of Model.h, written as one check, and short ways to parse in tests.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_FRONTEND_INVARIANTS_H
#define ESPALIER_TESTS_UNIT_FRONTEND_INVARIANTS_H

#include "compiler/frontend/ModelFile.h"

#include <optional>
#include <string>
#include <vector>

namespace espalier::test {

/// The first broken promise in words, or nothing.
std::string findBrokenInvariant(const Model &model);

/// Parses a text that must be a model; fails the test with the diagnostics where it is none.
Model parseGood(const std::string &text, const std::string &path = "test.toml");

/// Parses a text that must not be a model and gives the printed diagnostics.
std::string parseBad(const std::string &text, const std::string &path = "test.toml");

/// Paths of the .toml files in a folder, sorted.
std::vector<std::string> listModels(const std::string &folder);

std::string readFile(const std::string &path);

} // namespace espalier::test

#endif // ESPALIER_TESTS_UNIT_FRONTEND_INVARIANTS_H
