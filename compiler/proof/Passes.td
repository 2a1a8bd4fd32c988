//===- Passes.td - Proofs about programs -------------------*- tablegen -*-===//

#ifndef ESPALIER_COMPILER_PROOF_PASSES_TD
#define ESPALIER_COMPILER_PROOF_PASSES_TD

include "mlir/Pass/PassBase.td"

def NetProveBP : Pass<"net-prove-bp", "::mlir::ModuleOp"> {
  let summary = "prove by rewriting that the networks of a module are its message-passing programs";
  let description = [{
    Reads every network `net_...` and the program `bp_...` of the same name as terms, rewrites each to a normal form by
    rules of its own (docs/proof.md), and compares the normal forms, kernels bit for bit. A remark says what is proved;
    an error names the first pair that differs, and the pass fails. The module stays as it is.
  }];
}

#endif // ESPALIER_COMPILER_PROOF_PASSES_TD
