//===- KernelSpec.cpp - A kernel as a model file writes it ----------------===//
//
// A source in error still counts as a source, so that one mistake does not also appear as "no source".
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/KernelSpec.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace espalier {

namespace {

constexpr std::string_view sourceKeys[] = {"random", "potts", "matrix", "npy"}; // in the order of SourceKind
constexpr std::string_view randomKeys[] = {"concentration", "seed"};
constexpr InnerKeys innerKeys[] = {{"random", randomKeys}};
constexpr std::string_view sharingNames[] = {"rank", "level", "none"}; // in the order of Sharing

bool readConcentration(Reader &reader, const toml::table &table, KernelSource &source) {
  const toml::node *node = table.get("concentration");
  if (!node) {
    if (!reader.isMisspelt(table, "concentration"))
      reader.error(placeOf(table), "random expects the key 'concentration', got none");
    return false;
  }
  auto value = reader.real(*node, "concentration");
  if (value && *value <= 0) {
    reader.error(placeOf(*node), "concentration expects a number > 0, got " + formatNumber(*value));
    return false;
  }
  source.concentration = value.value_or(1);
  return value.has_value();
}

bool readRandom(Reader &reader, KernelSource &source) {
  const toml::table *table = reader.table(*source.node, "random");
  if (!table)
    return false;
  reader.checkKeys(*table, "random", randomKeys);
  bool valid = readConcentration(reader, *table, source);
  if (const toml::node *seed = table->get("seed")) {
    auto value = reader.integer(*seed, "seed", 0, std::numeric_limits<int64_t>::max());
    source.seed = static_cast<uint64_t>(value.value_or(0));
    valid &= value.has_value();
  }
  return valid;
}

bool readPotts(Reader &reader, KernelSource &source) {
  auto value = reader.real(*source.node, "potts");
  source.potts = value.value_or(0);
  return value.has_value();
}

KernelSource readSource(Reader &reader, SourceKind kind, const toml::node &node) {
  KernelSource source;
  source.kind = kind;
  source.node = &node;
  if (kind == SourceKind::Random)
    source.valid = readRandom(reader, source);
  else if (kind == SourceKind::Potts)
    source.valid = readPotts(reader, source);
  return source;
}

std::string sourceName(const KernelSource &source) {
  return "'" + std::string(sourceKeys[static_cast<size_t>(source.kind)]) + "'";
}

/// All sources are read, so that each reports its own errors; a second one is an error itself.
std::optional<KernelSource> readSources(Reader &reader, const toml::table &table, const std::string &where) {
  std::vector<KernelSource> sources;
  for (size_t i = 0; i < std::size(sourceKeys); ++i)
    if (const toml::node *node = table.get(sourceKeys[i]))
      sources.push_back(readSource(reader, static_cast<SourceKind>(i), *node));
  if (sources.empty())
    return std::nullopt;
  std::sort(sources.begin(), sources.end(),
            [](const KernelSource &a, const KernelSource &b) { return placeOf(*a.node) < placeOf(*b.node); });
  KernelSource &first = sources.front();
  for (size_t i = 1; i < sources.size(); ++i) {
    Diagnostic &error =
        reader.error(placeOf(*sources[i].node), where + " expects exactly one source, got " + sourceName(first) +
                                                    " and " + sourceName(sources[i]));
    reader.note(error, sourceName(first) + " is set", placeOf(*first.node));
    first.valid = false;
  }
  return first;
}

} // namespace

KernelSpec KernelSpec::overriddenBy(const KernelSpec &other) const {
  KernelSpec result = *this;
  result.place = other.place;
  if (other.sharing) {
    result.sharing = other.sharing;
    result.sharingPlace = other.sharingPlace;
  }
  if (other.source)
    result.source = other.source;
  return result;
}

KernelSource sourceInError(const toml::node &node) {
  KernelSource source;
  source.node = &node;
  source.valid = false;
  return source;
}

std::string sharingName(Sharing sharing) { return std::string(sharingNames[static_cast<size_t>(sharing)]); }

KernelSpec readKernelSpec(Reader &reader, const toml::node &node, const std::string &where) {
  KernelSpec spec;
  spec.place = placeOf(node);
  const toml::table *table = reader.table(node, where);
  if (!table) {
    spec.source = sourceInError(node);
    return spec;
  }
  reader.checkKeys(*table, where, kernelKeys, innerKeys);
  if (const toml::node *sharing = table->get("sharing")) {
    spec.sharingPlace = placeOf(*sharing);
    if (auto choice = reader.choice(*sharing, "sharing", sharingNames))
      spec.sharing = static_cast<Sharing>(*choice);
  }
  spec.source = readSources(reader, *table, where);
  auto isMisspelt = [&](std::string_view source) { return reader.isMisspelt(*table, source); };
  if (!spec.source && std::any_of(std::begin(sourceKeys), std::end(sourceKeys), isMisspelt))
    spec.source = sourceInError(node);
  return spec;
}

} // namespace espalier
