//===- Programs.h - The functions that every model is lowered to -*- C++ -*-===//
//
// What the two lowerings of a model agree on without seeing each other: which functions there are, what they are
// called, what they take. Everything between a function's arguments and its results is the lowering's own.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_PROGRAMS_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_PROGRAMS_H

#include "compiler/analysis/MessageRange.h"
#include "compiler/analysis/Model.h"
#include "compiler/analysis/TFGModel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace espalier {

enum class Evidence { Symbol, Gaussian, Soft };

/// One function to write: `up` (results: posterior of the root, loglik) or `updown` (results: posteriors of level 0..L,
/// posterior mean, loglik).
struct ProgramSpec {
  Evidence evidence;
  bool downward;

  /// The part of the function's name after the program's: "up_symbol", "updown_soft", ...
  std::string suffix() const;
  LeafMessages leafMessages() const { return evidence == Evidence::Symbol ? LeafMessages::Exact : LeafMessages::Any; }
};

/// Whether reals of a type hold the model's values: none is beyond a power of two that leaves their mean room, and not
/// all of them are so small that they lose digits.
bool holdsValues(const Model &model, Precision precision);

/// Calls `write` for each function that answers the queries of the module's model: for the model's own channel and for
/// soft evidence. Fails, saying why, where the module states no model, `dtype` is neither f32 nor f64 or does not hold
/// the model's values, or `write` fails.
mlir::LogicalResult writePrograms(
    mlir::ModuleOp module, llvm::StringRef dtype,
    llvm::function_ref<mlir::LogicalResult(const Model &, const ProgramSpec &, mlir::FloatType arrays, mlir::Location)>
        write);

Precision precisionOf(mlir::FloatType type);

/// Kernels of level l: [count x S_parent x S_child], count being the ranks, the nodes, or 1 where the level shares a
/// matrix that is too large to be repeated for every rank.
mlir::ElementsAttr edgeKernels(const Model &model, int64_t l, mlir::MLIRContext *context);

/// Checks that `function` is a program: evidence (a tensor whose last or first axis is the batch), lambda, sigma as
/// arguments; posteriors and, last, the log-likelihood as results. Modules may have been edited by hand. Networks of
/// ReLUs have no log-likelihood until they are lowered: `leastResults` is then 1.
mlir::LogicalResult checkProgram(mlir::func::FuncOp function, unsigned leastResults = 2);

/// An empty function `program`_`suffix` at the end of the module with an entry block. Arguments: evidence,
/// lambda, sigma (f64).
mlir::func::FuncOp createProgram(mlir::ModuleOp module, mlir::Location loc, llvm::StringRef program,
                                 const ProgramSpec &spec, mlir::Type evidence, mlir::TypeRange results);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_PROGRAMS_H
