//===- CommandLineTest.cpp - The commands that every model carries --*- C++ -*-===//
//
// Commands end to end through runCommandLine(): files, exit codes, messages.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"
#include "TempDirectory.h"

#include "runtime/Npy.h"
#include "runtime/cli/CommandLine.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include <nlohmann/json.hpp>

using namespace espalier;
using namespace espalier::runtime;
using namespace espalier::runtime::tests;

namespace {

struct Result {
  int exitCode;
  std::string out, err;
};

/// Redirects a stream for its lifetime.
class Capture {
public:
  explicit Capture(std::ostream &stream) : stream(stream), original(stream.rdbuf(buffer.rdbuf())) {}
  ~Capture() { stream.rdbuf(original); }
  std::string text() const { return buffer.str(); }

private:
  std::ostringstream buffer;
  std::ostream &stream;
  std::streambuf *original;
};

/// An environment variable for its lifetime.
class Variable {
public:
  Variable(const char *name, const char *value) : name(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name); }
  Variable(const Variable &) = delete;
  Variable &operator=(const Variable &) = delete;

private:
  const char *name;
};

Result call(const FakeModel &fake, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "model");
  std::vector<char *> argv;
  for (std::string &argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  Capture out(std::cout), err(std::cerr);
  int exitCode = runCommandLine(fake.compiled, static_cast<int>(arguments.size()), argv.data());
  return {exitCode, out.text(), err.text()};
}

/// Fails with one line on standard error that holds `message`, and writes nothing.
void checkError(const FakeModel &fake, const std::vector<std::string> &arguments, const std::string &message) {
  Result result = call(fake, arguments);
  INFO(result.err);
  CHECK(result.exitCode == 1);
  CHECK(result.err.find(message) != std::string::npos);
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  CHECK(result.out.empty());
}

template <typename T>
std::string writeArray(const TempDirectory &directory, const std::string &name, std::vector<int64_t> shape,
                       std::vector<T> values) {
  Array array(elementTypeOf<T>(), std::move(shape));
  REQUIRE(static_cast<int64_t>(values.size()) == array.size());
  std::copy(values.begin(), values.end(), array.data<T>());
  writeNpy(directory.path(name), array);
  return directory.path(name);
}

} // namespace

TEST_CASE("command line: sample, observe and every query, through files", "[cli]") {
  TempDirectory directory;
  std::string x = directory.path("x.npy"), labels = directory.path("labels.npy"), z = directory.path("z.npy"),
              y = directory.path("y.npy");
  REQUIRE(call(imageModel(), {"sample", "-n", "20", "--seed", "3", "--output", x, "--labels", labels}).exitCode == 0);
  REQUIRE(readNpy(x).shape() == std::vector<int64_t>{20, 2, 4});
  REQUIRE(readNpy(labels).type() == ElementType::I32);
  REQUIRE(call(imageModel(), {"observe", "--input", x, "--sigma", "0.5", "--output", z}).exitCode == 0);
  REQUIRE(readNpy(z).type() == ElementType::F32);
  struct {
    std::vector<std::string> arguments;
    std::vector<int64_t> shape;
  } queries[] = {{{"classify"}, {20, 3}},
                 {{"classify", "--program=net", "--threads", "2"}, {20, 3}},
                 {{"denoise", "--lambda", "-1"}, {20, 2, 4}},
                 {{"marginals"}, {20, 2, 4, 4}},
                 {{"marginals", "--level", "0"}, {20, 1, 1, 3}},
                 {{"loglik"}, {20}}};
  for (auto &[arguments, shape] : queries) {
    arguments.insert(arguments.end(), {"--input", z, "--sigma", "0.5", "--output", y});
    Result result = call(imageModel(), arguments);
    INFO(result.err);
    REQUIRE(result.exitCode == 0);
    REQUIRE((result.out + result.err).empty());
    REQUIRE(readNpy(y).shape() == shape);
    std::filesystem::remove(y);
  }
  REQUIRE(directory.fileCount() == 3);
}

TEST_CASE("command line: without --output a table is printed", "[cli]") {
  TempDirectory directory;
  std::string x = writeArray<int32_t>(directory, "x.npy", {1, 6}, {-1, -1, -1, -1, -1, -1});
  Result result = call(sequenceModel(), {"classify", "--input", x});
  CHECK(result.exitCode == 0);
  CHECK(result.out == "classify: 1x2 float64\n     0 |         0.4         0.6\n");
  CHECK(call(sequenceModel(), {"sample", "-n", "30"}).out.find("and 22 more") != std::string::npos);
}

