//===- BPOps.td - Exact message passing --------------------*- tablegen -*-===//
//
// `bp` is belief propagation on a regular tree, message by message. The numeric domain of a message and the places
// where messages are normalized are part of the types and ops: nothing is left to a flag.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_DIALECTS_BP_BPOPS_TD
#define ESPALIER_DIALECTS_BP_BPOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def BP_Dialect : Dialect {
  let name = "bp";
  let cppNamespace = "::espalier::bp";
  let summary = "exact belief propagation on regular trees";
  let description = [{
    Messages live on the tree's index space: a message of level l has one axis per child rank on the path from the
    root, then the states, then the batch, which is implicit. Arrays of evidence and answers may be single precision
    where messages are double. Formulas are those of arXiv 2404.18444, written for
    linear messages H = exp h, Q = K H; in the log domain products are sums and sums are log-sum-exps.
  }];
  let useDefaultTypePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// Enums and types
//===----------------------------------------------------------------------===//

def BP_Domain : I32EnumAttr<"Domain", "what the entries of a message are", [
  I32EnumAttrCase<"Linear", 0, "linear">, I32EnumAttrCase<"Log", 1, "log">]> {
  let cppNamespace = "::espalier::bp";
}

def BP_Message : TypeDef<BP_Dialect, "Message"> {
  let mnemonic = "message";
  let summary = "one non-negative vector over states per node and sample, up to a common factor";
  let description = [{
    `ranks` is the index space: the number of child ranks on each level of the path from the root. `linear`
    entries are weights >= 0; `log` entries are their logarithms, -inf where a weight is zero.

    Example: `!bp.message<[4, 4], 8, linear, f32>`
  }];
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$ranks, "int64_t":$states,
                        EnumParameter<BP_Domain>:$domain, "::mlir::FloatType":$elementType);
  let assemblyFormat = "`<` `[` (`]`) : ($ranks^ `]`)? `,` $states `,` $domain `,` $elementType `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getLevel() const { return getRanks().size(); }
  }];
}

def BP_Shift : TypeDef<BP_Dialect, "Shift"> {
  let mnemonic = "shift";
  let summary = "the natural log of what normalization took away below each node, in double precision";
  let description = "Example: `!bp.shift<[4, 4]>`";
  let parameters = (ins OptionalArrayRefParameter<"int64_t">:$ranks);
  let assemblyFormat = "`<` `[` (`]`) : ($ranks^ `]`)? `>`";
  let genVerifyDecl = 1;
}

def BP_Array : Type<CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">, "array on the index space">;

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

class BP_Op<string mnemonic, list<Trait> traits = []> : Op<BP_Dialect, mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

// Leaf fields.

def BP_ObserveSymbolOp : BP_Op<"observe_symbol"> {
  let summary = "leaf messages of exact symbols: one-hot, all ones where the leaf is missing";
  let description = [{
    A symbol equal to the number of leaf states means a missing leaf.

    - C1: the array has the message's index space and integer elements.
    Example: `%h = bp.observe_symbol %x : tensor<2x?xi32> -> !bp.message<[2], 4, linear, f32>`
  }];
  let arguments = (ins BP_Array:$symbols);
  let results = (outs BP_Message:$message);
  let assemblyFormat = "$symbols attr-dict `:` type($symbols) `->` type($message)";
}

def BP_ObserveGaussianOp : BP_Op<"observe_gaussian"> {
  let summary = "leaf messages of gaussian observations, and the log density that they leave out";
  let description = [{
    z = lambda * e(x) + sigma * noise. The message is exp(h - h(a*)) with h(a) = -|z - lambda e(a)|^2 / (2 sigma^2)
    and a* the nearest state; the shift is h(a*) - p/2 log(2 pi sigma^2). NaN in z means a missing leaf.

    - C1: z has the index space, p, and the batch; `values` is e, [states x p].
    Example: `%h, %c = bp.observe_gaussian %z, %lambda, %sigma dense<[[-1.0], [1.0]]> : tensor<2x1xf64>
      : tensor<2x1x?xf32> -> !bp.message<[2], 2, linear, f32>, !bp.shift<[2]>`
  }];
  let arguments = (ins BP_Array:$observation, F64:$lambda, F64:$sigma, ElementsAttr:$values);
  let results = (outs BP_Message:$message, BP_Shift:$shift);
  let assemblyFormat = [{
    $observation `,` $lambda `,` $sigma $values attr-dict `:` type($observation) `->` type($message) `,` type($shift)
  }];
}

