//===- Cases.cpp - Evidence to verify on ----------------------------*- C++ -*-===//
//
// A table of recipes per channel; each recipe turns samples of the model into evidence.
//
//===----------------------------------------------------------------------===//

#include "runtime/Cases.h"

#include "runtime/Random.h"
#include "runtime/Sample.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <type_traits>

using namespace espalier;
using namespace espalier::runtime;

namespace {

/// Unsets each leaf with probability `share`; exactly one leaf stays where `share` is above 1.
template <typename T> void hide(const Model &model, T *values, int64_t width, T missing, double share, Random &random) {
  int64_t kept = share > 1 ? random.below(model.leaves()) : -1;
  for (int64_t leaf = 0; leaf < model.leaves(); ++leaf)
    if (leaf != kept && random.uniform() < share)
      values[leaf * width + random.below(width)] = missing; // One component is enough.
}

constexpr double singleLeaf = 2;

/// What a leaf carries in soft evidence.
enum class Likelihood { Uniform, WithZeros, WideRange, BeyondFloats, OneHot, Flat };

struct Recipe {
  const char *name;
  EvidenceKind kind;
  double lambda = 1;
  double sigma = 1;
  double hidden = 0;      ///< share of hidden leaves, or singleLeaf
  double outlier = 0;     ///< largest distance added to gaussian observations
  bool arbitrary = false; ///< symbols drawn evenly instead of from the model
  Likelihood likelihood = Likelihood::Uniform;
};

constexpr EvidenceKind symbolKind = EvidenceKind::Symbol;
constexpr EvidenceKind gaussianKind = EvidenceKind::Gaussian;
constexpr EvidenceKind softKind = EvidenceKind::Soft;

const Recipe symbolRecipes[] = {
    {.name = "everything observed", .kind = symbolKind},
    {.name = "10% missing", .kind = symbolKind, .hidden = 0.1},
    {.name = "50% missing", .kind = symbolKind, .hidden = 0.5},
    {.name = "90% missing", .kind = symbolKind, .hidden = 0.9},
    {.name = "single leaf observed", .kind = symbolKind, .hidden = singleLeaf},
    {.name = "nothing observed", .kind = symbolKind, .hidden = 1},
    {.name = "arbitrary symbols", .kind = symbolKind, .arbitrary = true},
};

const Recipe gaussianRecipes[] = {
    {.name = "sigma 0.001", .kind = gaussianKind, .sigma = 1e-3},
    {.name = "sigma 0.03", .kind = gaussianKind, .sigma = 0.03},
    {.name = "sigma 0.3", .kind = gaussianKind, .sigma = 0.3},
    {.name = "sigma 1", .kind = gaussianKind, .sigma = 1},
    {.name = "sigma 10", .kind = gaussianKind, .sigma = 10},
    {.name = "sigma 1000", .kind = gaussianKind, .sigma = 1e3},
    {.name = "lambda 0.6, sigma 0.8", .kind = gaussianKind, .lambda = 0.6, .sigma = 0.8},
    {.name = "50% missing", .kind = gaussianKind, .sigma = 0.3, .hidden = 0.5},
    {.name = "single leaf observed", .kind = gaussianKind, .sigma = 0.3, .hidden = singleLeaf},
    {.name = "nothing observed", .kind = gaussianKind, .hidden = 1},
    {.name = "far outliers", .kind = gaussianKind, .sigma = 1, .outlier = 1e6},
};

/// Where squares leave the range of doubles, or nothing is left of the noise. Models with hard leaves do not take
/// these.
const Recipe extremeRecipes[] = {
    {.name = "sigma 1e-8", .kind = gaussianKind, .sigma = 1e-8},
    {.name = "sigma 1e-200", .kind = gaussianKind, .sigma = 1e-200},
    {.name = "sigma 1e30", .kind = gaussianKind, .sigma = 1e30},
    {.name = "lambda and sigma 1e-30", .kind = gaussianKind, .lambda = 1e-30, .sigma = 1e-30},
    {.name = "outliers up to 1e30", .kind = gaussianKind, .sigma = 1, .outlier = 1e30},
};

const Recipe softRecipes[] = {
    {.name = "random likelihoods", .kind = softKind, .likelihood = Likelihood::Uniform},
    {.name = "likelihoods with zeros", .kind = softKind, .likelihood = Likelihood::WithZeros},
    {.name = "likelihoods of wide range", .kind = softKind, .likelihood = Likelihood::WideRange},
    {.name = "likelihoods beyond float32", .kind = softKind, .likelihood = Likelihood::BeyondFloats},
    {.name = "likelihoods of one state each", .kind = softKind, .likelihood = Likelihood::OneHot},
    {.name = "flat likelihoods", .kind = softKind, .likelihood = Likelihood::Flat},
};

std::vector<Recipe> recipesOf(const Model &model) {
  std::vector<Recipe> recipes;
  auto append = [&](const auto &more) { recipes.insert(recipes.end(), std::begin(more), std::end(more)); };
  if (model.channel == Channel::Symbol)
    append(symbolRecipes);
  else
    append(gaussianRecipes);
  if (model.channel == Channel::Gaussian && !model.hardLeaves)
    append(extremeRecipes);
  append(softRecipes);
  return recipes;
}

/// Distances from 1 to the largest, evenly in their logarithm, of either sign: every tenth leaf on average.
template <typename Real> void addOutliers(Real *values, int64_t count, double largest, Random &random) {
  for (int64_t i = 0; i < count; ++i)
    if (random.uniform() < 0.1)
      values[i] += static_cast<Real>(std::pow(largest, random.uniform()) * (random.uniform() < 0.5 ? -1 : 1));
}

/// Likelihoods of one leaf. `symbol` is the leaf's state in a sample of the model: it always stays possible. Wide
/// range means that leaves differ by many orders of magnitude, which only rescaling survives; states of one leaf
/// differ by fewer. Beyond floats, those of one leaf differ by as many as doubles have.
template <typename Real>
void drawLikelihoods(Likelihood likelihood, int64_t states, int64_t symbol, Real *out, Random &random) {
  constexpr bool single = std::is_same_v<Real, float>;
  constexpr double leafRange = single ? 25 : 200, stateRange = single ? 3 : 10;
  double scale = likelihood == Likelihood::WideRange ? random.uniform(-leafRange, leafRange) : 0;
  for (int64_t a = 0; a < states; ++a) {
    double value = 1;
    if (likelihood == Likelihood::Uniform || likelihood == Likelihood::WithZeros)
      value = 1 - random.uniform();
    if (likelihood == Likelihood::WideRange)
      value = std::pow(10.0, scale + random.uniform(-stateRange, stateRange));
    if (likelihood == Likelihood::BeyondFloats)
      value = std::pow(10.0, random.uniform(-300, 300));
    bool zero = likelihood == Likelihood::WithZeros ? random.uniform() < 0.4 : likelihood == Likelihood::OneHot;
    out[a] = zero && a != symbol ? Real(0) : static_cast<Real>(value);
  }
}

template <typename Real>
void drawSoft(const Model &model, const Recipe &recipe, const Array &symbols, uint64_t seed, Array &out) {
  int64_t leaves = model.leaves(), states = model.leafStates();
  for (int64_t i = 0; i < symbols.shape()[0]; ++i) {
    Random random(seed, Random::Purpose::Cases, static_cast<uint64_t>(i));
    for (int64_t leaf = i * leaves; leaf < (i + 1) * leaves; ++leaf)
      drawLikelihoods(recipe.likelihood, states, symbols.data<int32_t>()[leaf], out.data<Real>() + leaf * states,
                      random);
  }
}

template <typename Real> void editGaussian(const Model &model, const Recipe &recipe, uint64_t seed, Array &out) {
  int64_t perSample = model.leaves() * model.valueSize;
  for (int64_t i = 0; i < out.shape()[0]; ++i) {
    Random random(seed, Random::Purpose::Cases, static_cast<uint64_t>(i));
    Real *values = out.data<Real>() + i * perSample;
    if (recipe.outlier > 0)
      addOutliers(values, perSample, recipe.outlier, random);
    hide(model, values, model.valueSize, std::numeric_limits<Real>::quiet_NaN(), recipe.hidden, random);
  }
}

void editSymbols(const Model &model, const Recipe &recipe, uint64_t seed, Array &out) {
  for (int64_t i = 0; i < out.shape()[0]; ++i) {
    Random random(seed, Random::Purpose::Cases, static_cast<uint64_t>(i));
    int32_t *values = out.data<int32_t>() + i * model.leaves();
    if (recipe.arbitrary)
      std::generate_n(values, model.leaves(), [&] { return static_cast<int32_t>(random.below(model.leafStates())); });
    hide(model, values, 1, int32_t(-1), recipe.hidden, random);
  }
}

Array drawEvidence(const Model &model, const Recipe &recipe, int64_t n, uint64_t seed) {
  Array symbols = sample(model, n, seed).symbols;
  if (recipe.kind == EvidenceKind::Symbol) {
    editSymbols(model, recipe, seed, symbols);
    return symbols;
  }
  if (recipe.kind == EvidenceKind::Gaussian) {
    Array result = observe(model, symbols, recipe.lambda, recipe.sigma, seed);
    visitReal(model.dtype, [&](auto zero) { editGaussian<decltype(zero)>(model, recipe, seed, result); });
    return result;
  }
  std::vector<int64_t> shape = model.evidenceShape(EvidenceKind::Soft);
  shape.insert(shape.begin(), n);
  Array result(recipe.likelihood == Likelihood::BeyondFloats ? ElementType::F64 : model.dtype, shape);
  visitReal(result.type(), [&](auto zero) { drawSoft<decltype(zero)>(model, recipe, symbols, seed, result); });
  return result;
}

} // namespace

