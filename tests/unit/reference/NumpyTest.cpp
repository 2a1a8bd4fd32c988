//===- NumpyTest.cpp - The numpy oracle agrees with the C++ one -----------===//
//
// tests/e2e/numpy_oracle.py is what end-to-end tests expect of compiled models. Here it is run as they run it, as a
// command on files, on models and evidence drawn at random, and held against the oracle.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/VerifyCompare.h"
#include "compiler/frontend/ModelFile.h"
#include "compiler/reference/Oracle.h"
#include "runtime/Npy.h"
#include "tests/unit/reference/RandomModel.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include <sys/wait.h>
#include <unistd.h>

using namespace espalier;
using namespace espalier::test;
using espalier::reference::Beliefs;
using runtime::Array;
using runtime::ElementType;
using runtime::Query;

namespace {

constexpr int64_t batch = 5;
constexpr double lambda = 0.8, sigma = 0.4;
constexpr double tolerance = 1e-14;

/// A directory that goes with the test.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("espalier-numpy-test-" + std::to_string(getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const char *name) const { return (path / name).string(); }
};

/// Entries from `next` on as nested lists of the given shape.
void writeNested(std::ostream &out, const double *&next, const std::vector<int64_t> &shape, size_t axis = 0) {
  if (axis == shape.size()) {
    out << *next++;
    return;
  }
  for (int64_t i = 0; i < shape[axis]; ++i) {
    out << (i == 0 ? "[" : ", ");
    writeNested(out, next, shape, axis + 1);
  }
  out << "]";
}

void writeList(std::ostream &out, const std::vector<double> &values, const std::vector<int64_t> &shape) {
  const double *next = values.data();
  writeNested(out, next, shape);
}

/// The model as a user would have written it.
void writeToml(const Model &model, const std::string &path) {
  std::ofstream out(path);
  out.precision(17);
  out << "[tree]\nbranching = [";
  for (const Level &level : model.levels) {
    if (level.patch.size() == 2)
      out << "[" << level.patch[0] << ", " << level.patch[1] << "], ";
    else
      out << level.patch[0] << ", ";
  }
  out << "]\nstates = [" << model.rootStates;
  for (const Level &level : model.levels)
    out << ", " << level.states;
  out << "]\n[root]\nprior = ";
  writeList(out, model.prior, {model.rootStates});
  for (int64_t l = 1; l <= model.depth(); ++l) {
    static const char *const sharing[] = {"rank", "level", "none"};
    out << "\n[[level]]\nindex = " << l << "\nkernel.sharing = \""
        << sharing[static_cast<int>(model.levels[l - 1].sharing)] << "\"\nkernel.matrix = ";
    std::vector<int64_t> shape = {model.kernelCount(l), model.states(l - 1), model.states(l)};
    if (model.levels[l - 1].sharing == Sharing::Level)
      shape.erase(shape.begin());
    writeList(out, model.levels[l - 1].kernel, shape);
  }
  out << "\n[observation]\nchannel = \"" << (model.channel == Channel::Symbol ? "symbol" : "gaussian")
      << "\"\nvalues = ";
  if (model.valuesAreVectors)
    writeList(out, model.values, {model.leafStates(), model.valueSize});
  else
    writeList(out, model.values, {model.leafStates()});
  out << "\n";
}

std::vector<int64_t> userShape(const Model &model, int64_t width, bool hasWidth) {
  std::vector<int64_t> shape = model.shape(model.depth());
  shape.insert(shape.begin(), batch);
  if (hasWidth)
    shape.push_back(width);
  return shape;
}

/// Random evidence in users' layout, some of it missing, and the oracle's answers to it.
struct Asked {
  Array evidence;
  std::vector<Beliefs> beliefs;
};

template <typename T, typename Draw, typename Fields>
Asked ask(const Model &model, ElementType type, int64_t width, bool hasWidth, Draw draw, Fields fieldsOf) {
  Asked asked = {Array(type, userShape(model, width, hasWidth)), {}};
  const std::vector<int64_t> places = userPlaces(model, model.depth());
  T *sample = asked.evidence.data<T>();
  for (int64_t i = 0; i < batch; ++i, sample += model.leaves() * width) {
    std::generate_n(sample, model.leaves() * width, draw);
    std::vector<T> ranked;
    for (int64_t place : places)
      ranked.insert(ranked.end(), sample + place * width, sample + (place + 1) * width);
    asked.beliefs.push_back(reference::oracle(model, fieldsOf(ranked)).beliefs);
  }
  return asked;
}

Asked askSymbols(const Model &model, std::mt19937_64 &random) {
  return ask<int32_t>(
      model, ElementType::I32, 1, false,
      [&] { return static_cast<int32_t>(uniform(random) * (model.leafStates() + 1)) - 1; },
      [&](const auto &ranked) { return reference::symbolFields(model, ranked); });
}

Asked askGaussian(const Model &model, std::mt19937_64 &random) {
  return ask<double>(
      model, ElementType::F64, model.valueSize, model.valuesAreVectors,
      [&] { return uniform(random) < 0.2 ? std::nan("") : 4 * uniform(random) - 2; },
      [&](const auto &ranked) { return reference::gaussianFields(model, ranked, lambda, sigma); });
}

Asked askSoft(const Model &model, std::mt19937_64 &random) {
  return ask<double>(
      model, ElementType::F64, model.leafStates(), true, [&] { return 0.01 + uniform(random); },
      [&](const auto &ranked) { return reference::softFields(model, ranked); });
}

