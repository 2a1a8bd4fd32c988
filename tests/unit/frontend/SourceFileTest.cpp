//===- SourceFileTest.cpp - Reading files that may not be there -----------===//
//
// Missing files, directories, sizes, byte order marks, line ends.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/SourceFile.h"
#include "tests/unit/frontend/Invariants.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace espalier;
using namespace espalier::test;

namespace {

std::string failureOf(const std::string &path) {
  std::vector<Diagnostic> diagnostics;
  CHECK_FALSE(parseModelFile(path, diagnostics));
  return toString(diagnostics);
}

/// A file that is removed at the end of the test.
struct TemporaryFile {
  std::string path;

  TemporaryFile(const std::string &name, const std::string &content)
      : path((std::filesystem::temp_directory_path() / name).string()) {
    std::ofstream(path, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

} // namespace

TEST_CASE("a missing file, an empty path and a directory are errors about the whole file") {
  CHECK(failureOf("models/nowhere.toml") ==
        "models/nowhere.toml: error: cannot open the model file: no such file or directory\n");
  CHECK(failureOf("") == ": error: cannot open the model file: no such file or directory\n");
  CHECK(failureOf("models") == "models: error: expects a model file, got a directory\n");
  CHECK(failureOf("models/chain.toml/x") ==
        "models/chain.toml/x: error: cannot open the model file: not a directory\n");
}

TEST_CASE("a file beyond the limit is refused, and one of its size is read") {
  TemporaryFile largest("espalier-largest.toml", std::string(SourceFile::maxBytes, '#'));
  CHECK(failureOf(largest.path).find("error: model file is empty") != std::string::npos);
  TemporaryFile file("espalier-large.toml", std::string(SourceFile::maxBytes + 1, '#'));
  CHECK(failureOf(file.path) == file.path + ": error: expects a model file of at most 64 MiB, got more; "
                                            "large kernels belong into .npy files\n");
}

TEST_CASE("a file of any bytes gives diagnostics, not a model") {
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes += static_cast<char>(i);
  TemporaryFile file("espalier-bytes.toml", bytes);
  CHECK(failureOf(file.path).find(file.path + ":2:118: error: expects UTF-8 text, got byte 0x80\n") == 0);
}

TEST_CASE("a byte order mark is no part of the text") {
  std::string text = "\xEF\xBB\xBF[tree]\nbranching = [2]\nstates = 2\n[kernel]\npotts = 0.5\n";
  CHECK(parseGood(text).leaves() == 2);
  CHECK(parseBad("\xEF\xBB\xBFx = 1").find("test.toml:1:1: error: unknown key 'x' in the model file") !=
        std::string::npos);
}

TEST_CASE("lines are found whatever ends them") {
  std::vector<Diagnostic> diagnostics;
  auto file = SourceFile::fromText("a\r\nb\n\nlast", "f", diagnostics);
  REQUIRE(file);
  CHECK(file->line(1) == "a");
  CHECK(file->line(2) == "b");
  CHECK(file->line(3) == "");
  CHECK(file->line(4) == "last");
  CHECK(file->line(5) == "");
  CHECK(file->line(0) == "");
}

TEST_CASE("paths of arrays may be absolute") {
  std::string prior = std::filesystem::absolute("models/stored/prior.npy").string();
  Model model = parseGood("[tree]\nbranching = [2]\nstates = 5\n[kernel]\npotts = 0.5\n[root]\nprior = { npy = \"" +
                              prior + "\" }\n",
                          "elsewhere/m.toml");
  CHECK(model.prior[4] == 5);
}
