//===- Input.h - Model files and modules as input ----------------*- C++ -*-===//
//
// Reads what a user hands to a command: a .toml model file, or an .mlir module of any stage.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_INPUT_H
#define ESPALIER_COMPILER_DRIVER_INPUT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

namespace espalier {

/// The module that `path` holds; null after printing to stderr what is wrong with the file. Adds to `files` all that
/// were read.
mlir::OwningOpRef<mlir::ModuleOp> loadModule(const std::string &path, mlir::MLIRContext *context,
                                             std::vector<std::string> &files);

/// A context with all dialects, which reports errors the way model files do: place and sentence, never IR.
std::unique_ptr<mlir::MLIRContext> createContext();

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_INPUT_H
