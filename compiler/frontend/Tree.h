//===- Tree.h - The [tree] table of a model file ------------------*- C++ -*-===//
//
// Reads branching and states, and remembers where each was set so that later errors can point back at them.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_TREE_H
#define ESPALIER_COMPILER_FRONTEND_TREE_H

#include "compiler/analysis/Model.h"
#include "compiler/frontend/Reader.h"

#include <string>
#include <vector>

namespace espalier {

/// The keys of the table.
inline constexpr std::string_view treeKeys[] = {"branching", "states"};

/// Limits of a tree: what the index types, the generated code's loops and people's memory can bear.
constexpr int64_t maxDepth = 64;
constexpr int64_t maxStates = 4096;
constexpr int64_t maxNodes = (int64_t(1) << 31) - 1;

/// What of the tree could be read, and where it stands.
struct TreeInfo {
  /// L, or 0 where branching is in error.
  int64_t depth = 0;
  /// Whether branching and states were read without an error: only then do shapes of kernels mean anything.
  bool complete = false;
  Place branching{};
  std::vector<Place> levels; ///< [L] the level's entry of branching
  std::vector<Place> states; ///< [L + 1] the level's entry of states, or the one integer
};

/// Fills patches and states of `model` from the [tree] table of the file.
TreeInfo readTree(Reader &reader, const toml::table &file, Model &model);

/// Adds the note that says how many states level l has: "level 2 has states = 8, set at ...".
void noteStates(const Reader &reader, Diagnostic &diagnostic, const Model &model, const TreeInfo &tree, int64_t l);

/// Adds the note that says how level l branches.
void noteBranching(const Reader &reader, Diagnostic &diagnostic, const Model &model, const TreeInfo &tree, int64_t l);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_TREE_H