TEST_CASE("command line: impossible evidence is exit code 3, but an answer for loglik", "[cli]") {
  TempDirectory directory;
  std::vector<double> likelihoods(4 * 18, 1.0);
  std::fill_n(likelihoods.begin() + 18, 3, 0.0);
  std::fill_n(likelihoods.begin() + 3 * 18, 3, 0.0);
  std::string w = writeArray(directory, "w.npy", {4, 6, 3}, likelihoods), y = directory.path("y.npy");
  for (const char *query : {"classify", "denoise", "marginals"}) {
    Result result = call(sequenceModel(), {query, "--input", w, "--soft", "--output", y});
    CHECK(result.exitCode == 3);
    CHECK(result.err == w + ": error: the evidence of 2 samples has probability 0, the first is sample 1\n");
    CHECK_FALSE(std::filesystem::exists(y));
  }
  Result result = call(sequenceModel(), {"loglik", "--input", w, "--soft", "--output", y});
  CHECK(result.exitCode == 0);
  CHECK(readNpy(y).data<double>()[3] == -INFINITY);
}

TEST_CASE("command line: likelihoods too small for the model's type", "[cli]") {
  TempDirectory directory;
  std::string w = writeArray(directory, "w.npy", {1, 2, 4, 4}, std::vector<double>(32, 1e-100));
  REQUIRE(call(imageModel(), {"loglik", "--input", w, "--soft", "--output", directory.path("y.npy")}).exitCode == 0);
  CHECK(readNpy(directory.path("y.npy")).data<double>()[0] == Approx(-800 * std::log(10)));
}

TEST_CASE("command line: mistakes are one sentence and exit code 1", "[cli]") {
  TempDirectory directory;
  std::string x = writeArray<int32_t>(directory, "x.npy", {1, 6}, {0, 0, 0, 0, 0, 3});
  std::string ok = writeArray<int32_t>(directory, "ok.npy", {1, 6}, {0, 0, 0, 0, 0, 0});
  std::string z = writeArray<float>(directory, "z.npy", {1, 2, 4}, std::vector<float>(8, 0.0f));
  std::string s = writeArray<int32_t>(directory, "s.npy", {1, 2, 4}, std::vector<int32_t>(8, 0));
  size_t files = directory.fileCount();
  std::string y = directory.path("y.npy");

  checkError(sequenceModel(), {}, "error: expects a command: info, classify");
  checkError(sequenceModel(), {"map"}, "error: unknown command 'map', expects info, classify, ");
  checkError(sequenceModel(), {"clasify"}, "error: unknown command 'clasify', did you mean 'classify'?");
  checkError(sequenceModel(), {"classify"}, "error: classify expects --input, got none");
  checkError(sequenceModel(), {"classify", "--input", ok, "--frobnicate"}, "--frobnicate");
  checkError(sequenceModel(), {"classify", "--input", ok, "--level", "1"}, "--level");
  checkError(sequenceModel(), {"classify", "--input", ok, "--program", "magic"}, "magic");
  checkError(sequenceModel(), {"classify", "--input", ok, "--threads", "0"}, "--threads");
  checkError(sequenceModel(), {"classify", "--input", ok, "--threads", "many"}, "many");
  checkError(sequenceModel(), {"marginals", "--input", ok, "--level", "3"},
             "error: --level expects an integer in 0 .. 2, got 3");
  checkError(sequenceModel(), {"marginals", "--input", ok, "--level", "-1"},
             "error: --level expects an integer in 0 .. 2, got -1");
  checkError(sequenceModel(), {"classify", "--input", directory.path("none.npy")}, "none.npy: error: cannot be read");
  checkError(sequenceModel(), {"classify", "--input", x, "--output", y},
             x + ": error: expects 1x6 integers in [-1, 2], got value 3 at [0, 5]");
  checkError(sequenceModel(), {"classify", "--input", ok, "--sigma", "1"},
             "error: --sigma applies to gaussian observations");
  checkError(sequenceModel(), {"classify", "--input", ok, "--output", directory.path("no/y.npy")}, "cannot be written");
  checkError(imageModel(), {"denoise", "--input", z, "--output", y}, "error: gaussian observations expect --sigma");
  for (const char *sigma : {"0", "-1", "nan", "inf"})
    checkError(imageModel(), {"denoise", "--input", z, "--sigma", sigma},
               "error: --sigma expects a finite number > 0, got ");
  checkError(imageModel(), {"denoise", "--input", z, "--sigma", "1", "--lambda", "inf"},
             "error: --lambda expects a finite number, got inf");
  checkError(imageModel(), {"denoise", "--input", z, "--sigma", "1", "--soft"}, "--sigma applies to gaussian");
  checkError(imageModel(), {"denoise", "--input", z, "--soft", "--lambda", "2"}, "--lambda applies to gaussian");
  checkError(imageModel(), {"denoise", "--input", z, "--soft"}, "expects 1x2x4x4 finite floats >= 0, got shape 1x2x4");
  checkError(imageModel(), {"observe", "--input", s, "--output", y}, "expect --sigma");
  checkError(imageModel(), {"observe", "--input", s, "--sigma", "-1"},
             "error: --sigma expects a finite number >= 0, got -1");
  checkError(imageModel(), {"observe", "--input", z, "--sigma", "1"}, "integers in [-1, 3]");
  checkError(sequenceModel(), {"observe", "--input", ok, "--sigma", "1"}, "--sigma applies to gaussian observations");
  checkError(imageModel(), {"sample", "--output", y}, "error: sample expects -n, got none");
  checkError(imageModel(), {"sample", "-n", "-1", "--output", y}, "-n");
  checkError(imageModel(), {"sample", "-n", "5", "--output", y, "--labels", y}, "expect two files");
  checkError(imageModel(), {"sample", "-n", "5", "--output", y, "--labels", directory.path("no/l.npy")},
             "cannot be written");
  checkError(imageModel(), {"sample", "-n", "1000000000000000", "--output", y},
             "error: not enough memory: an array of shape 1000000000000000x2x4 takes 28.4 PiB, ");
  checkError(
      imageModel(), {"sample", "-n", "9e18", "--output", y},
      "error: not enough memory: an array of shape 9000000000000000000x2x4 takes more than a process can address");
  checkError(imageModel(), {"picture", "--rows", x, "--output", directory.path("p.png")},
             "expects a batch of 2x4 leaves");
  checkError(imageModel(), {"verify", "--samples", "0"}, "--samples");
  checkError(imageModel(), {"bench", "--batch", "-2"}, "--batch");
  checkError(withoutNetwork(), {"classify", "--input", z, "--sigma", "1", "--program", "net"},
             "without the program 'net'");
  checkError(withoutNetwork(), {"verify"}, "compiled without 'net'");
  CHECK(directory.fileCount() == files);
}

