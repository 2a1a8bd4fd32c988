//===- Kernels.h - The kernels of every level ---------------------*- C++ -*-===//
//
// Puts the default [kernel] and the [[level]] overrides together and fills the kernels of a model from their
// sources: Dirichlet rows, Potts matrices, nested arrays or .npy files.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_KERNELS_H
#define ESPALIER_COMPILER_FRONTEND_KERNELS_H

#include "compiler/analysis/Model.h"
#include "compiler/frontend/Reader.h"
#include "compiler/frontend/Tree.h"

namespace espalier {

/// Kernels of one model have at most this many entries: they become constants of one object file, whose data must
/// stay below 2 GiB.
constexpr int64_t maxKernelEntries = int64_t(1) << 27;

/// Fills sharing and kernels of all levels. Without a complete tree only what does not depend on it is checked.
/// Gives the place of each level's source (line 0 where there is none).
///
/// Matrices for `sharing = "none"` stand in rank order: matrix number parent * ranks + rank belongs to the edge above
/// that node, for images too, where it is not the row-major order of the nodes' patches.
std::vector<Place> readKernels(Reader &reader, const toml::table &file, const TreeInfo &tree, Model &model);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_KERNELS_H