def BP_ObserveSoftOp : BP_Op<"observe_soft"> {
  let summary = "leaf messages of soft evidence: a likelihood for every state";
  let description = [{
    - C1: the array has the message's shape.
    Example: `%h = bp.observe_soft %w : tensor<2x4x?xf32> -> !bp.message<[2], 4, linear, f32>`
  }];
  let arguments = (ins BP_Array:$weights);
  let results = (outs BP_Message:$message);
  let assemblyFormat = "$weights attr-dict `:` type($weights) `->` type($message)";
}

// Upward.

def BP_LookUpOp : BP_Op<"look_up"> {
  let summary = "what exact symbols send to their parents: a column of the kernel, its row sums where missing";
  let description = [{
    Equal to `bp.up` of `bp.observe_symbol`, without the product.

    - C1: `kernel` is [count x parent states x child states], count = 1, ranks or nodes of the level.
    Example: `%q = bp.look_up %x dense<0.5> : tensor<2x3x4xf64> : tensor<2x?xi32> -> !bp.message<[2], 3, linear, f32>`
  }];
  let arguments = (ins BP_Array:$symbols, ElementsAttr:$kernel);
  let results = (outs BP_Message:$message);
  let assemblyFormat = "$symbols $kernel attr-dict `:` type($symbols) `->` type($message)";
}

class BP_EdgeOp<string mnemonic> : BP_Op<mnemonic> {
  let arguments = (ins BP_Message:$input, ElementsAttr:$kernel, UnitAttr:$rowwise);
  let results = (outs BP_Message:$message);
  let assemblyFormat = "$input (`rowwise` $rowwise^)? $kernel attr-dict `:` type($input) `->` type($message)";
}

def BP_UpOp : BP_EdgeOp<"up"> {
  let summary = "from child to parent: Q(s) = sum_a K[s, a] H(a)";
  let description = [{
    In the log domain, `rowwise` computes every log-sum-exp about its own maximum instead of the message's: exact
    also where a kernel's zeros let a state count that the message calls hopeless.

    - C1: both messages are on one level and in one domain; input has the child's states, the result the parent's.
    - C2: `kernel` is [count x parent states x child states], count = 1, ranks or nodes of the level.
    - C3: `rowwise` goes with the log domain.
    Example: `%q = bp.up %h dense<0.5> : tensor<2x3x4xf64> : !bp.message<[2], 4, linear, f32> -> !bp.message<[2], 3, linear, f32>`
  }];
}

def BP_CombineOp : BP_Op<"combine"> {
  let summary = "the product over a node's children: H_u(s) = prod_v Q_v(s)";
  let description = [{
    - C1: the result lies one level above the input, with the same states and domain.
    Example: `%h = bp.combine %q : !bp.message<[2, 2], 3, linear, f32> -> !bp.message<[2], 3, linear, f32>`
  }];
  let arguments = (ins BP_Message:$input);
  let results = (outs BP_Message:$message);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($message)";
}

def BP_CombineShiftOp : BP_Op<"combine_shift"> {
  let summary = "the sum over a node's children of their shifts";
  let description = [{
    - C1: the result lies one level above the input.
    Example: `%c = bp.combine_shift %d : !bp.shift<[2, 2]> -> !bp.shift<[2]>`
  }];
  let arguments = (ins BP_Shift:$input);
  let results = (outs BP_Shift:$shift);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($shift)";
}

def BP_NormalizeOp : BP_Op<"normalize"> {
  let summary = "divides a message by its largest entry, or by the power of two at or below it";
  let description = [{
    In the linear domain the divisor is a power of two, so nothing is rounded; in the log domain the maximum is
    subtracted. What was taken away is added to `shift` where one is given. A message that is zero everywhere
    stays zero.

    - C1: input and result have one type; the shifts have the message's index space.
    Example: `%h1, %c1 = bp.normalize %h, %c : !bp.message<[2], 3, linear, f32>, !bp.shift<[2]>`
  }];
  let arguments = (ins BP_Message:$input, Optional<BP_Shift>:$shift);
  let results = (outs BP_Message:$message, Optional<BP_Shift>:$newShift);
  let hasCustomAssemblyFormat = 1;
}

def BP_ZeroShiftOp : BP_Op<"zero_shift"> {
  let summary = "the shift of messages from which nothing was taken";
  let description = "Example: `%c = bp.zero_shift : !bp.shift<[2]>`";
  let results = (outs BP_Shift:$shift);
  let assemblyFormat = "attr-dict `:` type($shift)";
  let hasVerifier = 0;
}

def BP_WeighOp : BP_Op<"weigh", [AllTypesMatch<["input", "message"]>]> {
  let summary = "the root's belief: its message times the prior";
  let description = [{
    - C1: input and result have one type, on level 0; `prior` is [states].
    Example: `%b = bp.weigh %h dense<[0.5, 0.5]> : tensor<2xf64> : !bp.message<[], 2, linear, f32>`
  }];
  let arguments = (ins BP_Message:$input, ElementsAttr:$prior);
  let results = (outs BP_Message:$message);
  let assemblyFormat = "$input $prior attr-dict `:` type($input)";
}

