//===- Tree.cpp - The [tree] table of a model file ------------------------===//
//
// Levels are read one by one; the first entry of branching decides between a sequence and an image.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Tree.h"

#include <array>
#include <limits>

namespace espalier {

namespace {

std::string levelName(int64_t l) { return l == 0 ? "level 0 (the root)" : "level " + std::to_string(l); }

class TreeReader {
public:
  TreeReader(Reader &reader, Model &model) : reader(reader), model(model) {}

  TreeInfo read(const toml::table &file);

private:
  void readBranching(const toml::node &node);
  bool readLevel(const toml::node &node, bool isImage);
  bool readPatch(const toml::array &patch, const std::string &what, Level &level);
  bool checkNodes();
  bool readStates(const toml::node &node);
  bool readStatesList(const toml::array &list);

  Reader &reader;
  Model &model;
  TreeInfo info;
};

TreeInfo TreeReader::read(const toml::table &file) {
  const toml::node *node = file.get("tree");
  if (!node) {
    if (!reader.isMisspelt(file, "tree"))
      reader.error({1, 1}, "model file has no [tree] table, expects one with branching and states");
    return info;
  }
  const toml::table *table = reader.table(*node, "tree");
  if (!table)
    return info;
  reader.checkKeys(*table, "[tree]", treeKeys);
  for (std::string_view key : treeKeys)
    if (!table->contains(key) && !reader.isMisspelt(*table, key))
      reader.error(placeOf(*table), "[tree] expects the key '" + std::string(key) + "', got none");
  if (const toml::node *branching = table->get("branching"))
    readBranching(*branching);
  const toml::node *states = table->get("states");
  bool statesValid = states && readStates(*states);
  info.complete = info.depth > 0 && statesValid;
  return info;
}

void TreeReader::readBranching(const toml::node &node) {
  info.branching = placeOf(node);
  const toml::array *list = reader.array(node, "branching");
  if (!list)
    return;
  auto count = static_cast<int64_t>(list->size());
  if (count < 1 || count > maxDepth) {
    std::string range = "branching expects 1 to " + std::to_string(maxDepth) + " levels";
    reader.error(info.branching, range + ", got " + (count == 0 ? "none" : std::to_string(count)));
    return;
  }
  bool isImage = list->get(0)->is_array();
  bool valid = true;
  for (const toml::node &element : *list)
    valid &= readLevel(element, isImage);
  if (valid && checkNodes())
    info.depth = count;
}

bool TreeReader::readLevel(const toml::node &node, bool isImage) {
  Level &level = model.levels.emplace_back();
  info.levels.push_back(placeOf(node));
  std::string what = "branching of level " + std::to_string(model.levels.size());
  if (isImage && node.is_integer()) {
    Diagnostic &error = reader.error(placeOf(node), what + " expects [rows, columns], got an integer");
    reader.note(error, "level 1 makes the leaves an image, set", info.levels.front());
    return false;
  }
  if (!isImage && node.is_array()) {
    Diagnostic &error = reader.error(placeOf(node), what + " expects an integer, got an array");
    reader.note(error, "level 1 makes the leaves a sequence, set", info.levels.front());
    return false;
  }
  if (const toml::array *patch = node.as_array())
    return readPatch(*patch, what, level);
  auto ranks = reader.integer(node, what, 1, maxNodes);
  level.patch = {ranks.value_or(1)};
  return ranks.has_value();
}

bool TreeReader::readPatch(const toml::array &patch, const std::string &what, Level &level) {
  level.patch = {1, 1};
  if (patch.size() != 2) {
    reader.error(placeOf(patch), what + " expects [rows, columns], got " + std::to_string(patch.size()) +
                                     (patch.size() == 1 ? " entry" : " entries"));
    return false;
  }
  bool valid = true;
  for (size_t axis = 0; axis < 2; ++axis) {
    auto extent = reader.integer(*patch.get(axis), what, 1, maxNodes);
    level.patch[axis] = extent.value_or(1);
    valid &= extent.has_value();
  }
  return valid;
}

/// Every factor is below 2^31, so a product of two cannot overflow before it is compared.
bool TreeReader::checkNodes() {
  int64_t nodes = 1;
  for (int64_t l = 1; l <= model.depth(); ++l)
    for (int64_t extent : model.levels[l - 1].patch) {
      nodes *= extent;
      if (nodes <= maxNodes)
        continue;
      reader.error(info.levels[l - 1], "level " + std::to_string(l) + " expects at most " + std::to_string(maxNodes) +
                                           " nodes, got " + std::to_string(nodes) + " or more");
      return false;
    }
  return true;
}

bool TreeReader::readStates(const toml::node &node) {
  if (const toml::array *list = node.as_array())
    return readStatesList(*list);
  if (!node.is_integer()) {
    reader.error(placeOf(node), "states expects an integer or an array, got " + describeType(node));
    return false;
  }
  auto states = reader.integer(node, "states", 1, maxStates);
  model.rootStates = states.value_or(0);
  for (Level &level : model.levels)
    level.states = states.value_or(0);
  info.states.assign(info.depth + 1, placeOf(node));
  return states.has_value();
}

bool TreeReader::readStatesList(const toml::array &list) {
  bool valid = true;
  for (size_t i = 0; i < list.size(); ++i) {
    auto states = reader.integer(list[i], "states of level " + std::to_string(i), 1, maxStates);
    valid &= states.has_value();
    info.states.push_back(placeOf(list[i]));
    if (i == 0)
      model.rootStates = states.value_or(0);
    else if (i <= model.levels.size())
      model.levels[i - 1].states = states.value_or(0);
  }
  auto count = static_cast<int64_t>(list.size());
  if (info.depth == 0 || count == info.depth + 1)
    return valid;
  Diagnostic &error =
      reader.error(placeOf(list), "states expects " + std::to_string(info.depth + 1) +
                                      " entries (the root and every level), got " + std::to_string(count));
  reader.note(error, "the tree has " + std::to_string(info.depth) + (info.depth == 1 ? " level" : " levels") + ", set",
              info.branching);
  return false;
}

} // namespace

TreeInfo readTree(Reader &reader, const toml::table &file, Model &model) {
  return TreeReader(reader, model).read(file);
}

void noteStates(const Reader &reader, Diagnostic &diagnostic, const Model &model, const TreeInfo &tree, int64_t l) {
  reader.note(diagnostic, levelName(l) + " has states = " + std::to_string(model.states(l)) + ", set", tree.states[l]);
}

void noteBranching(const Reader &reader, Diagnostic &diagnostic, const Model &model, const TreeInfo &tree, int64_t l) {
  const std::vector<int64_t> &patch = model.levels[l - 1].patch;
  std::string text = std::to_string(patch[0]);
  if (patch.size() == 2)
    text = "[" + text + ", " + std::to_string(patch[1]) + "]";
  reader.note(diagnostic, levelName(l) + " has branching = " + text + ", set", tree.levels[l - 1]);
}

} // namespace espalier
