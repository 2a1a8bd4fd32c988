//===- KernelFill.cpp - From a kernel's source to its entries -------------===//
//
// One function per kind of source.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/KernelFill.h"

#include "compiler/frontend/RandomKernel.h"

#include <algorithm>

namespace espalier {

namespace {

std::string kernelName(int64_t l) { return "kernel of level " + std::to_string(l); }

} // namespace

void KernelFill::fill(int64_t l, const KernelSpec &spec) {
  if (!spec.source || !spec.source->valid || reported.contains(spec.source->node))
    return;
  const KernelSource &source = *spec.source;
  bool valid = source.kind == SourceKind::Potts    ? fillPotts(l, source)
               : source.kind == SourceKind::Random ? fillRandom(l, source)
                                                   : fillArrays(l, spec);
  if (!valid)
    reported.insert(source.node);
}

bool KernelFill::fillPotts(int64_t l, const KernelSource &source) {
  int64_t states = model.states(l);
  if (states != model.states(l - 1))
    return reportNotSquare(l, source);
  // All entries are >= 0 where r lies in [-1/(S-1), 1]; one state gives the matrix 1 for any r.
  double low = states > 1 ? -1.0 / static_cast<double>(states - 1) : -1;
  if (source.potts < low || source.potts > 1) {
    Diagnostic &error =
        reader.error(placeOf(*source.node), "potts of level " + std::to_string(l) + " expects a number in [" +
                                                formatNumber(low) + ", 1], got " + formatNumber(source.potts));
    noteStates(reader, error, model, tree, l);
    return false;
  }
  double other = (1 - source.potts) / static_cast<double>(states);
  double same = std::max(0.0, source.potts + other); // rounding at the lower end may go below 0
  std::vector<double> &kernel = model.levels[l - 1].kernel;
  kernel.assign(static_cast<size_t>(model.kernelCount(l) * states * states), other);
  for (size_t row = 0; row * states < kernel.size(); ++row)
    kernel[row * states + row % states] = same;
  return true;
}

bool KernelFill::reportNotSquare(int64_t l, const KernelSource &source) {
  std::string got = std::to_string(model.states(l - 1)) + "x" + std::to_string(model.states(l));
  Diagnostic &error = reader.error(placeOf(*source.node), "potts " + kernelName(l) + " expects a square shape, got " +
                                                              got + " (parent states x child states)");
  noteStates(reader, error, model, tree, l - 1);
  noteStates(reader, error, model, tree, l);
  return false;
}

bool KernelFill::fillRandom(int64_t l, const KernelSource &source) {
  int64_t rows = model.kernelCount(l) * model.states(l - 1);
  model.levels[l - 1].kernel = randomRows(rows, model.states(l), source.concentration, source.seed, l);
  return true;
}

bool KernelFill::fillArrays(int64_t l, const KernelSpec &spec) {
  TensorSpec expected = tensorSpec(l, spec);
  const toml::node &node = *spec.source->node;
  auto tensor =
      spec.source->kind == SourceKind::Npy ? readNpyFile(reader, node, expected) : readNested(reader, node, expected);
  if (tensor)
    model.levels[l - 1].kernel = std::move(tensor->entries);
  return tensor.has_value();
}

TensorSpec KernelFill::tensorSpec(int64_t l, const KernelSpec &spec) const {
  TensorSpec expected;
  expected.what = kernelName(l);
  auto explainBranching = [this, l](Diagnostic &error) { noteBranching(reader, error, model, tree, l); };
  auto explainNodes = [this, l](Diagnostic &error) {
    reader.note(error, "level " + std::to_string(l) + " has " + std::to_string(model.nodes(l)) + " nodes, set",
                tree.branching);
  };
  if (model.levels[l - 1].sharing == Sharing::Rank)
    expected.axes.push_back({"ranks", model.ranks(l), explainBranching});
  else if (model.levels[l - 1].sharing == Sharing::None)
    expected.axes.push_back({"nodes", model.nodes(l), explainNodes});
  expected.axes.push_back(statesAxis("parent states", l - 1));
  expected.axes.push_back(statesAxis("child states", l));
  expected.explainAxes = [this, l, set = spec.sharing.has_value(), place = spec.sharingPlace](Diagnostic &error) {
    std::string fact = "level " + std::to_string(l) + " has sharing = \"" + sharingName(model.levels[l - 1].sharing);
    if (set)
      reader.note(error, fact + "\", set", place);
    else
      error.notes.push_back({fact + "\" by default", std::nullopt});
  };
  return expected;
}

Axis KernelFill::statesAxis(std::string name, int64_t l) const {
  return {std::move(name), model.states(l),
          [this, l](Diagnostic &error) { noteStates(reader, error, model, tree, l); }};
}

} // namespace espalier
