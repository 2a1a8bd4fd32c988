//===- Model.cpp - A compiled model as the runtime sees it ----------*- C++ -*-===//
//
// The description is checked as strictly as a user's file: an executable may be linked from parts of other versions.
//
//===----------------------------------------------------------------------===//

#include "runtime/Model.h"

#include "runtime/Cpu.h"
#include "runtime/Error.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

using namespace espalier;
using namespace espalier::runtime;
using nlohmann::json;

const char *runtime::name(Channel channel) { return channel == Channel::Symbol ? "symbol" : "gaussian"; }
const char *runtime::name(Program program) { return program == Program::BP ? "bp" : "net"; }
const char *runtime::name(Pass pass) { return pass == Pass::Up ? "up" : "updown"; }
const char *runtime::name(EvidenceKind kind) {
  switch (kind) {
  case EvidenceKind::Symbol:
    return "symbol";
  case EvidenceKind::Gaussian:
    return "gaussian";
  case EvidenceKind::Soft:
    break;
  }
  return "soft";
}

int64_t Model::ranks(int64_t l) const {
  const std::vector<int64_t> &patch = branching[l - 1];
  return patch.size() == 2 ? patch[0] * patch[1] : patch[0];
}

int64_t Model::nodes(int64_t l) const {
  int64_t count = 1;
  for (int64_t k = 1; k <= l; ++k)
    count *= ranks(k);
  return count;
}

std::vector<int64_t> Model::shape(int64_t l) const {
  std::vector<int64_t> result(branching.front().size(), 1);
  for (int64_t k = 0; k < l; ++k)
    for (size_t axis = 0; axis < result.size(); ++axis)
      result[axis] *= branching[k][axis];
  return result;
}

EvidenceKind Model::ownEvidence() const {
  return channel == Channel::Symbol ? EvidenceKind::Symbol : EvidenceKind::Gaussian;
}

const double *Model::conditional(int64_t l, int64_t node) const {
  const Conditionals &table = conditionals[l - 1];
  return table.data + node % table.count * states[l - 1] * states[l];
}

const Kernel *Model::findKernel(Program program, Pass pass, EvidenceKind evidence, bool positions) const {
  for (const Kernel &kernel : kernels)
    if (kernel.program == program && kernel.pass == pass && kernel.evidence == evidence &&
        (kernel.positions.level > 0) == positions)
      return &kernel;
  return nullptr;
}

bool Model::hasProgram(Program program) const {
  for (const Kernel &kernel : kernels)
    if (kernel.program == program)
      return true;
  return false;
}

std::vector<int64_t> Model::evidenceShape(EvidenceKind kind) const {
  std::vector<int64_t> result = shape(depth());
  if (kind == EvidenceKind::Soft)
    result.push_back(leafStates());
  else if (kind == EvidenceKind::Gaussian && vectorValues)
    result.push_back(valueSize);
  return result;
}

ElementType Model::evidenceType(EvidenceKind kind) const {
  return kind == EvidenceKind::Symbol ? ElementType::I32 : dtype;
}