TEST_CASE("command line: a word that is wrong is named, and the one that was meant", "[cli]") {
  auto wrong = [](const std::vector<std::string> &arguments, const std::string &sentence) {
    Result result = call(imageModel(), arguments);
    CHECK(result.exitCode == 1);
    CHECK(result.err == "error: " + sentence + "\n");
    CHECK(result.out.empty());
  };
  wrong({"denoise", "--inptu", "z.npy"}, "unknown option --inptu of denoise, did you mean '--input'?");
  wrong({"denoise", "--inptu=z.npy"}, "unknown option --inptu of denoise, did you mean '--input'?");
  wrong({"denoise", "-input", "z.npy"}, "unknown option -input of denoise, did you mean '--input'?");
  wrong({"denoise", "-i", "z.npy"}, "unknown option -i of denoise (see --help)");
  wrong({"denoise", "-help"}, "unknown option -help of denoise, did you mean '--help'?");
  wrong({"sample", "--input", "z.npy", "-n", "3"}, "unknown option --input of sample (see --help)");
  wrong({"--input", "z.npy", "denoise"}, "options stand behind the command, got --input before it");
  wrong({"-n5", "sample"}, "options stand behind the command, got -n5 before it");
  wrong({"--verion"}, "unknown option --verion, did you mean '--version'?");
  wrong({"denoise", "z.npy"}, "denoise expects options only, got 'z.npy', did you mean --input z.npy?");
  wrong({"sample", "-n", "3", "x.npy"}, "sample expects options only, got 'x.npy' (see --help)");
  wrong({"denoise", "--", "--input"}, "denoise expects options only, got '--input' (see --help)");
  wrong({"denoise", "--input"}, "--input expects a value, got none");
  wrong({"denoise", "--input", "--soft"}, "--input expects a value, got the option --soft");
  wrong({"denoise", "--input", ""}, "--input expects a value, got nothing");
  wrong({"denoise", "--input="}, "--input expects a value, got nothing");
  wrong({"denoise", "--input", "z.npy", "--sigma", ""}, "--sigma expects a value, got nothing");
  wrong({"denoise", "--input", "z.npy", "--lambda="}, "--lambda expects a value, got nothing");
  wrong({"sample", "-n", "3", "--output", ""}, "--output expects a value, got nothing");
  wrong({"denoise", "--input", "a.npy", "--input", "b.npy"}, "--input expects one value, got 'a.npy' and 'b.npy'");
  wrong({"denoise", "--input", "a.npy", "--soft=1"}, "--soft expects no value, got '1'");
  wrong({"picture", "--rows", "a.npy", "", "--output", "p.png"}, "--rows expects a value, got nothing");
  wrong({"denoise", "--input", "z.npy", "--sigma", "abc"}, "--sigma expects a number, got 'abc'");
  wrong({"denoise", "--input", "z.npy", "--sigma", "0,7"}, "--sigma expects a number, got '0,7'");
  wrong({"denoise", "--input", "z.npy", "--sigma", "1e-400"},
        "--sigma expects a number that a double can hold, got 1e-400");
  wrong({"denoise", "--input", "z.npy", "--sigma", "1", "--program", "nte"},
        "--program expects bp or net, got 'nte', did you mean 'net'?");
  wrong({"sample", "-n", "3", "--seed", "-1"}, "--seed expects an integer in 0 .. 2^64 - 1, got -1");
  wrong({"sample", "-n", "3", "--seed", "18446744073709551616"},
        "--seed expects an integer in 0 .. 2^64 - 1, got 18446744073709551616");
  wrong({"sample", "-n", "1.5"}, "-n expects an integer in 0 .. 2^63 - 1, got '1.5'");
}

