//===- Options.cpp - What commands share ----------------------------*- C++ -*-===//
//
// Option texts are written once, so that all commands explain them alike.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Options.h"

#include "runtime/Cpu.h"
#include "runtime/Error.h"
#include "runtime/Evidence.h"

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

const Model &Session::runnableModel() {
  requireFeatures(model().features);
  return model();
}

void NoiseOptions::add(CLI::App &command) {
  sigmaOption = command.add_option(
      "--sigma", sigma, "Noise level of gaussian observations, any > 0 (1e-50 to 1e50 where last kernels have zeros)");
  lambdaOption = command.add_option("--lambda", lambda, "Signal level of gaussian observations (default 1)");
}

void NoiseOptions::check(bool gaussian, bool allowZero) const {
  if (!gaussian) {
    if (given())
      throw Error(std::string(sigmaOption->count() ? "--sigma" : "--lambda") + " applies to gaussian observations");
    return;
  }
  if (sigmaOption->count() == 0)
    throw Error("gaussian observations expect --sigma, the noise level");
  checkNoise(lambda, allowZero && sigma == 0 ? 1 : sigma);
}

void espalier::runtime::addThreads(CLI::App &command, int &threads) {
  command.add_option("--threads", threads, "Number of threads, no more than there are (default: all)")
      ->check(CLI::Range(1, 4096));
}

void espalier::runtime::addSeed(CLI::App &command, uint64_t &seed) {
  command.add_option("--seed", seed, "Seed of the random numbers (default " + std::to_string(seed) + ")")
      ->check(CLI::NonNegativeNumber.description(""));
}

void espalier::runtime::addSamples(CLI::App &command, int64_t &samples) {
  command.add_option("--samples", samples, "Samples of every case (default " + std::to_string(samples) + ")")
      ->check(CLI::Range(int64_t{1}, std::numeric_limits<int32_t>::max() * int64_t{1}));
}