namespace {

[[noreturn]] void fail(const std::string &what) { throw Error("the compiled model's description " + what); }

void check(bool holds, const char *what) {
  if (!holds)
    fail(what);
}

/// The value of one of several names.
template <typename Value>
Value choose(const json &text, std::initializer_list<std::pair<const char *, Value>> names, const char *key) {
  for (const auto &[known, value] : names)
    if (text.get<std::string>() == known)
      return value;
  fail(std::string("has the unknown ") + key + " '" + text.get<std::string>() + "'");
}

void readTree(const json &description, Model &model) {
  model.branching = description.at("branching").get<std::vector<std::vector<int64_t>>>();
  model.states = description.at("states").get<std::vector<int64_t>>();
  check(!model.branching.empty() && model.states.size() == model.branching.size() + 1,
        "expects one more entry of states than of branching");
  for (int64_t states : model.states)
    check(states >= 1, "expects states of at least 1");
  constexpr int64_t maxNodes = int64_t{1} << 40;
  int64_t nodes = 1;
  for (const std::vector<int64_t> &patch : model.branching) {
    check(patch.size() == model.branching.front().size() && (patch.size() == 1 || patch.size() == 2),
          "expects patches of one kind");
    for (int64_t extent : patch) {
      check(extent >= 1 && nodes <= maxNodes / extent, "expects a tree of 1 to 2^40 leaves");
      nodes *= extent;
    }
  }
}

Positions readPositions(const json &entry, const Model &model) {
  Positions positions{entry.at("level").get<int64_t>(), entry.at("tile").get<int64_t>(),
                      entry.at("lanes").get<int64_t>(), entry.at("most_batch").get<int64_t>()};
  check(positions.level >= 1 && positions.level < model.depth() && positions.lanes >= 1 &&
            positions.tile >= model.nodes(positions.level) && positions.tile <= 1 << 20,
        "expects positions of an inner level that fit their tile");
  return positions;
}

int64_t checkTile(const json &tile) {
  check(tile.get<int64_t>() >= 1 && tile.get<int64_t>() <= 1 << 20, "expects a tile of 1 to 2^20 samples");
  return tile.get<int64_t>();
}

ElementType readDtype(const json &text, const char *key) {
  return choose<ElementType>(text, {{"f32", ElementType::F32}, {"f64", ElementType::F64}}, key);
}

Kernel readKernel(const json &entry, const Model &model, int64_t tile, EspalierKernel function) {
  Kernel kernel;
  kernel.program = choose<Program>(entry.at("program"), {{"bp", Program::BP}, {"net", Program::Net}}, "program");
  kernel.pass = choose<Pass>(entry.at("pass"), {{"up", Pass::Up}, {"updown", Pass::UpDown}}, "pass");
  kernel.evidence = choose<EvidenceKind>(
      entry.at("evidence"),
      {{"symbol", EvidenceKind::Symbol}, {"gaussian", EvidenceKind::Gaussian}, {"soft", EvidenceKind::Soft}},
      "evidence");
  kernel.workspace = entry.at("workspace").get<size_t>();
  auto own = entry.find("tile");
  kernel.tile = own == entry.end() ? tile : checkTile(*own);
  if (auto bytes = entry.find("symbol_bytes"); bytes != entry.end())
    kernel.symbolBytes = bytes->get<int64_t>();
  check(kernel.symbolBytes == 4 ||
            (kernel.symbolBytes == 1 && model.leafStates() <= std::numeric_limits<int8_t>::max()),
        "expects symbols of 1 or 4 bytes that hold every state");
  kernel.reals = model.dtype;
  if (auto dtype = entry.find("evidence_dtype"); dtype != entry.end())
    kernel.reals = readDtype(*dtype, "evidence_dtype");
  if (auto positions = entry.find("positions"); positions != entry.end())
    kernel.positions = readPositions(*positions, model);
  kernel.function = function;
  return kernel;
}

Variant readVariant(const json &description, const Model &model, const EspalierVariant &compiled) {
  Variant variant;
  variant.cpu = description.at("cpu").get<std::string>();
  variant.features = description.at("features").get<std::vector<std::string>>();
  variant.tile = checkTile(description.at("tile"));
  const json &kernels = description.at("kernels");
  check(kernels.size() == compiled.kernel_count, "expects one entry per kernel");
  for (size_t i = 0; i < kernels.size(); ++i)
    variant.kernels.push_back(readKernel(kernels[i], model, variant.tile, compiled.kernels[i]));
  return variant;
}

void readVariants(const json &entries, const EspalierModel &compiled, Model &model) {
  check(!entries.empty() && entries.size() == compiled.variant_count, "expects one entry per variant, at least one");
  for (size_t i = 0; i < entries.size(); ++i)
    model.variants.push_back(readVariant(entries[i], model, compiled.variants[i]));
  auto fits = [](const Variant &variant) { return missingFeatures(variant.features).empty(); };
  auto best = std::find_if(model.variants.begin(), model.variants.end(), fits);
  model.use(best == model.variants.end() ? model.variants.back() : *best);
}

/// Every table must lie inside what the object holds.
void readTables(const json &tables, const EspalierModel &compiled, Model &model) {
  auto place = [&](const json &offset, int64_t count) {
    uint64_t begin = offset.get<uint64_t>();
    check(count >= 0 && begin <= compiled.table_count && static_cast<uint64_t>(count) <= compiled.table_count - begin,
          "expects tables that lie inside the object");
    return compiled.tables + begin;
  };
  model.values = place(tables.at("values"), model.leafStates() * model.valueSize);
  model.prior = place(tables.at("prior"), model.states[0]);
  const json &conditionals = tables.at("conditionals");
  check(static_cast<int64_t>(conditionals.size()) == model.depth(), "expects one conditional table per level");
  for (int64_t l = 1; l <= model.depth(); ++l) {
    const json &entry = conditionals[l - 1];
    int64_t count = entry.at("count").get<int64_t>();
    check(count == 1 || count == model.ranks(l) || count == model.nodes(l),
          "expects one conditional matrix per level, per rank or per node");
    const double *data = place(entry.at("offset"), elementCount({count, model.states[l - 1], model.states[l]}));
    model.conditionals.push_back({data, count});
  }
}

void readNetwork(const json &network, Model &model) {
  if (!choose<bool>(network.at("activation"), {{"exact", false}, {"relu", true}}, "activation"))
    return;
  ReluNetwork &relu = model.relu.emplace();
  relu.tolerance = network.at("tolerance").get<double>();
  relu.z = network.at("z").get<std::array<double, 2>>();
  relu.sigma = network.at("sigma").get<std::array<double, 2>>();
  relu.lambda = network.at("lambda").get<std::array<double, 2>>();
}

void readDescription(const json &description, const EspalierModel &compiled, Model &model) {
  model.name = description.at("name").get<std::string>();
  model.description = description.at("description").get<std::string>();
  model.dtype = readDtype(description.at("dtype"), "dtype");
  readTree(description, model);
  model.channel = choose<Channel>(description.at("channel"),
                                  {{"symbol", Channel::Symbol}, {"gaussian", Channel::Gaussian}}, "channel");
  model.hardLeaves = description.at("hard_leaves").get<bool>();
  if (description.contains("network"))
    readNetwork(description.at("network"), model);
  model.valueSize = description.at("value_size").get<int64_t>();
  model.vectorValues = description.at("vector_values").get<bool>();
  check(model.valueSize >= 1 && (model.vectorValues || model.valueSize == 1), "expects a value size of at least 1");
  model.parameters = description.at("parameters").get<int64_t>();
  readTables(description.at("tables"), compiled, model);
  readVariants(description.at("variants"), compiled, model);
}

} // namespace

Model runtime::loadModel(const EspalierModel &compiled) {
  if (compiled.abi_version != ESPALIER_ABI_VERSION)
    throw Error("the runtime expects a model of ABI version " + std::to_string(ESPALIER_ABI_VERSION) + ", got " +
                std::to_string(compiled.abi_version));
  Model model;
  try {
    readDescription(json::parse(compiled.description), compiled, model);
  } catch (const json::exception &problem) {
    fail(std::string("cannot be read: ") + problem.what());
  }
  return model;
}