/// Exit code of the oracle's command; its answer, if any, is in y.npy.
int runNumpy(const Folder &folder, const std::string &arguments, const std::string &modelFile) {
  const std::string command = std::string("'") + ESPALIER_NUMPY_PYTHON + "' '" + ESPALIER_NUMPY_ORACLE + "' '" +
                              modelFile + "' " + arguments + " --input '" + folder / "x.npy" + "' --output '" +
                              folder / "y.npy" + "' 2> /dev/null";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void requireAgreement(const Folder &folder, const std::string &file, const Model &model, const Asked &asked,
                      const std::string &options) {
  runtime::writeNpy(folder / "x.npy", asked.evidence);
  runtime::Outcome outcome;
  REQUIRE(runNumpy(folder, "loglik" + options, file) == 0);
  outcome.output = runtime::readNpy(folder / "y.npy", ElementType::F64);
  outcome.loglik.assign(outcome.output.data<double>(), outcome.output.data<double>() + outcome.output.size());
  REQUIRE(outcome.output.shape() == std::vector<int64_t>{batch});
  auto requireClose = [&](Query query, int64_t level) {
    const Deviation deviation = compare(model, {query, level}, outcome, asked.beliefs);
    REQUIRE(deviation.wrongFlags == 0);
    REQUIRE(deviation.maxAbs <= tolerance);
  };
  auto requireQuery = [&](Query query, int64_t level, const std::vector<int64_t> &shape) {
    const std::string levelOption = level < 0 ? "" : " --level " + std::to_string(level);
    REQUIRE(runNumpy(folder, runtime::name(query) + options + levelOption, file) == 0);
    outcome.output = runtime::readNpy(folder / "y.npy", ElementType::F64);
    REQUIRE(outcome.output.shape() == shape);
    requireClose(query, level);
  };
  requireClose(Query::Loglik, -1);
  requireQuery(Query::Classify, -1, {batch, model.rootStates});
  requireQuery(Query::Denoise, -1, userShape(model, model.valueSize, model.valuesAreVectors));
  std::vector<int64_t> shape = model.shape(1);
  shape.insert(shape.begin(), batch);
  shape.push_back(model.states(1));
  requireQuery(Query::Marginals, 1, shape);
  requireQuery(Query::Marginals, model.depth(), userShape(model, model.leafStates(), true));
}

} // namespace

TEST_CASE("numpy agrees on a sequence of symbols, and on soft evidence for it") {
  const Folder folder;
  const Model model = randomModel({{3, 2, 5, 2}, {2, 3, 1}, {Sharing::Rank, Sharing::None, Sharing::Level}}, 21);
  writeToml(model, folder / "model.toml");
  std::mt19937_64 random(1);
  requireAgreement(folder, folder / "model.toml", model, askSymbols(model, random), "");
  requireAgreement(folder, folder / "model.toml", model, askSoft(model, random), " --soft");
}

TEST_CASE("numpy agrees on an image of vectors under noise") {
  const Folder folder;
  Model model = randomModel({{2, 3, 3}, {6, 2}, {Sharing::None, Sharing::Rank}}, 22);
  model.levels[0].patch = {2, 3};
  model.levels[1].patch = {2, 1};
  model.channel = Channel::Gaussian;
  model.valueSize = 2;
  model.valuesAreVectors = true;
  model.values = {-1, 0, 0.5, 1, 1, -0.25};
  writeToml(model, folder / "model.toml");
  std::mt19937_64 random(2);
  requireAgreement(folder, folder / "model.toml", model, askGaussian(model, random), " --sigma 0.4 --lambda 0.8");
}

TEST_CASE("numpy agrees where kernels have zeros, and reports impossible evidence") {
  const Folder folder;
  Model model = randomModel({{3, 3, 3}, {2, 2}, {Sharing::Level, Sharing::Rank}, 0.4}, 23);
  model.channel = Channel::Gaussian;
  writeToml(model, folder / "model.toml");
  std::mt19937_64 random(3);
  requireAgreement(folder, folder / "model.toml", model, askGaussian(model, random), " --sigma 0.4 --lambda 0.8");

  Asked impossible = askSoft(model, random);
  std::fill_n(impossible.evidence.data<double>(), model.leafStates(), 0.0);
  runtime::writeNpy(folder / "x.npy", impossible.evidence);
  REQUIRE(runNumpy(folder, "loglik --soft", folder / "model.toml") == 0);
  REQUIRE(runtime::readNpy(folder / "y.npy").data<double>()[0] == -std::numeric_limits<double>::infinity());
  std::filesystem::remove(folder / "y.npy");
  REQUIRE(runNumpy(folder, "classify --soft", folder / "model.toml") == 3);
  REQUIRE_FALSE(std::filesystem::exists(folder / "y.npy"));
}

TEST_CASE("numpy reads model files as the compiler does") {
  // Default kernels and overrides, potts, and arrays in files next to the model's.
  const std::string file = std::string(ESPALIER_MODELS "/") + GENERATE("rules.toml", "stored.toml");
  std::vector<Diagnostic> diagnostics;
  const std::optional<Model> model = parseModelFile(file, diagnostics);
  REQUIRE(model);
  std::mt19937_64 random(4);
  requireAgreement(Folder(), file, *model, askGaussian(*model, random), " --sigma 0.4 --lambda 0.8");
}
