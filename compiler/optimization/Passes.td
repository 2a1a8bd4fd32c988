//===- Passes.td - Rewrites within a dialect ---------------*- tablegen -*-===//

#ifndef ESPALIER_COMPILER_OPTIMIZATION_PASSES_TD
#define ESPALIER_COMPILER_OPTIMIZATION_PASSES_TD

include "mlir/Pass/PassBase.td"

def NetCancelLogs : Pass<"net-cancel-logs", "::mlir::func::FuncOp"> {
  let summary = "rewrite a network on logarithms into one on the messages themselves";
  let description = [{
    States every layer on logarithms as log, the same layer on weights, exp; then exp cancels log. A sum of logs becomes a
    product, a norm layer a rescaling where the range analysis of the network's own weights asks for one and nothing
    elsewhere, the subtracted skip a product of siblings, softmax a division by the sum, and a convolution of one-hot
    symbols a look-up. The log-likelihood stays what it is.

    Networks stay as they are where weights could leave the range of the features' type, and where the layers do not
    stand as `convert-tfg-to-net` draws them: nothing is known of their range.
  }];
  let dependentDialects = ["::espalier::net::NetDialect"];
}

def NetFoldPiecewise : Pass<"net-fold-piecewise", "::mlir::func::FuncOp"> {
  let summary = "state hidden units of one channel each as piecewise linear functions";
  let description = [{
    `net.pointwise` from 1 channel to n, `net.relu` and `net.pointwise` from n to 1 become `net.piecewise`: the same sum
    of the same terms, without n channels in memory. Where such a function makes symbols one-hot, it and the convolution
    behind it become `net.look_up`.
  }];
  let dependentDialects = ["::espalier::net::NetDialect"];
}

#endif // ESPALIER_COMPILER_OPTIMIZATION_PASSES_TD
