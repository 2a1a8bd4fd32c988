//===- TFGOps.td - The model and its queries ---------------*- tablegen -*-===//
//
// `tfg` (tree factor graph) states what the user wrote: nodes by level, the kernels between levels, the channel
// through which leaves are seen, and what is asked. It says nothing about how any of it is computed.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_DIALECTS_TFG_TFGOPS_TD
#define ESPALIER_DIALECTS_TFG_TFGOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def TFG_Dialect : Dialect {
  let name = "tfg";
  let cppNamespace = "::espalier::tfg";
  let summary = "tree-structured factor graphs and the questions asked of them";
  let description = [{
    A generative hierarchical model draws the state of a root and then, level by level, the states of the
    children given their parent's: p(x) is proportional to psi0(x_root) times the product of the kernels over
    all edges (arXiv 2404.18444). A `tfg.model` states one such model. It stays in the module through every later
    stage, so that each stage knows the model that it computes for.
  }];
  let useDefaultTypePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// Enums and types
//===----------------------------------------------------------------------===//

class TFG_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::espalier::tfg";
}

def TFG_Sharing : TFG_Enum<"SharingKind", "how kernels are shared between the edges of a level", [
  I32EnumAttrCase<"Rank", 0, "rank">, I32EnumAttrCase<"Level", 1, "level">, I32EnumAttrCase<"None", 2, "none">]>;

def TFG_Channel : TFG_Enum<"ChannelKind", "how leaves are seen", [
  I32EnumAttrCase<"Symbol", 0, "symbol">, I32EnumAttrCase<"Gaussian", 1, "gaussian">]>;

def TFG_Query : TFG_Enum<"QueryKind", "what is asked", [
  I32EnumAttrCase<"Classify", 0, "classify">, I32EnumAttrCase<"Loglik", 1, "loglik">,
  I32EnumAttrCase<"Denoise", 2, "denoise">, I32EnumAttrCase<"Marginals", 3, "marginals">]>;

def TFG_Nodes : TypeDef<TFG_Dialect, "Nodes"> {
  let mnemonic = "nodes";
  let summary = "the nodes of one level";
  let description = [{
    `shape` is the level as users see it ([] for the root, [n] for a sequence, [height, width] for an image);
    `states` is the number of states of each node.

    Example: `!tfg.nodes<[8, 8], 16>`
  }];
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$shape, "int64_t":$states);
  let assemblyFormat = "`<` `[` (`]`) : ($shape^ `]`)? `,` $states `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

class TFG_Op<string mnemonic, list<Trait> traits = []> : Op<TFG_Dialect, mnemonic, traits>;

def TFG_ModelOp : TFG_Op<"model", [Symbol, IsolatedFromAbove, NoTerminator, SingleBlock]> {
  let summary = "a generative hierarchical model and its queries";
  let description = [{
    The body is a chain: one `tfg.root`, one `tfg.children` per level, one `tfg.observe` on the leaves, and any
    number of `tfg.query`. The network that is asked for may be stated beside the name: `activation` is "exact" (the
    default) or "relu"; networks of ReLUs have a `tolerance` and, where the channel is gaussian, a `box`: the intervals
    of z, sigma and lambda, [low, high] each, that it is certified for.

    - C1: the body holds exactly one `tfg.root` and exactly one `tfg.observe`.
    - C2: `tfg.observe` is on the last level, and every level but the last has exactly one `tfg.children`.
    - C3: `activation` is "exact" or "relu"; `tolerance` is > 0 and finite; `box` holds three intervals, finite, with
      low <= high, sigma > 0 and lambda >= 0.

    Example:
    ```mlir
    tfg.model @coin {
      %0 = tfg.root dense<[0.5, 0.5]> : tensor<2xf64> -> !tfg.nodes<[], 2>
      %1 = tfg.children %0 patch [2] sharing level dense<[[[0.9, 0.1], [0.1, 0.9]]]> : tensor<1x2x2xf64>
             : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
      tfg.observe %1 symbol dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[2], 2>
      tfg.query classify %0 : !tfg.nodes<[], 2>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrAttr>:$description, OptionalAttr<StrAttr>:$activation,
                       OptionalAttr<F64Attr>:$tolerance, OptionalAttr<DenseF64ArrayAttr>:$box);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def TFG_RootOp : TFG_Op<"root", [Pure]> {
  let summary = "the root and its prior psi0";
  let description = [{
    - C1: `prior` has shape [states], with finite entries >= 0, not all zero. It need not sum to one.
    - C2: the result has shape [].
  }];
  let arguments = (ins ElementsAttr:$prior);
  let results = (outs TFG_Nodes:$nodes);
  let assemblyFormat = "$prior attr-dict `->` type($nodes)";
  let hasVerifier = 1;
}

def TFG_ChildrenOp : TFG_Op<"children", [Pure]> {
  let summary = "the level below, with the kernels on the edges to it";
  let description = [{
    Every parent has as many children as `patch` has places ([m] for sequences, [rows, columns] for images, ranks
    row-major). `kernel` holds K[s, a], row = parent state, for every rank, for the whole level, or for every
    edge in rank order, as `sharing` says.

    - C1: `kernel` has shape [count x parent states x child states], count = ranks, 1 or nodes.
    - C2: entries are finite and >= 0, and no row is all zero.
    - C3: the result's shape is the parent's times `patch`.
  }];
  let arguments = (ins TFG_Nodes:$parent, DenseI64ArrayAttr:$patch, TFG_Sharing:$sharing, ElementsAttr:$kernel);
  let results = (outs TFG_Nodes:$nodes);
  let assemblyFormat = [{
    $parent `patch` $patch `sharing` $sharing $kernel attr-dict `:` type($parent) `->` type($nodes)
  }];
  let hasVerifier = 1;
}

def TFG_ObserveOp : TFG_Op<"observe"> {
  let summary = "the channel through which the leaves are seen";
  let description = [{
    `symbol`: the state itself. `gaussian`: z = lambda * e(x) + sigma * noise, lambda and sigma being inputs of
    the compiled program. `values` is e, [states x p]; with `vectors`, arrays of observations have an axis for p.

    - C1: `values` has shape [leaf states x p] and finite entries; p = 1 unless `vectors`.
  }];
  let arguments = (ins TFG_Nodes:$leaves, TFG_Channel:$channel, UnitAttr:$vectors, ElementsAttr:$values);
  let assemblyFormat = "$leaves $channel (`vectors` $vectors^)? $values attr-dict `:` type($leaves)";
  let hasVerifier = 1;
}

def TFG_QueryOp : TFG_Op<"query"> {
  let summary = "a question that the compiled program answers";
  let description = [{
    `classify`: the posterior of the root. `loglik`: log p(evidence). `denoise`: the posterior mean of e at every
    leaf. `marginals`: the posterior of every node of any level.

    - C1: `classify` and `loglik` are asked of the root, `denoise` and `marginals` of the leaves.
  }];
  let arguments = (ins TFG_Query:$query, TFG_Nodes:$of);
  let assemblyFormat = "$query $of attr-dict `:` type($of)";
}

#endif // ESPALIER_DIALECTS_TFG_TFGOPS_TD
