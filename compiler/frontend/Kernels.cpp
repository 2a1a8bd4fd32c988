//===- Kernels.cpp - The kernels of every level ---------------------------===//
//
// First all tables are read, then each level's sharing and source are settled, then sizes are held against the
// limit, and only then is anything allocated or drawn.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Kernels.h"

#include "compiler/frontend/KernelFill.h"
#include "compiler/frontend/KernelSpec.h"

#include <algorithm>
#include <map>

namespace espalier {

namespace {

constexpr std::string_view levelKeys[] = {"index", "kernel"};
constexpr InnerKeys innerKeysOfLevel[] = {{"kernel", kernelKeys}};

const std::string sources = "random, potts, matrix or npy";

struct Override {
  Place indexPlace{};
  std::optional<KernelSpec> spec; ///< none after an error
};

class KernelsReader {
public:
  KernelsReader(Reader &reader, const TreeInfo &tree, Model &model) : reader(reader), tree(tree), model(model) {}

  std::vector<Place> read(const toml::table &file);

private:
  void readOverrides(const toml::node &node);
  void readOverride(const toml::table &table);
  std::optional<KernelSpec> readOverrideKernel(const toml::table &table, const std::string &where);
  KernelSpec settle(int64_t l) const;
  void reportMissingSource(int64_t l, const KernelSpec &spec);
  bool checkEntryCount();

  Reader &reader;
  const TreeInfo &tree;
  Model &model;
  std::optional<KernelSpec> defaults;
  std::map<int64_t, Override> overrides;
  bool overridesValid = true;
};

std::vector<Place> KernelsReader::read(const toml::table &file) {
  if (const toml::node *node = file.get("kernel"))
    defaults = readKernelSpec(reader, *node, "[kernel]");
  if (const toml::node *node = file.get("level"))
    readOverrides(*node);
  if (reader.isMisspelt(file, "kernel") || reader.isMisspelt(file, "level"))
    return {};
  if (!defaults && !file.contains("level")) {
    reader.error({1, 1}, "model file has no [kernel] table, expects one with a source (" + sources + ")");
    return {};
  }
  if (tree.depth == 0 || !overridesValid)
    return {};

  std::vector<Place> places;
  std::vector<KernelSpec> specs;
  for (int64_t l = 1; l <= tree.depth; ++l) {
    specs.push_back(settle(l));
    const KernelSpec &spec = specs.back();
    model.levels[l - 1].sharing = spec.sharing.value_or(Sharing::Rank);
    places.push_back(spec.source ? placeOf(*spec.source->node) : Place{});
    if (!spec.source)
      reportMissingSource(l, spec);
  }
  if (!tree.complete || !checkEntryCount())
    return places;
  KernelFill fill(reader, tree, model);
  for (int64_t l = 1; l <= tree.depth; ++l)
    fill.fill(l, specs[l - 1]);
  return places;
}

void KernelsReader::readOverrides(const toml::node &node) {
  const toml::array *list = node.as_array();
  if (!list) {
    reader.error(placeOf(node), "level expects an array of tables, as in [[level]], got " + describeType(node));
    overridesValid = false;
    return;
  }
  for (const toml::node &element : *list)
    if (const toml::table *table = reader.table(element, "[[level]]"))
      readOverride(*table);
    else
      overridesValid = false;
}

void KernelsReader::readOverride(const toml::table &table) {
  reader.checkKeys(table, "[[level]]", levelKeys, innerKeysOfLevel);
  const toml::node *node = table.get("index");
  if (!node && !reader.isMisspelt(table, "index"))
    reader.error(placeOf(table), "[[level]] expects the key 'index', got none");
  auto index =
      node ? reader.integer(*node, "index of [[level]]", 1, tree.depth > 0 ? tree.depth : maxDepth) : std::nullopt;
  std::string where = index ? "kernel of [[level]] " + std::to_string(*index) : "kernel of [[level]]";
  std::optional<KernelSpec> spec = readOverrideKernel(table, where);
  if (!index) {
    overridesValid = false;
    return;
  }
  auto [position, isNew] = overrides.try_emplace(*index, Override{placeOf(*node), spec});
  if (isNew)
    return;
  Diagnostic &error = reader.error(placeOf(*node), "index of [[level]] expects every level once, got " +
                                                       std::to_string(*index) + " twice");
  reader.note(error, "level " + std::to_string(*index) + " is overridden first", position->second.indexPlace);
}

std::optional<KernelSpec> KernelsReader::readOverrideKernel(const toml::table &table, const std::string &where) {
  const toml::node *node = table.get("kernel");
  if (!node && reader.isMisspelt(table, "kernel")) {
    KernelSpec spec;
    spec.source = sourceInError(table);
    return spec;
  }
  if (!node) {
    reader.error(placeOf(table), "[[level]] expects the key 'kernel', got none");
    return std::nullopt;
  }
  if (node->is_table() && node->as_table()->empty())
    reader.error(placeOf(*node), where + " expects a sharing or a source, got an empty table");
  return readKernelSpec(reader, *node, where);
}

KernelSpec KernelsReader::settle(int64_t l) const {
  KernelSpec spec = defaults.value_or(KernelSpec());
  auto found = overrides.find(l);
  return found != overrides.end() && found->second.spec ? spec.overriddenBy(*found->second.spec) : spec;
}

/// Once for all levels that rest on the default: it is one mistake.
void KernelsReader::reportMissingSource(int64_t l, const KernelSpec &spec) {
  bool overridden = overrides.contains(l);
  for (int64_t k = 1; k < l && !overridden; ++k)
    if (!overrides.contains(k))
      return;
  std::string expectation = "kernel of level " + std::to_string(l) + " expects a source (" + sources + ")";
  reader.error(spec.place, expectation + (defaults || overridden ? ", got none" : ", got no [kernel] table"));
}

bool KernelsReader::checkEntryCount() {
  int64_t sum = 0;
  for (int64_t l = 1; l <= tree.depth; ++l) {
    // Fewer than 2^31 matrices of at most 2^24 entries, added to at most 2^27: no overflow.
    sum += model.kernelCount(l) * model.states(l - 1) * model.states(l);
    if (sum <= maxKernelEntries)
      continue;
    Diagnostic &error = reader.error(tree.levels[l - 1], "kernels expect at most " + std::to_string(maxKernelEntries) +
                                                             " entries in all, got " + std::to_string(sum) +
                                                             " up to level " + std::to_string(l));
    noteStates(reader, error, model, tree, l);
    return false;
  }
  return true;
}

} // namespace

std::vector<Place> readKernels(Reader &reader, const toml::table &file, const TreeInfo &tree, Model &model) {
  return KernelsReader(reader, tree, model).read(file);
}

} // namespace espalier
