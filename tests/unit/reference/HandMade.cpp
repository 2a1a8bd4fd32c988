//===- HandMade.cpp - A compiled model without a compiler -----------------===//

#include "tests/unit/reference/HandMade.h"
#include "compiler/analysis/Partition.h"
#include "compiler/reference/Reference.h"

#include <cmath>
#include <limits>
#include <memory>

#include <nlohmann/json.hpp>

namespace espalier::test {
namespace {

using reference::Beliefs;
using runtime::EvidenceKind;

constexpr int64_t tile = 5;

/// Kernels are plain functions: what they serve has to be found here.
struct Served {
  const Model *model;
  std::unique_ptr<reference::Reference> reference;
  Fault fault;
  std::string description;
  std::vector<double> tables;
  std::vector<EspalierKernel> kernels;
};
Served served;

/// Column `t` of a tile of `count` rows.
template <typename From, typename To> std::vector<To> column(const void *tileData, int64_t count, int64_t t) {
  std::vector<To> result;
  for (int64_t i = 0; i < count; ++i)
    result.push_back(static_cast<To>(static_cast<const From *>(tileData)[i * tile + t]));
  return result;
}

template <typename Real, EvidenceKind kind>
reference::Fields readFields(const void *evidence, double lambda, double sigma, int64_t t) {
  const Model &model = *served.model;
  if constexpr (kind == EvidenceKind::Gaussian)
    return reference::gaussianFields(model, column<Real, double>(evidence, model.leaves() * model.valueSize, t), lambda,
                                     sigma);
  if constexpr (kind == EvidenceKind::Soft)
    return reference::softFields(model, column<Real, double>(evidence, model.leaves() * model.leafStates(), t));
  std::vector<int32_t> symbols = column<int32_t, int32_t>(evidence, model.leaves(), t);
  for (int32_t &symbol : symbols)
    symbol = symbol == model.leafStates() ? -1 : symbol;
  return reference::symbolFields(model, symbols);
}

void spoil(Beliefs &beliefs) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  switch (served.fault) {
  case Fault::None:
    return;
  case Fault::Level1Posterior:
    beliefs.posteriors[1].back() += 1e-3;
    return;
  case Fault::Mean:
    beliefs.means.back() += 1e-3;
    return;
  case Fault::Loglik:
    if (!beliefs.impossible)
      beliefs.loglik += 1e-3 * std::max(1.0, std::abs(beliefs.loglik));
    return;
  case Fault::NaN:
    beliefs.posteriors[0][0] = std::numeric_limits<double>::quiet_NaN();
    return;
  case Fault::MissedImpossible:
    beliefs.loglik = std::max(beliefs.loglik, std::numeric_limits<double>::lowest());
    return;
  case Fault::FalseImpossible:
    beliefs.loglik = -infinity;
    return;
  case Fault::NaNWhereImpossible:
    if (beliefs.impossible)
      beliefs.posteriors[0][0] = infinity;
    return;
  }
}

template <typename Evidence, typename Real, EvidenceKind kind, bool updown, bool net>
void kernel(const void *evidence, double lambda, double sigma, int64_t select, void *output, double *loglik, void *) {
  const int64_t depth = served.model->depth();
  for (int64_t t = 0; t < tile; ++t) {
    Beliefs beliefs = served.reference->infer(readFields<Evidence, kind>(evidence, lambda, sigma, t));
    if (net)
      spoil(beliefs);
    loglik[t] = beliefs.loglik;
    const std::vector<double> &answer = !updown           ? beliefs.posteriors[0]
                                        : select <= depth ? beliefs.posteriors[select]
                                                          : beliefs.means;
    for (size_t i = 0; i < answer.size(); ++i)
      static_cast<Real *>(output)[i * tile + t] = static_cast<Real>(answer[i]);
  }
}

using Json = nlohmann::json;

/// Likelihoods come as doubles: leaves are hard.
template <typename Real, EvidenceKind kind> void addKernels(Json &variant) {
  constexpr bool isSoft = kind == EvidenceKind::Soft;
  using Evidence = std::conditional_t<isSoft, double, Real>;
  const EspalierKernel functions[2][2] = {
      {kernel<Evidence, Real, kind, false, false>, kernel<Evidence, Real, kind, true, false>},
      {kernel<Evidence, Real, kind, false, true>, kernel<Evidence, Real, kind, true, true>}};
  for (int net = 0; net < 2; ++net)
    for (int updown = 0; updown < 2; ++updown) {
      served.kernels.push_back(functions[net][updown]);
      variant["kernels"].push_back({{"program", net ? "net" : "bp"},
                                    {"pass", updown ? "updown" : "up"},
                                    {"evidence", runtime::name(kind)},
                                    {"workspace", 0}});
      if (isSoft)
        variant["kernels"].back()["evidence_dtype"] = "f64";
    }
}

template <typename Real> void addAllKernels(Json &variant) {
  addKernels<Real, EvidenceKind::Soft>(variant);
  if (served.model->channel == Channel::Symbol)
    addKernels<Real, EvidenceKind::Symbol>(variant);
  else
    addKernels<Real, EvidenceKind::Gaussian>(variant);
}

size_t addTable(const std::vector<double> &values) {
  const size_t offset = served.tables.size();
  served.tables.insert(served.tables.end(), values.begin(), values.end());
  return offset;
}

Json describe(const Model &model) {
  Json description = {{"name", model.name},
                      {"description", ""},
                      {"channel", model.channel == Channel::Symbol ? "symbol" : "gaussian"},
                      {"value_size", model.valueSize},
                      {"vector_values", model.valuesAreVectors},
                      {"parameters", 0}};
  for (int64_t l = 0; l <= model.depth(); ++l)
    description["states"].push_back(model.states(l));
  for (const Level &level : model.levels)
    description["branching"].push_back(level.patch);
  const Partition partition = computePartition(model);
  description["tables"] = {{"values", addTable(model.values)}, {"prior", addTable(partition.root)}};
  for (const Partition::Conditional &conditional : partition.conditionals)
    description["tables"]["conditionals"].push_back(
        {{"offset", addTable(conditional.table)}, {"count", conditional.count}});
  return description;
}

} // namespace

runtime::Model compileByHand(const Model &model, bool isDouble, Fault fault) {
  served = {&model, std::make_unique<reference::Reference>(model), fault, {}, {}, {}};
  Json description = describe(model);
  Json variant = {{"cpu", "none"}, {"features", Json::array()}, {"tile", tile}};
  description["hard_leaves"] = true;
  description["dtype"] = isDouble ? "f64" : "f32";
  if (isDouble)
    addAllKernels<double>(variant);
  else
    addAllKernels<float>(variant);
  description["variants"] = {variant};
  const EspalierVariant kernels = {served.kernels.data(), served.kernels.size()};
  served.description = description.dump();
  const EspalierModel compiled = {
      ESPALIER_ABI_VERSION, served.description.c_str(), served.tables.data(), served.tables.size(), &kernels, 1};
  return runtime::loadModel(compiled);
}

} // namespace espalier::test
