//===- Verify.cpp - Compiled programs against the oracle ------------------===//

#include "compiler/driver/Verify.h"
#include "compiler/driver/VerifyCompare.h"
#include "compiler/driver/VerifySearch.h"
#include "compiler/reference/Oracle.h"
#include "runtime/Cases.h"
#include "runtime/Tolerance.h"

#include <algorithm>
#include <atomic>
#include <cassert>

#include <tbb/parallel_for.h>

namespace espalier {
namespace {

using reference::Beliefs;
using reference::Oracle;

constexpr int64_t mostSamples = 64;
constexpr double oracleSeconds = 10;

/// One check that is to be made, and of what.
struct Plan {
  const runtime::Model *compiled;
  runtime::Program program;
  Question question;
  /// The kind of evidence that it is about; any kind without.
  std::optional<runtime::EvidenceKind> evidence = {};
  /// Of a network of ReLUs, on its own kind.
  std::optional<double> certified = {};

  /// Whether it promises anything about this case.
  bool covers(const runtime::Case &drawn) const {
    return (!evidence || *evidence == drawn.kind) && (!certified || runtime::isCertified(*compiled, drawn));
  }
};

double boundOf(const CertifiedBounds &bounds, runtime::Query query) {
  return query == runtime::Query::Classify  ? bounds.classify
         : query == runtime::Query::Denoise ? bounds.denoise
                                            : bounds.marginals;
}

/// A network of ReLUs and the exact one that a model has for soft evidence.
void addReluPlans(std::vector<Plan> &plans, const Plan &plan, const CertifiedBounds &bounds) {
  Plan own = plan, soft = plan;
  own.evidence = plan.compiled->ownEvidence();
  own.certified = boundOf(bounds, plan.question.query);
  soft.evidence = runtime::EvidenceKind::Soft;
  if (plan.question.query != runtime::Query::Loglik)
    plans.push_back(own);
  plans.push_back(soft);
}

/// All levels of a shallow tree; of a deep one those near either end and the middle.
std::vector<int64_t> levelsToCheck(int64_t depth) {
  std::vector<int64_t> levels;
  for (int64_t l = 0; l <= depth; ++l)
    if (depth <= 6 || l <= 2 || l == depth / 2 || l >= depth - 1)
      levels.push_back(l);
  return levels;
}

std::vector<Plan> makePlans(const Model &model, const std::vector<const runtime::Model *> &compiled,
                            const std::vector<CertifiedBounds> &bounds) {
  std::vector<Question> questions = {{runtime::Query::Classify}, {runtime::Query::Loglik}, {runtime::Query::Denoise}};
  for (int64_t l : levelsToCheck(model.depth()))
    questions.push_back({runtime::Query::Marginals, l});
  std::vector<Plan> plans;
  for (size_t i = 0; i < compiled.size(); ++i)
    for (runtime::Program program : {runtime::Program::BP, runtime::Program::Net})
      if (compiled[i]->hasProgram(program))
        for (const Question &question : questions) {
          Plan plan{compiled[i], program, question};
          if (program == runtime::Program::Net && compiled[i]->relu && i < bounds.size())
            addReluPlans(plans, plan, bounds[i]);
          else
            plans.push_back(plan);
        }
  return plans;
}

/// What one sample costs the oracle in seconds, roughly: a few constants measured on a current desktop processor.
double oracleCost(const Model &model) {
  const bool enumerates = reference::canEnumerate(model);
  double joint = model.rootStates, nodes = 1, seconds = 0;
  for (int64_t l = 1; l <= model.depth(); ++l) {
    const double n = model.nodes(l), states = model.states(l), parentStates = model.states(l - 1);
    for (int64_t v = 0; enumerates && v < model.nodes(l); ++v)
      joint *= states;
    nodes += n;
    seconds += n * (2e-9 * states * parentStates + 1.5e-7 * (states + parentStates));
  }
  return enumerates ? 1e-8 * joint * nodes : seconds;
}

} // namespace

double oracleSecondsPerSample(const Model &model) { return oracleCost(model); }

namespace {

/// Sample `index` of a batch as the oracle reads it: nodes in rank order.
template <typename From, typename To>
std::vector<To> sampleInRankOrder(const Model &model, const runtime::Array &evidence, int64_t index, int64_t width) {
  const From *sample = evidence.data<From>() + index * model.leaves() * width;
  std::vector<To> result;
  for (int64_t place : userPlaces(model, model.depth()))
    result.insert(result.end(), sample + place * width, sample + (place + 1) * width);
  return result;
}

} // namespace

reference::Fields fieldsOf(const Model &model, const runtime::Case &drawn, int64_t index) {
  if (drawn.kind == runtime::EvidenceKind::Symbol)
    return reference::symbolFields(model, sampleInRankOrder<int32_t, int32_t>(model, drawn.evidence, index, 1));
  return runtime::visitReal(drawn.evidence.type(), [&](auto zero) {
    using Real = decltype(zero);
    if (drawn.kind == runtime::EvidenceKind::Soft)
      return reference::softFields(model,
                                   sampleInRankOrder<Real, double>(model, drawn.evidence, index, model.leafStates()));
    return reference::gaussianFields(model,
                                     sampleInRankOrder<Real, double>(model, drawn.evidence, index, model.valueSize),
                                     drawn.lambda, drawn.sigma);
  });
}

namespace {

/// The oracle on one case, then everything that the compiled models say about it; one deviation per plan.
std::vector<std::optional<Deviation>> checkCase(const Model &model, const Oracle &oracle,
                                                const std::vector<Plan> &plans, const runtime::Case &drawn) {
  auto infer = [&](const runtime::Case &seen) {
    std::vector<Beliefs> beliefs;
    for (int64_t i = 0; i < seen.evidence.shape()[0]; ++i)
      beliefs.push_back(oracle.infer(fieldsOf(model, seen, i)));
    return beliefs;
  };
  std::vector<Beliefs> beliefs = infer(drawn), clipped;
  std::vector<std::optional<Deviation>> deviations;
  for (const Plan &plan : plans) {
    if (!plan.covers(drawn)) {
      deviations.push_back(std::nullopt);
      continue;
    }
    // Networks of ReLUs clip z: they are right about what is left of it.
    if (plan.certified && clipped.empty()) {
      runtime::Case seen = drawn;
      seen.evidence = runtime::clipped(*plan.compiled, drawn);
      clipped = infer(seen);
    }
    runtime::Request request;
    request.program = plan.program;
    request.query = plan.question.query;
    request.evidence = drawn.kind;
    request.level = plan.question.level;
    request.lambda = drawn.lambda;
    request.sigma = drawn.sigma;
    const bool isSoft = drawn.kind == runtime::EvidenceKind::Soft;
    const runtime::Array evidence =
        isSoft ? drawn.evidence : runtime::convert(drawn.evidence, plan.compiled->evidenceType(drawn.kind));
    deviations.push_back(compare(model, plan.question, runtime::run(*plan.compiled, request, evidence),
                                 plan.certified ? clipped : beliefs));
  }
  return deviations;
}

/// The model to draw evidence with: in the narrowest number type, so that every other one can hold it exactly.
const runtime::Model &narrowest(const std::vector<const runtime::Model *> &compiled) {
  for (const runtime::Model *one : compiled)
    if (one->dtype == runtime::ElementType::F32)
      return *one;
  return *compiled.front();
}

Check startCheck(const Model &model, const Plan &plan, const char *method) {
  Check check;
  check.query = runtime::name(plan.question.query);
  check.level = plan.question.level;
  check.program = runtime::name(plan.program);
  check.dtype = plan.compiled->dtype == runtime::ElementType::F32 ? "f32" : "f64";
  check.method = method;
  check.tolerance =
      plan.certified.value_or(runtime::tolerance(plan.compiled->dtype, plan.question.query, model.values));
  return check;
}

void addCase(Check &check, const Deviation &deviation, const std::string &name) {
  const bool firstWrongFlag = check.wrongFlags == 0 && deviation.wrongFlags > 0;
  if (check.worstCase.empty() || firstWrongFlag || (check.wrongFlags == 0 && deviation.maxAbs > check.maxAbs))
    check.worstCase = name;
  check.maxAbs = std::max(check.maxAbs, deviation.maxAbs);
  check.maxTv = std::max(check.maxTv, deviation.maxTv);
  check.wrongFlags += deviation.wrongFlags;
}

/// Means have no total variation of their own: they report that of the leaf posteriors they are made of.
void fillDenoiseTv(std::vector<Check> &checks, int64_t depth) {
  for (Check &check : checks)
    for (const Check &leaves : checks)
      if (check.query == "denoise" && leaves.level == depth && leaves.program == check.program &&
          leaves.dtype == check.dtype && leaves.isCertified() == check.isCertified())
        check.maxTv = leaves.maxTv;
}

} // namespace

int64_t affordableSamples(const Model &model, int64_t cases) {
  const double affordable = oracleSeconds / (oracleCost(model) * static_cast<double>(cases));
  return static_cast<int64_t>(std::clamp<double>(affordable, 1, mostSamples));
}

bool Verification::pass() const {
  return std::all_of(checks.begin(), checks.end(), [](const Check &check) { return check.pass(); });
}

const Check *Verification::worst() const {
  const Check *worst = nullptr;
  auto rank = [](const Check &check) { return std::pair(check.wrongFlags, check.measured() / check.tolerance); };
  for (const Check &check : checks)
    if (!check.pass() && (!worst || rank(check) > rank(*worst)))
      worst = &check;
  return worst;
}

Verification verifyCompiled(const Model &model, const std::vector<const runtime::Model *> &compiled,
                            const VerifyOptions &options) {
  assert(!compiled.empty() && "expects at least one compiled model");
  const runtime::Model &source = narrowest(compiled);
  const Oracle oracle(model);
  const std::vector<Plan> plans = makePlans(model, compiled, options.bounds);
  Verification verification;
  verification.model = model.name;
  verification.cases = runtime::caseCount(source);
  verification.samplesPerCase = options.samples.value_or(affordableSamples(model, verification.cases));

  std::vector<std::string> names(verification.cases);
  std::vector<std::vector<std::optional<Deviation>>> deviations(verification.cases);
  std::atomic<int64_t> done = 0;
  tbb::parallel_for(int64_t(0), verification.cases, [&](int64_t i) {
    const runtime::Case drawn = runtime::drawCase(source, i, verification.samplesPerCase, options.seed);
    names[i] = drawn.name;
    deviations[i] = checkCase(model, oracle, plans, drawn);
    if (options.progress)
      options.progress(++done, verification.cases);
  });

  for (size_t p = 0; p < plans.size(); ++p) {
    Check check = startCheck(model, plans[p], oracle.method());
    for (int64_t i = 0; i < verification.cases; ++i)
      if (deviations[i][p])
        addCase(check, *deviations[i][p], names[i]);
    if (plans[p].certified)
      check.searched = searchWorst(model, oracle, *plans[p].compiled, plans[p].question, options.seed);
    verification.checks.push_back(check);
  }
  fillDenoiseTv(verification.checks, model.depth());
  return verification;
}

} // namespace espalier
