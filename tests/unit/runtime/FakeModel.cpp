//===- FakeModel.cpp - Compiled models without a compiler -----------*- C++ -*-===//
//
// One template makes every kernel of a model; the arithmetic stands in plain functions below it.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

using namespace espalier;
using namespace espalier::runtime;
using namespace espalier::runtime::tests;

namespace {

constexpr size_t workspaceBytes = 100;
std::atomic<bool> misaligned = false;

using Messages = std::vector<std::vector<double>>; ///< [level][node * states + state]

/// Likelihoods of one sample's leaves, read from column t of a tile.
template <typename Real>
std::vector<double> likelihoods(const Model &model, EvidenceKind kind, const void *evidence, double lambda,
                                double sigma, int64_t t) {
  int64_t states = model.leafStates(), p = model.valueSize, tile = model.tile;
  std::vector<double> result(model.leaves() * states, 1.0);
  for (int64_t leaf = 0; leaf < model.leaves(); ++leaf)
    for (int64_t a = 0; a < states; ++a) {
      double &value = result[leaf * states + a];
      if (kind == EvidenceKind::Symbol) {
        int32_t symbol = static_cast<const int32_t *>(evidence)[leaf * tile + t];
        value = symbol == states || symbol == a;
      } else if (kind == EvidenceKind::Soft) {
        value = static_cast<const Real *>(evidence)[(leaf * states + a) * tile + t];
      } else {
        double square = 0;
        for (int64_t k = 0; k < p; ++k)
          square += std::pow(
              static_cast<const Real *>(evidence)[(leaf * p + k) * tile + t] - lambda * model.values[a * p + k], 2);
        // Far outliers underflow in this plain form: kept above zero.
        value = std::isnan(square) ? 1
                                   : std::exp(std::max(-square / (2 * sigma * sigma), -600.0)) /
                                         std::pow(2 * M_PI * sigma * sigma, p / 2.0);
      }
    }
  return result;
}

/// The message of a child to its parent.
double toParent(const Model &model, const Messages &up, int64_t l, int64_t child, int64_t s) {
  double sum = 0;
  for (int64_t a = 0; a < model.states[l]; ++a)
    sum += model.conditional(l, child)[s * model.states[l] + a] * up[l][child * model.states[l] + a];
  return sum;
}

/// Divides each node's entries by their sum and returns the log of the product of sums.
double normalise(std::vector<double> &entries, int64_t states) {
  double logSum = 0;
  for (size_t begin = 0; begin < entries.size(); begin += states) {
    double sum = 0;
    for (int64_t a = 0; a < states; ++a)
      sum += entries[begin + a];
    logSum += std::log(sum);
    for (int64_t a = 0; a < states; ++a)
      entries[begin + a] = sum > 0 ? entries[begin + a] / sum : 1.0 / static_cast<double>(states);
  }
  return logSum;
}

double upward(const Model &model, Messages &up) {
  double loglik = normalise(up[model.depth()], model.leafStates());
  for (int64_t l = model.depth(); l >= 1; --l) {
    up[l - 1].assign(model.nodes(l - 1) * model.states[l - 1], 1.0);
    for (int64_t child = 0; child < model.nodes(l); ++child)
      for (int64_t s = 0; s < model.states[l - 1]; ++s)
        up[l - 1][child / model.ranks(l) * model.states[l - 1] + s] *= toParent(model, up, l, child, s);
    if (l > 1)
      loglik += normalise(up[l - 1], model.states[l - 1]);
  }
  for (int64_t s = 0; s < model.states[0]; ++s)
    up[0][s] *= model.prior[s];
  return loglik + normalise(up[0], model.states[0]);
}

/// Posteriors of every level; outside[v][s] is the prior context of node v: all evidence but that below it.
Messages posteriors(const Model &model, const Messages &up) {
  Messages result(model.depth() + 1);
  result[0] = up[0];
  std::vector<double> outside(model.prior, model.prior + model.states[0]);
  for (int64_t l = 1; l <= model.depth(); ++l) {
    int64_t parents = model.states[l - 1], states = model.states[l], ranks = model.ranks(l);
    std::vector<double> below(model.nodes(l) * states, 0.0);
    for (int64_t child = 0; child < model.nodes(l); ++child)
      for (int64_t s = 0; s < parents; ++s) {
        int64_t first = child / ranks * ranks;
        double context = outside[child / ranks * parents + s];
        for (int64_t sibling = first; sibling < first + ranks; ++sibling)
          context *= sibling == child ? 1 : toParent(model, up, l, sibling, s);
        for (int64_t a = 0; a < states; ++a)
          below[child * states + a] += context * model.conditional(l, child)[s * states + a];
      }
    outside = below;
    normalise(outside, states);
    result[l] = outside;
    for (size_t i = 0; i < result[l].size(); ++i)
      result[l][i] *= up[l][i];
    normalise(result[l], states);
  }
  return result;
}

std::vector<double> means(const Model &model, const std::vector<double> &posterior) {
  int64_t states = model.leafStates(), p = model.valueSize;
  std::vector<double> result(model.leaves() * p, 0.0);
  for (int64_t leaf = 0; leaf < model.leaves(); ++leaf)
    for (int64_t a = 0; a < states; ++a)
      for (int64_t k = 0; k < p; ++k)
        result[leaf * p + k] += posterior[leaf * states + a] * model.values[a * p + k];
  return result;
}

std::vector<double> answer(const Model &model, Pass pass, int64_t select, Messages &up) {
  if (pass == Pass::Up)
    return up[0];
  Messages all = posteriors(model, up);
  return select == model.depth() + 1 ? means(model, all[model.depth()]) : all[select];
}

void checkAligned(std::initializer_list<const void *> pointers) {
  for (const void *pointer : pointers)
    if (reinterpret_cast<uintptr_t>(pointer) % 64 != 0)
      misaligned = true;
}

template <const FakeModel &(*get)(), typename Real, EvidenceKind kind, Pass pass, bool broken>
void kernel(const void *evidence, double lambda, double sigma, int64_t select, void *output, double *loglik,
            void *workspace) {
  const Model &model = get().model;
  checkAligned({evidence, output, loglik, workspace});
  std::memset(workspace, 0xa5, workspaceBytes);
  for (int64_t t = 0; t < model.tile; ++t) {
    Messages up(model.depth() + 1);
    up[model.depth()] = likelihoods<Real>(model, kind, evidence, lambda, sigma, t);
    loglik[t] = upward(model, up);
    std::vector<double> result = answer(model, pass, select, up);
    if (broken && pass == Pass::UpDown && select == model.depth() + 1)
      result[0] += 0.01;
    for (size_t i = 0; i < result.size(); ++i)
      static_cast<Real *>(output)[i * model.tile + t] = static_cast<Real>(result[i]);
  }
}

using nlohmann::json;

template <const FakeModel &(*get)(), typename Real, EvidenceKind kind, bool broken>
void addKernels(FakeModel &fake, json &entries, const char *program) {
  auto add = [&](EspalierKernel function, const char *pass, EvidenceKind evidence) {
    fake.kernels.push_back(function);
    entries.push_back(
        {{"program", program}, {"pass", pass}, {"evidence", name(evidence)}, {"workspace", workspaceBytes}});
  };
  add(kernel<get, Real, kind, Pass::Up, broken>, "up", kind);
  add(kernel<get, Real, kind, Pass::UpDown, broken>, "updown", kind);
  add(kernel<get, Real, EvidenceKind::Soft, Pass::Up, broken>, "up", EvidenceKind::Soft);
  add(kernel<get, Real, EvidenceKind::Soft, Pass::UpDown, broken>, "updown", EvidenceKind::Soft);
}

/// What the one variant of most models was built for.
const Processors anyProcessor = {{"x86-64", {"sse2"}}};

/// Finishes a description that has name, branching, states, value_size, vector_values, and the tile of all variants.
template <const FakeModel &(*get)(), typename Real, EvidenceKind kind, bool broken = false>
void finish(FakeModel &fake, json description, const std::vector<double> &values, const std::vector<double> &prior,
            const std::vector<std::pair<int64_t, std::vector<double>>> &conditionals, bool network = true,
            const Processors &processors = anyProcessor) {
  auto append = [&](const std::vector<double> &table) {
    size_t offset = fake.tables.size();
    fake.tables.insert(fake.tables.end(), table.begin(), table.end());
    return offset;
  };
  json entries = json::array();
  description["tables"]["values"] = append(values);
  description["tables"]["prior"] = append(prior);
  for (const auto &[count, table] : conditionals)
    description["tables"]["conditionals"].push_back({{"offset", append(table)}, {"count", count}});
  addKernels<get, Real, kind, false>(fake, entries, "bp");
  if (network)
    addKernels<get, Real, kind, broken>(fake, entries, "net");
  for (const auto &[cpu, features] : processors) {
    description["variants"].push_back(
        {{"cpu", cpu}, {"features", features}, {"tile", description["tile"]}, {"kernels", entries}});
    fake.variants.push_back({fake.kernels.data(), fake.kernels.size()});
  }
  description.erase("tile");
  description["description"] = "a model for tests";
  description["dtype"] = sizeof(Real) == 4 ? "f32" : "f64";
  description["channel"] = name(kind);
  description["parameters"] = 42;
  description["hard_leaves"] = false;
  fake.description = description.dump();
  fake.compiled = {ESPALIER_ABI_VERSION, fake.description.c_str(), fake.tables.data(),
                   fake.tables.size(),   fake.variants.data(),     fake.variants.size()};
  fake.model = loadModel(fake.compiled);
}

template <const FakeModel &(*get)(), bool broken>
void makeImage(FakeModel &fake, const Processors &processors = anyProcessor, bool network = true) {
  json description = {{"name", "image"}, {"branching", {{2, 2}, {1, 2}}}, {"states", {3, 2, 4}}, {"tile", 8},
                      {"value_size", 1}, {"vector_values", false}};
  std::vector<double> perRank = {0.9, 0.1, 0.5, 0.5, 0.2, 0.8, //
                                 0.7, 0.3, 0.4, 0.6, 0.1, 0.9, //
                                 0.6, 0.4, 0.3, 0.7, 0.5, 0.5, //
                                 0.8, 0.2, 0.1, 0.9, 0.3, 0.7};
  finish<get, float, EvidenceKind::Gaussian, broken>(fake, description, {-1, -0.25, 0.25, 1}, {0.5, 0.3, 0.2},
                                                     {{4, perRank}, {1, {0.6, 0.2, 0.1, 0.1, 0.05, 0.15, 0.3, 0.5}}},
                                                     network, processors);
}

} // namespace