// Downward.

def BP_PriorOp : BP_Op<"prior"> {
  let summary = "what the root is told from above: its prior";
  let description = [{
    - C1: the result is on level 0; `prior` is [states].
    Example: `%p = bp.prior dense<[0.5, 0.5]> : tensor<2xf64> -> !bp.message<[], 2, linear, f32>`
  }];
  let arguments = (ins ElementsAttr:$prior);
  let results = (outs BP_Message:$message);
  let assemblyFormat = "$prior attr-dict `->` type($message)";
}

def BP_OthersOp : BP_Op<"others", [AllTypesMatch<["siblings", "message"]>]> {
  let summary = "what a parent tells a child before the edge: all that it knows from elsewhere";
  let description = [{
    W_v(s) = P_u(s) * prod over siblings v' != v of Q_v'(s): a leave-one-out product, never a division, so it is
    exact where a Q is zero.

    - C1: `siblings` and the result have one type; `above` is one level above, with the same states and domain.
    Example: `%w = bp.others %q, %p : !bp.message<[2], 3, linear, f32>, !bp.message<[], 3, linear, f32>`
  }];
  let arguments = (ins BP_Message:$siblings, BP_Message:$above);
  let results = (outs BP_Message:$message);
  let assemblyFormat = "$siblings `,` $above attr-dict `:` type($siblings) `,` type($above)";
}

def BP_DownOp : BP_EdgeOp<"down"> {
  let summary = "from parent to child: P(a) = sum_s K[s, a] W(s)";
  let description = [{
    `rowwise` as in `bp.up`.

    - C1: both messages are on one level and in one domain; input has the parent's states, the result the child's.
    - C2: `kernel` is [count x parent states x child states], count = 1, ranks or nodes of the level.
    - C3: `rowwise` goes with the log domain.
    Example: `%p = bp.down %w dense<0.5> : tensor<2x3x4xf64> : !bp.message<[2], 3, linear, f32> -> !bp.message<[2], 4, linear, f32>`
  }];
}

def BP_BeliefOp : BP_Op<"belief", [AllTypesMatch<["above", "below", "message"]>]> {
  let summary = "what is known of a node from above and from below: P(a) * H(a)";
  let description = [{
    - C1: operands and result have one type.
    Example: `%b = bp.belief %p, %h : !bp.message<[2], 4, linear, f32>`
  }];
  let arguments = (ins BP_Message:$above, BP_Message:$below);
  let results = (outs BP_Message:$message);
  let hasVerifier = 0;
  let assemblyFormat = "$above `,` $below attr-dict `:` type($above)";
}

// Answers.

def BP_PosteriorOp : BP_Op<"posterior"> {
  let summary = "a belief made to sum to one";
  let description = [{
    - C1: the result has the message's index space, its states, and the batch.
    Example: `%p = bp.posterior %b : !bp.message<[2], 4, linear, f32> -> tensor<2x4x?xf32>`
  }];
  let arguments = (ins BP_Message:$belief);
  let results = (outs BP_Array:$posterior);
  let assemblyFormat = "$belief attr-dict `:` type($belief) `->` type($posterior)";
}

def BP_ExpectOp : BP_Op<"expect"> {
  let summary = "the posterior mean of e: sum_a e(a) P(a)";
  let description = [{
    - C1: `values` is e, [states x p]; the result has p in place of the states.
    Example: `%m = bp.expect %p dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : tensor<2x2x?xf32> -> tensor<2x1x?xf32>`
  }];
  let arguments = (ins BP_Array:$posterior, ElementsAttr:$values);
  let results = (outs BP_Array:$mean);
  let assemblyFormat = "$posterior $values attr-dict `:` type($posterior) `->` type($mean)";
}

def BP_LoglikOp : BP_Op<"loglik"> {
  let summary = "log p(evidence): the log-normalizer of the root's belief, plus its shift, minus log Z";
  let description = [{
    -inf where the belief is zero everywhere. `log_partition` is log Z, the log of the model's own normalizer.

    - C1: belief and shift are on level 0; the result has the batch alone.
    Example: `%l = bp.loglik %b, %c minus 0.0 : !bp.message<[], 2, linear, f32>, !bp.shift<[]> -> tensor<?xf64>`
  }];
  let arguments = (ins BP_Message:$belief, BP_Shift:$shift, F64Attr:$log_partition);
  let results = (outs BP_Array:$loglik);
  let assemblyFormat = [{
    $belief `,` $shift `minus` $log_partition attr-dict `:` type($belief) `,` type($shift) `->` type($loglik)
  }];
}

#endif // ESPALIER_DIALECTS_BP_BPOPS_TD
