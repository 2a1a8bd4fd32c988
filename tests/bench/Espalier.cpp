//===- Espalier.cpp - The benchmark's own side ----------------------------===//
//
// A compiled model, loaded as a shared library and run as users run it: their arrays in, their arrays out.
//
//===----------------------------------------------------------------------===//

#include "runtime/Evidence.h"
#include "runtime/Model.h"
#include "runtime/Tiles.h"
#include "tests/bench/Harness.h"

#include <memory>
#include <stdexcept>

#include <dlfcn.h>

using namespace espalier;
using namespace espalier::bench;

namespace {

const EspalierModel &load(const std::string &path) {
  void *library = dlopen(path.c_str(), RTLD_NOW);
  if (!library)
    throw std::runtime_error(dlerror());
  if (auto *model = static_cast<const EspalierModel *>(dlsym(library, "espalier_model")))
    return *model;
  throw std::runtime_error(dlerror());
}

template <typename Kind, size_t count> Kind named(const std::string &text, const Kind (&kinds)[count]) {
  for (Kind kind : kinds)
    if (text == runtime::name(kind))
      return kind;
  throw std::runtime_error("unknown name '" + text + "'");
}

struct Ours {
  runtime::Model model;
  runtime::Array evidence;
  std::unique_ptr<runtime::Runner> runner;
  runtime::Outcome outcome;
};

} // namespace

Work bench::prepare(const Job &job) {
  using namespace runtime;
  auto ours = std::make_shared<Ours>();
  ours->model = loadModel(load(job.library));
  Request request;
  request.program = named(job.program, {Program::BP, Program::Net});
  request.query = named(job.query, {Query::Classify, Query::Denoise, Query::Marginals, Query::Loglik});
  request.evidence = named(job.evidence, {EvidenceKind::Symbol, EvidenceKind::Gaussian, EvidenceKind::Soft});
  request.sigma = job.sigma;
  request.threads = job.threads;
  ours->runner = std::make_unique<Runner>(ours->model, request);
  ours->evidence =
      checkEvidence(ours->model, request.evidence, job.input, "input", ours->runner->evidenceType()).values;
  return {[ours] { ours->runner->run(ours->evidence, ours->outcome); }, [ours] { return ours->outcome.output; },
          "cpu " + ours->model.cpu + ", tile " + std::to_string(ours->runner->tile())};
}
