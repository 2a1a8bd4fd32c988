//===- VerifyProof.cpp - The proof beside the samples ---------------------===//

#include "compiler/driver/VerifyProof.h"

#include "compiler/driver/Pipeline.h"
#include "compiler/proof/Prove.h"
#include "dialects/bp/BPOps.h"
#include "dialects/net/NetOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#include <iostream>

using namespace mlir;

namespace espalier {

/// An op beside those of networks and message passing: the module has been lowered further. Null where there is none.
static Operation *foreignOp(ModuleOp module) {
  Operation *found = nullptr;
  for (Operation &function : module.getOps())
    if (isa<FunctionOpInterface>(function))
      function.walk([&](Operation *op) {
        if (!isa_and_nonnull<net::NetDialect, bp::BPDialect, func::FuncDialect>(op->getDialect()))
          found = op;
        return found ? WalkResult::interrupt() : WalkResult::advance();
      });
  return found;
}

static bool holdsMessages(ModuleOp module) {
  return llvm::any_of(module.getOps<func::FuncOp>(),
                      [](func::FuncOp function) { return function.getName().starts_with("bp_"); });
}

LogicalResult VerifyProof::prepare(ModuleOp module, const std::string &path) {
  if (Operation *foreign = foreignOp(module)) {
    std::cerr << path << ": error: --proof expects functions of net and bp ops, got "
              << foreign->getName().getStringRef().str() << "\n";
    return failure();
  }
  if (holdsMessages(module))
    return success();
  wide = cast<ModuleOp>(module->clone());
  for (auto function : llvm::make_early_inc_range(wide->getOps<func::FuncOp>()))
    function.erase();
  FailureOr<Pipeline> pipeline = Pipeline::create({.dtype = "f64"}, *wide);
  return failure(failed(pipeline) || failed(pipeline->writeProgram(Pipeline::Program::BP)));
}

LogicalResult VerifyProof::prove(ModuleOp programs) { return proof::prove(programs, programs, wide.get(), report); }

std::string proofFailure(const proof::Report &report) {
  const proof::Claim *failure = report.firstFailure();
  std::string text = failure ? proof::failureText(*failure) : "there is no network";
  return text.substr(0, text.find('\n'));
}

} // namespace espalier