TEST_CASE("command line: integers may be written with an exponent", "[cli]") {
  TempDirectory directory;
  std::string x = directory.path("x.npy");
  REQUIRE(call(imageModel(), {"sample", "-n", "1e2", "--seed", "18446744073709551615", "--output", x}).exitCode == 0);
  CHECK(readNpy(x).shape() == std::vector<int64_t>{100, 2, 4});
}

TEST_CASE("command line: --version names the model and Espalier", "[cli]") {
  Result result = call(imageModel(), {"--version"});
  CHECK(result.exitCode == 0);
  CHECK(result.out.starts_with("image, compiled by espalier 0."));
}

TEST_CASE("command line: no arguments at all", "[cli]") {
  Capture out(std::cout), err(std::cerr);
  char *argv[] = {nullptr};
  CHECK(runCommandLine(imageModel().compiled, 0, argv) == 1);
}

TEST_CASE("command line: help everywhere, listing what there is", "[cli]") {
  Result result = call(imageModel(), {"--help"});
  CHECK(result.exitCode == 0);
  for (const char *command :
       {"info", "classify", "denoise", "marginals", "loglik", "sample", "observe", "verify", "bench", "picture"}) {
    CHECK(result.out.find(std::string("\n  ") + command) != std::string::npos);
    Result own = call(imageModel(), {command, "--help"});
    CHECK(own.exitCode == 0);
    CHECK(own.out.find("--help") != std::string::npos);
    size_t examples = own.out.find(std::string("Examples:\n  model ") + command);
    REQUIRE(examples != std::string::npos);
    CHECK(own.out.find("\n\nDocumentation: README.md", examples) != std::string::npos);
  }
  CHECK(result.out.find("\n  map") == std::string::npos);
  CHECK(result.out.find("Examples:\n  model info\n  model sample") != std::string::npos);
  CHECK(call(imageModel(), {"denoise", "--help"}).out.find("--input z.npy --sigma 0.5\n") != std::string::npos);
  CHECK(call(sequenceModel(), {"denoise", "--help"}).out.find("--input z.npy\n") != std::string::npos);
}

TEST_CASE("command line: a machine without a feature still shows help and info", "[cli]") {
  FakeModel fake = builtFor({{"future", exoticFeatures}});
  TempDirectory directory;
  std::string z = writeArray<float>(directory, "z.npy", {1, 2, 4}, std::vector<float>(8, 0.0f));
  CHECK(call(fake, {"info"}).exitCode == 0);
  CHECK(call(fake, {"classify", "--help"}).exitCode == 0);
  checkError(fake, {"classify", "--input", z, "--sigma", "1"}, "error: this model was compiled for a processor with ");
  checkError(fake, {"verify"}, "which this machine lacks");
  checkError(fake, {"bench"}, "which this machine lacks");
}

