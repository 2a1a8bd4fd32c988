//===- Passes.td - From linalg to machine code -------------*- tablegen -*-===//

#ifndef ESPALIER_COMPILER_CODEGEN_PASSES_TD
#define ESPALIER_COMPILER_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def JoinLookUps : Pass<"espalier-join-look-ups", "::mlir::func::FuncOp"> {
  let summary = "look siblings' symbols up together, in one table of products";
  let description = [{
    What siblings send up is multiplied at once: one look-up by all their symbols instead of one for each. That is done where
    a row of the joint table is within reach of in-register permutations, and where one sibling's row is not but the joint
    table is small enough to stay in the innermost cache. Where nothing else becomes of the product than that it goes through
    the parent's kernel, the table holds what comes out of it, if that takes fewer instructions and the table is no more than
    512 KiB; the parent then looks up what it sends, and the same can pay at its own parent.
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", "16", "Elements per vector">,
    Option<"permuteBits", "permute-bits", "int64_t", "0",
           "Width of the vectors that the machine permutes by indices in a register: 256 (AVX2), 512 (AVX-512), or 0">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def LayOutTables : Pass<"espalier-lay-out-tables", "::mlir::func::FuncOp"> {
  let summary = "lay tables out as the machine's look-ups read them";
  let description = [{
    Tables come as `[..., states, symbols]`. Rows of few symbols are padded to whole vectors and read by in-register
    permutations; others become `[..., symbols, states]`, padded, and are read row by row.
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", "16", "Elements per vector">,
    Option<"permuteBits", "permute-bits", "int64_t", "0",
           "Width of the vectors that the machine permutes by indices in a register: 256 (AVX2), 512 (AVX-512), or 0">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def NarrowSymbols : Pass<"espalier-narrow-symbols", "::mlir::func::FuncOp"> {
  let summary = "take exact symbols in fewer bits";
  let description = [{
    Where a function's evidence is integers of more than `bits` bits, it becomes integers of `bits`, unsigned, and whatever
    reads it extends them. The caller sees to it that they fit: the kernel's attribute says how wide they are.
  }];
  let options = [Option<"bits", "bits", "int64_t", "8", "Bits of a symbol">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def Schedule : Pass<"espalier-schedule", "::mlir::ModuleOp"> {
  let summary = "turn linalg on the tree's index space into a depth-first walk over one batch tile";
  let description = [{
    Every function becomes one that handles a tile of `tile` samples and has the signature of runtime/ABI.h. Ops that feed
    the root form one nest of loops over child ranks, in which a node's message is computed as soon as its children's are;
    the others form a second nest from the root down. Each value gets one buffer of a node's size, reused along the
    walk; what the second nest reads of the first is kept for the whole tile. Where that is more than `keep-bytes`, the tree is
    cut at the highest level whose subtrees keep no more than `subtree-bytes`; messages below it are computed again, one
    subtree at a time, when the second nest gets there. Where everything is kept but is more than `subtree-bytes`, ops say
    by `espalier.ahead` how many rows ahead of a kept operand cache lines are to be asked for.
  }];
  let options = [
    Option<"tile", "tile", "int64_t", "32", "Samples per tile; a multiple of the vector width">,
    Option<"downTile", "down-tile", "int64_t", "0", "The same of functions that walk down as well; 0: as many">,
    Option<"keepBytes", "keep-bytes", "int64_t", "16777216", "Messages of a tile that are kept for the walk down; more are cut">,
    Option<"subtreeBytes", "subtree-bytes", "int64_t", "262144", "Messages that a core's own cache holds: those of a subtree below the cut">,
    Option<"positionsLevel", "positions-level", "int64_t", "0",
           "Also write kernels for one sample, with the nodes of this level in the lanes; 0: none">,
    Option<"positionsTile", "positions-tile", "int64_t", "0", "Lanes for these nodes, a multiple of the vector width">,
    Option<"positionsLanes", "positions-lanes", "int64_t", "0", "Lanes for what is computed above them">,
    Option<"positionsBatch", "positions-batch", "int64_t", "0", "Samples up to which such a kernel is to be used">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def Outline : Pass<"espalier-outline", "::mlir::ModuleOp"> {
  let summary = "move steps that occur more than once into functions";
  let description = [{
    Runs of steps that are equal but for the buffers that they work on become one private function, called with the
    addresses of its slices. Small runs in the innermost loops over the tree stay where they are: there a call would tell.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def Vectorize : Pass<"espalier-vectorize", "::mlir::func::FuncOp"> {
  let summary = "turn linalg on buffers into loops over vectors, the batch in the lanes";
  let description = [{
    Consecutive ops over the same states form one loop nest. Reductions keep `rows` x `columns` accumulators in registers.
  }];
  let options = [
    Option<"lanes", "lanes", "int64_t", "16", "Elements per vector">,
    Option<"rows", "rows", "int64_t", "8", "States per register block of a reduction">,
    Option<"columns", "columns", "int64_t", "2", "Vectors of samples per register block">,
    Option<"vectorBits", "vector-bits", "int64_t", "512",
           "Width of the machine's vectors; blocks of wider elements have one column">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect"];
}

def ExpandMath : Pass<"espalier-expand-math", "::mlir::func::FuncOp"> {
  let summary = "compute exp and log by polynomials, in single and double precision";
  let description = [{
    Errors stay within 2 units in the last place (tests/unit/codegen measures them). exp(-inf) = 0 and log(0) = -inf; results
    below the smallest normal number are 0, and exp is infinite beyond 88.376 (f32) and 709.436 (f64), just short of the
    largest number.
  }];
  let options = [Option<"splitFma", "split-fma", "bool", "false", "Write fused multiply-adds as a product and a sum">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}

#endif // ESPALIER_COMPILER_CODEGEN_PASSES_TD
