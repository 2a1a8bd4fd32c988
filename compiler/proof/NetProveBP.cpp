//===- NetProveBP.cpp - The proof as a pass -------------------------------===//

#include "compiler/proof/Passes.h"
#include "compiler/proof/Prove.h"

namespace espalier {
#define GEN_PASS_DEF_NETPROVEBP
#include "compiler/proof/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

struct NetProveBP : espalier::impl::NetProveBPBase<NetProveBP> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    proof::Report report;
    if (failed(proof::prove(module, module, ModuleOp(), report)))
      return signalPassFailure();
    for (const proof::Claim &claim : report.claims)
      if (claim.proved)
        module.emitRemark() << "PROVED: net_" << claim.program << " is bp_" << claim.program;
      else
        module.emitError() << "NOT PROVED: " << proof::failureText(claim);
    if (report.claims.empty())
      module.emitError() << "expects networks and message-passing programs, got none";
    if (!report.proved())
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};

} // namespace
