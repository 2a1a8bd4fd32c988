//===- NetworkOptions.cpp - Which network the command line asks for -------===//

#include "compiler/driver/NetworkOptions.h"

#include "compiler/analysis/TFGModel.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace espalier {

static LogicalResult refuse(const llvm::Twine &reason) {
  llvm::errs() << "espalier: error: " << reason << "\n";
  return failure();
}

LogicalResult applyNetworkOptions(ModuleOp module, const NetworkOptions &options) {
  if (!options.activation && !options.tolerance)
    return success();
  FailureOr<tfg::ModelOp> op = findModel(module);
  if (failed(op))
    return failure();
  bool isDrawn = llvm::any_of(module.getOps<SymbolOpInterface>(),
                              [](SymbolOpInterface symbol) { return symbol.getName().starts_with("net_"); });
  if (isDrawn)
    return refuse("--activation and --tolerance expect a module without networks, got one that holds them");
  NetworkSpec network = readModel(*op).network;
  network.activation = options.activation.value_or(network.activation);
  network.tolerance = options.tolerance.value_or(network.tolerance);
  if (options.tolerance && network.activation == Activation::Exact)
    return refuse("--tolerance expects --activation=relu, got a network with the activation exact");
  stateNetwork(*op, network);
  return success();
}

LogicalResult expectExactNetwork(ModuleOp module, StringRef option) {
  FailureOr<tfg::ModelOp> model = findModel(module);
  if (failed(model))
    return failure();
  if (readModel(*model).network.activation == Activation::Exact)
    return success();
  llvm::errs() << "espalier: error: " << option << " expects a network with the activation exact, got relu\n";
  return failure();
}

} // namespace espalier
