//===- DrawnNetwork.h - Networks on logarithms, read back --------*- C++ -*-===//
//
// Finds the blocks of a network as `convert-tfg-to-net` draws it. What its features can be then follows from its
// weights alone: they are the kernels of a model, which range analysis takes.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_OPTIMIZATION_DRAWNNETWORK_H
#define ESPALIER_COMPILER_OPTIMIZATION_DRAWNNETWORK_H

#include "compiler/analysis/MessageRange.h"
#include "dialects/net/NetOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>

namespace espalier {

/// The norm layers of the blocks of one level l >= 1.
struct DrawnLevel {
  net::NormOp pooled;    ///< of what the encoder pools from level l: features of level l-1
  net::NormOp fromAbove; ///< of what the decoder's block of level l makes; null in a ConvNet
};

struct DrawnNetwork {
  std::vector<DrawnLevel> levels; ///< levels[l - 1] is level l
  /// The network's weights as kernels and prior, all that range analysis reads.
  Model model;
  LeafMessages leaves = LeafMessages::Any;
  Precision precision = Precision::F32; ///< of the features
};

/// Nothing where a layer is missing, stands elsewhere, or where encoder and decoder have different weights.
std::optional<DrawnNetwork> readDrawnNetwork(mlir::func::FuncOp function);

/// A parent's belief, under its norm layers: what the parent heard from above plus what its children told it.
struct DrawnBelief {
  mlir::Value fromAbove; ///< null at the root, which hears its prior
  net::BiasOp prior;     ///< the root's; null below
  mlir::Value children;  ///< what all children told, before pooling
};

/// Nothing where `belief` is made in another way.
std::optional<DrawnBelief> readBelief(mlir::Value belief);

} // namespace espalier

#endif // ESPALIER_COMPILER_OPTIMIZATION_DRAWNNETWORK_H