const FakeModel &tests::imageModel() {
  static const FakeModel model = [] {
    FakeModel fake;
    makeImage<imageModel, false>(fake);
    return fake;
  }();
  return model;
}

const FakeModel &tests::brokenModel() {
  static const FakeModel model = [] {
    FakeModel fake;
    makeImage<brokenModel, true>(fake);
    return fake;
  }();
  return model;
}

const FakeModel &tests::sequenceModel() {
  static const FakeModel model = [] {
    FakeModel fake;
    json description = {{"name", "sequence"}, {"branching", {{3}, {2}}}, {"states", {2, 3, 3}},
                        {"tile", 5},          {"value_size", 1},         {"vector_values", false}};
    std::vector<double> perNode; // Six edges, each its own matrix.
    for (int node = 0; node < 6; ++node)
      perNode.insert(perNode.end(), {0.25 + 0.1 * node, 0.75 - 0.1 * node, 0.0, 0.2, 0.3, 0.5, 0.1, 0.1, 0.8});
    finish<sequenceModel, double, EvidenceKind::Symbol>(fake, description, {-1, 0, 1}, {0.4, 0.6},
                                                        {{1, {1.0, 0.0, 0.0, 0.1, 0.2, 0.7}}, {6, perNode}});
    return fake;
  }();
  return model;
}

const FakeModel &tests::vectorModel() {
  static const FakeModel model = [] {
    FakeModel fake;
    json description = {{"name", "vectors"}, {"branching", json::array({json::array({3})})},
                        {"states", {2, 2}},  {"tile", 4},
                        {"value_size", 3},   {"vector_values", true}};
    finish<vectorModel, double, EvidenceKind::Gaussian>(fake, description, {1, 0, 0, 0, 0, 1}, {0.5, 0.5},
                                                        {{1, {0.8, 0.2, 0.2, 0.8}}});
    return fake;
  }();
  return model;
}

FakeModel tests::builtFor(const Processors &processors) {
  FakeModel fake;
  makeImage<imageModel, false>(fake, processors);
  return fake;
}

FakeModel tests::withoutNetwork() {
  FakeModel fake;
  makeImage<imageModel, false>(fake, anyProcessor, false);
  return fake;
}

bool tests::same(const Array &left, const Array &right) {
  return left.type() == right.type() && left.shape() == right.shape() &&
         std::equal(left.raw(), left.raw() + left.sizeInBytes(), right.raw());
}

bool tests::allAligned() { return !misaligned; }
