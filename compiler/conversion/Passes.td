//===- Passes.td - From one dialect to the next ------------*- tablegen -*-===//

#ifndef ESPALIER_COMPILER_CONVERSION_PASSES_TD
#define ESPALIER_COMPILER_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

class LowerModelPass<string argument, list<string> dialects> : Pass<argument, "::mlir::ModuleOp"> {
  let options = [Option<"dtype", "dtype", "std::string", "\"f32\"", "Element type of messages: f32 or f64">];
  let dependentDialects = !listconcat(["::mlir::func::FuncDialect"], dialects);
}

def ConvertTFGToBP : LowerModelPass<"convert-tfg-to-bp", ["::espalier::bp::BPDialect"]> {
  let summary = "write the exact message-passing programs of a model";
  let description = [{
    Adds one function per pass (`up`: posterior of the root and log-likelihood; `updown`: posteriors of every level, the
    posterior mean of e, log-likelihood) and kind of evidence (the model's channel, soft). Range analysis chooses the
    domain (linear where it is exact, log elsewhere) and places the normalizations.
  }];
}

def ConvertTFGToNet : LowerModelPass<"convert-tfg-to-net", ["::espalier::net::NetDialect"]> {
  let summary = "draw the ConvNets and U-Nets of a model";
  let description = [{
    Adds the same functions as `convert-tfg-to-bp`, as networks: `up` is the ConvNet, `updown` the U-Net. The decoder
    subtracts its skip where kernels are positive and sums the siblings' where they are not.
  }];
}

class ToLinalgPass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def ConvertBPToLinalg : ToLinalgPass<"convert-bp-to-linalg"> {
  let summary = "state message passing as linalg on the tree's index space";
}

def ConvertNetToLinalg : ToLinalgPass<"convert-net-to-linalg"> {
  let summary = "state networks as linalg on the tree's index space";
}

#endif // ESPALIER_COMPILER_CONVERSION_PASSES_TD
