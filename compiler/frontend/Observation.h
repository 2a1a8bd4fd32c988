//===- Observation.h - The [root] and [observation] tables --------*- C++ -*-===//
//
// The two ends of the tree: the prior of the root, and how leaves are seen.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_OBSERVATION_H
#define ESPALIER_COMPILER_FRONTEND_OBSERVATION_H

#include "compiler/analysis/Model.h"
#include "compiler/frontend/Reader.h"
#include "compiler/frontend/Tree.h"

namespace espalier {

/// The keys of the two tables.
inline constexpr std::string_view rootKeys[] = {"prior"};
inline constexpr std::string_view observationKeys[] = {"channel", "values"};

/// Fills the prior: "uniform" (also without a [root] table), a list of S_0 weights, or { npy = "file" }.
void readRoot(Reader &reader, const toml::table &file, const TreeInfo &tree, Model &model);

/// Fills the channel (default "symbol") and the values e: S_L numbers, S_L rows of p numbers, or { npy = "file" };
/// default: evenly spaced on [-1, 1], and 0 where leaves have one state.
void readObservation(Reader &reader, const toml::table &file, const TreeInfo &tree, Model &model);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_OBSERVATION_H