TEST_CASE("command line: ESPALIER_CPU chooses among the variants", "[cli]") {
  FakeModel fake = builtFor({{"future", exoticFeatures}, {"present", {"sse2"}}, {"past", {"sse"}}});
  auto cpu = [&] { return nlohmann::json::parse(call(fake, {"info", "--json"}).out)["cpu"]; };
  CHECK(cpu() == "present");
  {
    Variable variable("ESPALIER_CPU", "past");
    CHECK(cpu() == "past");
    CHECK(nlohmann::json::parse(call(fake, {"bench", "--batch", "1", "--json"}).out)["cpu"] == "past");
  }
  {
    Variable variable("ESPALIER_CPU", "");
    CHECK(cpu() == "present");
  }
  {
    Variable variable("ESPALIER_CPU", "pasta");
    checkError(fake, {"info"},
               "error: ESPALIER_CPU expects a variant that this model holds (future, present, past), got 'pasta'");
    CHECK(call(fake, {"classify", "--help"}).exitCode == 0);
  }
  Variable variable("ESPALIER_CPU", "future");
  for (const char *command : {"info", "verify", "bench"})
    checkError(fake, {command},
               "error: the variant future, which ESPALIER_CPU asks for, was compiled for a processor with ");
}

TEST_CASE("command line: info lists the variants and what this machine lacks for them", "[cli]") {
  FakeModel fake = builtFor({{"future", exoticFeatures}, {"present", {"sse2"}}});
  std::string text = call(fake, {"info"}).out;
  CHECK(text.find("cpu          present\n") != std::string::npos);
  CHECK(text.find("variants     future (not for this machine), present\n") != std::string::npos);
  auto variants = nlohmann::json::parse(call(fake, {"info", "--json"}).out)["variants"];
  REQUIRE(variants.size() == 2);
  CHECK(variants[0]["features"] == exoticFeatures);
  CHECK_FALSE(variants[0]["missing"].empty());
  CHECK(variants[1]["cpu"] == "present");
  CHECK(variants[1]["missing"].empty());
  CHECK(variants[1]["tile"] == 8);
}

TEST_CASE("command line: info in JSON", "[cli]") {
  auto info = nlohmann::json::parse(call(imageModel(), {"info", "--json"}).out);
  CHECK(info["name"] == "image");
  CHECK(info["states"] == std::vector<int>{3, 2, 4});
  CHECK(info["dtype"] == "f32");
  CHECK(info["parameters"] == 42);
  CHECK(info["kernels"].size() == 8);
  CHECK(call(imageModel(), {"info"}).out.find("branching    2x2, 1x2\n") != std::string::npos);
}

TEST_CASE("command line: verify tells right from wrong", "[cli]") {
  Result right = call(imageModel(), {"verify", "--samples", "4", "--seed", "2"});
  CHECK(right.exitCode == 0);
  CHECK(right.err.empty());
  Result wrong = call(brokenModel(), {"verify", "--samples", "4"});
  CHECK(wrong.exitCode == 2);
  CHECK(wrong.err.find("error: net and bp differ in denoise") == 0);
  CHECK(wrong.out.find("NO\n") != std::string::npos);
}

TEST_CASE("command line: bench in JSON", "[cli]") {
  auto report = nlohmann::json::parse(call(imageModel(), {"bench", "--batch", "9", "--threads", "1", "--json"}).out);
  CHECK(report["model"] == "image");
  CHECK(report["dtype"] == "f32");
  CHECK(report["threads"] == 1);
  CHECK(report["peak_gflops"] > 0);
  REQUIRE(report["rows"].size() == 8);
  for (const auto &row : report["rows"]) {
    CHECK(row["batch"] == 9);
    CHECK(row["leaves_per_second"].get<double>() == Approx(72 / row["seconds"].get<double>()));
    double flops = row["query"] == "classify" || row["query"] == "loglik" ? 176 : 352;
    CHECK(row["gflops"].get<double>() == Approx(9 * flops / row["seconds"].get<double>() / 1e9));
  }
}

TEST_CASE("command line: a picture of several arrays", "[cli]") {
  TempDirectory directory;
  std::string z = writeArray<float>(directory, "z.npy", {1, 2, 4}, std::vector<float>(8, 0.0f));
  std::string s = writeArray<int32_t>(directory, "s.npy", {1, 2, 4}, std::vector<int32_t>(8, 0));
  std::string png = directory.path("p.png");
  REQUIRE(call(imageModel(), {"picture", "--rows", z, "--rows", s, "--output", png, "--scale", "3"}).exitCode == 0);
  CHECK(std::filesystem::file_size(png) > 60);
}
