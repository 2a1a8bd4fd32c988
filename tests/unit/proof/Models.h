//===- Models.h - Small models as modules with both programs -----*- C++ -*-===//
//
// Writes random models as tfg text and lowers them, so that a test can change what came out.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_PROOF_MODELS_H
#define ESPALIER_TESTS_UNIT_PROOF_MODELS_H

#include "compiler/proof/Report.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

namespace espalier::proof::test {

/// What a model is drawn from; two models of one seed have the same numbers where they have the same shapes.
struct Sketch {
  std::vector<std::vector<int64_t>> patches;
  std::vector<int64_t> states; ///< level 0..L
  bool gaussian = true;
  bool zeros = false; ///< in every kernel
  unsigned seed = 1;
};

/// A tfg.model as text.
std::string modelText(const Sketch &sketch);

std::unique_ptr<mlir::MLIRContext> createContext();

/// A module with the model, its message-passing programs and its networks, as drawn or with logs cancelled.
mlir::OwningOpRef<mlir::ModuleOp> lowered(mlir::MLIRContext &context, const std::string &model, bool cancelLogs,
                                          const std::string &dtype = "f64");

/// What `prove` says about a module by itself.
Report reportOf(mlir::ModuleOp module);

} // namespace espalier::proof::test

#endif // ESPALIER_TESTS_UNIT_PROOF_MODELS_H