int64_t runtime::caseCount(const Model &model) { return static_cast<int64_t>(recipesOf(model).size()); }

Case runtime::drawCase(const Model &model, int64_t index, int64_t n, uint64_t seed) {
  const Recipe chosen = recipesOf(model)[static_cast<size_t>(index)];
  // Cases of one seed show different samples.
  uint64_t own = seed * 1000003 + static_cast<uint64_t>(index);
  return {chosen.name, chosen.kind, chosen.lambda, chosen.sigma, drawEvidence(model, chosen, n, own)};
}

bool runtime::isCertified(const Model &model, const Case &drawn) {
  auto holds = [](const std::array<double, 2> &interval, double x) { return x >= interval[0] && x <= interval[1]; };
  return model.isRelu(Program::Net, drawn.kind) &&
         (drawn.kind == EvidenceKind::Symbol ||
          (holds(model.relu->sigma, drawn.sigma) && holds(model.relu->lambda, drawn.lambda)));
}

Array runtime::clipped(const Model &model, const Case &drawn) {
  Array result = drawn.evidence;
  if (drawn.kind != EvidenceKind::Gaussian)
    return result;
  visitReal(result.type(), [&](auto zero) {
    using Real = decltype(zero);
    // NaN compares false and stays.
    for (Real *z = result.data<Real>(), *end = z + result.size(); z != end; ++z)
      *z = *z < model.relu->z[0]   ? static_cast<Real>(model.relu->z[0])
           : *z > model.relu->z[1] ? static_cast<Real>(model.relu->z[1])
                                   : *z;
  });
  return result;
}

std::vector<Case> runtime::drawCases(const Model &model, int64_t n, uint64_t seed) {
  std::vector<Case> cases;
  for (int64_t index = 0; index < caseCount(model); ++index)
    cases.push_back(drawCase(model, index, n, seed));
  return cases;
}
