//===- espalier-opt.cpp - Every pass on its own ---------------------------===//
//
// For compiler developers: reads a module, runs the passes named on the command line, prints the module. It only
// registers.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Registration.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  espalier::registerDialects(registry);
  espalier::registerPassesAndPipelines();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Espalier's passes\n", registry));
}
