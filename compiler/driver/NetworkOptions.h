//===- NetworkOptions.h - Which network the command line asks for -*- C++ -*-===//
//
// --activation and --tolerance, which come before what the model file says under [network].
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_NETWORKOPTIONS_H
#define ESPALIER_COMPILER_DRIVER_NETWORKOPTIONS_H

#include "compiler/analysis/Model.h"

#include "mlir/IR/BuiltinOps.h"

#include <optional>

namespace espalier {

struct NetworkOptions {
  std::optional<Activation> activation;
  std::optional<double> tolerance; ///< in (0, inf)
};

/// Makes the module's model state what was asked for. Fails, saying why, where the module holds its networks already,
/// and for a tolerance without ReLUs.
mlir::LogicalResult applyNetworkOptions(mlir::ModuleOp module, const NetworkOptions &options);

/// Fails, saying so, where the module's model asks for a network of ReLUs and `option` works on exact networks only.
mlir::LogicalResult expectExactNetwork(mlir::ModuleOp module, llvm::StringRef option);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_NETWORKOPTIONS_H
