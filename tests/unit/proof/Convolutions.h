//===- Convolutions.h - Dense convolutions on positions ----------*- C++ -*-===//
//
// The convolutions of networks as they are usually defined, with a kernel that is zero wherever a channel group does
// not see a tap, on positions row by row.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_PROOF_CONVOLUTIONS_H
#define ESPALIER_TESTS_UNIT_PROOF_CONVOLUTIONS_H

#include "Evaluate.h"

namespace espalier::proof::test {

/// The matrix of the edge above a node: by rank, or by node in rank order.
const double *matrixOf(const Table &kernel, int64_t node);

/// Strided: from the maps of a level to channel groups (tap, s) at its parents; in and out in rank order.
Tensor convolve(const Table &kernel, int64_t level, const World &world, const Tensor &x);

/// Transposed: from channel groups (tap, s) at the parents to the maps of a level; in and out in rank order.
Tensor convolveTransposed(const Table &kernel, int64_t level, const World &world, const Tensor &x);

} // namespace espalier::proof::test

#endif // ESPALIER_TESTS_UNIT_PROOF_CONVOLUTIONS_H
