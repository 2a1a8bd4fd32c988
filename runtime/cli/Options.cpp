//===- Options.cpp - What commands share ----------------------------*- C++ -*-===//
//
// Option texts are written once, so that all commands explain them alike.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Options.h"

#include "runtime/Cpu.h"
#include "runtime/Error.h"
#include "runtime/Evidence.h"
#include "runtime/cli/Values.h"

#include <cstdlib>
#include <limits>

using namespace espalier::runtime;

namespace {

/// Puts the variant called `cpu` to use. Throws Error where there is none or this machine cannot run it.
void force(Model &model, const std::string &cpu) {
  std::string names;
  for (const Variant &variant : model.variants) {
    if (variant.cpu == cpu) {
      requireFeatures(variant.features, "the variant " + cpu + ", which " + cpuVariable + " asks for,");
      model.use(variant);
      return;
    }
    names += (names.empty() ? "" : ", ") + variant.cpu;
  }
  throw Error(std::string(cpuVariable) + " expects a variant that this model holds (" + names + "), got '" + cpu + "'");
}

} // namespace

const Model &Session::model() {
  if (!isLoaded) {
    loaded = loadModel(compiled);
    if (const char *cpu = std::getenv(cpuVariable); cpu && *cpu)
      force(loaded, cpu);
  }
  isLoaded = true;
  return loaded;
}

std::string Session::noiseExample() {
  try {
    return model().channel == Channel::Gaussian ? " --sigma 0.5" : "";
  } catch (const Error &) {
    return "";
  }
}

const Model &Session::runnableModel() {
  requireFeatures(model().features);
  return model();
}

void NoiseOptions::add(CLI::App &command) {
  sigmaOption = addReal(command, "--sigma", sigma,
                        "Noise level of gaussian observations, any > 0 (1e-50 to 1e50 where last kernels have zeros)");
  lambdaOption = addReal(command, "--lambda", lambda, "Signal level of gaussian observations (default 1)");
}

void NoiseOptions::check(bool gaussian, bool allowZero) const {
  if (!gaussian) {
    if (given())
      throw Error(std::string(sigmaOption->count() ? "--sigma" : "--lambda") + " applies to gaussian observations");
    return;
  }
  if (sigmaOption->count() == 0)
    throw Error("gaussian observations expect --sigma, the noise level");
  checkNoise(lambda, sigma, allowZero);
}

std::unique_ptr<OutputFile> espalier::runtime::planOutput(const std::string &path, const std::string &ending,
                                                          const std::vector<std::string> &inputs) {
  if (path.empty())
    return nullptr;
  auto output = std::make_unique<OutputFile>(path);
  output->expectEnding(ending);
  for (const std::string &input : inputs)
    output->expectOther(input, "the input");
  return output;
}

void espalier::runtime::addThreads(CLI::App &command, int &threads) {
  addInteger(command, "--threads", threads, {1, 4096}, "Number of threads, no more than there are (default: all)");
}

void espalier::runtime::addSeed(CLI::App &command, uint64_t &seed) {
  addInteger(command, "--seed", seed, {}, "Seed of the random numbers (default " + std::to_string(seed) + ")");
}

void espalier::runtime::addSamples(CLI::App &command, int64_t &samples) {
  addInteger(command, "--samples", samples, {1, std::numeric_limits<int32_t>::max()},
             "Samples of every case (default " + std::to_string(samples) + ")");
}
