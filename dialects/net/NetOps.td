//===- NetOps.td - Networks in standard layers -------------*- tablegen -*-===//
//
// `net` draws ConvNets and U-Nets of hierarchical models the way such networks are usually drawn: feature maps in
// batch x channels x positions, strided and transposed convolutions, exp and log as activations, pooling, skips.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_DIALECTS_NET_NETOPS_TD
#define ESPALIER_DIALECTS_NET_NETOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Net_Dialect : Dialect {
  let name = "net";
  let cppNamespace = "::espalier::net";
  let summary = "ConvNets and U-Nets that compute belief propagation";
  let description = [{
    A feature map is `tensor<? x channels x positions...>`: one spatial axis for sequences, two for images. Features are
    logarithms of messages (arXiv 2404.18444); log 0 is a finite floor, about -1e30, so that 0 * inf never
    arises. Networks whose kernels have zeros compute in double precision inside. As drawn, exp and log stand around
    every convolution; `net-cancel-logs` rewrites a network into layers on the messages themselves. Between a convolution and the sum-pooling, channels come in one group per child rank, rank-major: channel
    (rank, s) is rank * S + s. Functions hold `net` ops only; `net.branching` on the function gives the patch of every level.
  }];
}

def Net_Map : Type<CPred<
    "::llvm::isa<::mlir::RankedTensorType>($_self) && ::llvm::cast<::mlir::RankedTensorType>($_self).getRank() >= 3">,
  "feature map (batch x channels x positions)">;
def Net_Shift : Type<CPred<
    "::llvm::isa<::mlir::RankedTensorType>($_self) && "
    "::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isF64()">,
  "what normalization took away (batch x positions, double precision)">;
def Net_Input : Type<CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">, "array as users pass it">;

class Net_Op<string mnemonic, list<Trait> traits = []> : Op<Net_Dialect, mnemonic, !listconcat([Pure], traits)>;

//===----------------------------------------------------------------------===//
// Stems: from what users pass to feature maps
//===----------------------------------------------------------------------===//

def Net_SymbolStemOp : Net_Op<"symbol_stem"> {
  let summary = "log one-hot embedding of symbols; all zeros where a symbol is missing";
  let description = [{
    A symbol equal to the number of channels means a missing leaf.

    - C1: the result has the array's positions.
    Example: `%h = net.symbol_stem %x : tensor<?x8xi32> -> tensor<?x4x8xf32>`
  }];
  let arguments = (ins Net_Input:$symbols);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$symbols attr-dict `:` type($symbols) `->` type($result)";
  let hasVerifier = 1;
}

def Net_GaussianStemOp : Net_Op<"gaussian_stem"> {
  let summary = "a 1x1 layer conditioned on the noise level: -|z - lambda e(a)|^2 / (2 sigma^2), normalized";
  let description = [{
    NaN in z means a missing leaf: its features are zero. The shift is the log density that normalization took away.

    - C1: z is batch x p x positions; `values` is e, [channels x p].
    Example: `%h, %c = net.gaussian_stem %z, %lambda, %sigma dense<[[-1.0], [1.0]]> : tensor<2x1xf64>
      : tensor<?x1x8xf32> -> tensor<?x2x8xf32>, tensor<?x8xf64>`
  }];
  let arguments = (ins Net_Map:$observation, F64:$lambda, F64:$sigma, ElementsAttr:$values);
  let results = (outs Net_Map:$result, Net_Shift:$shift);
  let assemblyFormat = [{
    $observation `,` $lambda `,` $sigma $values attr-dict `:` type($observation) `->` type($result) `,` type($shift)
  }];
  let hasVerifier = 1;
}

def Net_ClipOp : Net_Op<"clip", [SameOperandsAndResultType]> {
  let summary = "clips every entry to [low, high]";
  let description = [{
    NaN stays NaN, since it means a missing leaf.

    - C1: low <= high, both finite.
    Example: `%y = net.clip %z low -5.0 high 5.0 : tensor<?x1x8xf32>`
  }];
  let arguments = (ins Net_Map:$input, F64Attr:$low, F64Attr:$high);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$input `low` $low `high` $high attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Net_SoftStemOp : Net_Op<"soft_stem"> {
  let summary = "the logarithm of likelihoods relative to the largest, floored";
  let description = [{
    The shift is the logarithm of the largest likelihood, -inf where all are zero.

    - C1: input and result have one shape; the shift is batch x positions.
    Example: `%h, %c = net.soft_stem %w : tensor<?x4x8xf32> -> tensor<?x4x8xf32>, tensor<?x8xf64>`
  }];
  let arguments = (ins Net_Map:$weights);
  let results = (outs Net_Map:$result, Net_Shift:$shift);
  let assemblyFormat = "$weights attr-dict `:` type($weights) `->` type($result) `,` type($shift)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

class Net_UnaryOp<string mnemonic, string text> : Net_Op<mnemonic, [SameOperandsAndResultType]> {
  let summary = text;
  let description = "Example: `%y = net." # mnemonic # " %x : tensor<?x4x8xf32>`";
  let arguments = (ins Net_Map:$input);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Net_ExpOp : Net_UnaryOp<"exp", "the activation exp">;
def Net_LogOp : Net_UnaryOp<"log", "the activation log, floored: log 0 is about -1e30">;
def Net_SoftmaxOp : Net_UnaryOp<"softmax", "softmax over the channels of every position">;

def Net_ReluOp : Net_UnaryOp<"relu", "the activation max(x, 0)">;

def Net_NormOp : Net_Op<"norm", [AllTypesMatch<["input", "result"]>]> {
  let summary = "normalization layer: subtracts the largest channel of every position";
  let description = [{
    With `shift`, also returns that maximum in double precision, -inf where every channel is at the floor.

    - C1: input and result have one type; the shift is batch x positions.
    Example: `%y = net.norm %x : tensor<?x4x8xf32>`
    Example: `%y, %c = net.norm %x : tensor<?x4x8xf32>, tensor<?x8xf64>`
  }];
  let arguments = (ins Net_Map:$input);
  let results = (outs Net_Map:$result, Optional<Net_Shift>:$shift);
  let assemblyFormat = "$input attr-dict `:` type($result) (`,` type($shift)^)?";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

class Net_ConvolutionOp<string mnemonic> : Net_Op<mnemonic> {
  let arguments = (ins Net_Map:$input, DenseI64ArrayAttr:$patch, ElementsAttr:$weights);
  let results = (outs Net_Map:$result);
  let assemblyFormat = [{
    $input `patch` $patch `weights` $weights attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Net_ConvOp : Net_ConvolutionOp<"conv"> {
  let summary = "strided convolution, kernel = stride = patch, one group of output channels per tap";
  let description = [{
    `weights` is [taps x S_out x S_in]: output channel (tap, s) sees its own tap of the patch only,
    y[tap * S_out + s] = sum_a weights[tap, s, a] x[a at tap]. With one matrix per input position instead of per tap,
    it is a locally connected layer.

    - C1: `weights` is [1, taps or input positions (in rank order) x S_out x S_in].
    - C2: input has S_in channels, the result taps * S_out; the result's positions are the input's divided by the patch.
    Example: `%y = net.conv %x patch [2] weights dense<0.5> : tensor<2x3x4xf64>
      : tensor<?x4x8xf32> -> tensor<?x6x4xf32>`
  }];
}

def Net_PointwiseOp : Net_Op<"pointwise"> {
  let summary = "1x1 convolution with a bias, the same filter for every group of channels";
  let description = [{
    y[g * out + o] = bias[o] + sum_i weights[o, i] x[g * in + i].

    - C1: `weights` is [out x in], `bias` [out], both finite.
    - C2: input has groups * in channels, the result groups * out, and the same positions.
    - C3: in = 1 or out = 1: what follows a layer of hidden units, or makes one, of a function of one variable.
    Example: `%y = net.pointwise %x weights dense<[[1.0], [1.0]]> : tensor<2x1xf64> bias dense<[2.0, 1.0]> : tensor<2xf64>
      : tensor<?x4x8xf32> -> tensor<?x8x8xf32>`
  }];
  let arguments = (ins Net_Map:$input, ElementsAttr:$weights, ElementsAttr:$bias);
  let results = (outs Net_Map:$result);
  let assemblyFormat = [{
    $input `weights` $weights `bias` $bias attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Net_PiecewiseOp : Net_Op<"piecewise", [SameOperandsAndResultType]> {
  let summary = "a piecewise linear function of every channel: three layers of ReLUs in one";
  let description = [{
    y = offset + sum_j out[j] ReLU(in[j] x + bias[j]): what `net.pointwise`, `net.relu` and `net.pointwise` compute, one
    variable at a time. Where there are many units it is looked up: the piece that x lies in, then its line.

    - C1: `in`, `bias` and `out` are vectors of one length, at least 1, with finite entries; so is `offset`.
    Example: `%y = net.piecewise %x in [1.0, 1.0] bias [2.0, 1.0] out [0.5, 0.5] offset 0.0 : tensor<?x4x8xf32>`
  }];
  let arguments = (ins Net_Map:$input, DenseF64ArrayAttr:$in, DenseF64ArrayAttr:$bias, DenseF64ArrayAttr:$out,
                       F64Attr:$offset);
  let results = (outs Net_Map:$result);
  let assemblyFormat = [{
    $input `in` $in `bias` $bias `out` $out `offset` $offset attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

def Net_LogSumExpConvOp : Net_ConvolutionOp<"logsumexp_conv"> {
  let summary = "net.exp, net.conv and net.log in one layer, about the maximum of every output channel";
  let description = [{
    y[tap * S_out + s] = log sum_a weights[tap, s, a] exp(x[a at tap]): the same function as the three layers, exact also
    where zero weights let a channel count whose exp would underflow.

    - C1, C2: as `net.conv`.
    Example: `%y = net.logsumexp_conv %x patch [2] weights dense<0.5> : tensor<2x3x4xf64>
      : tensor<?x4x8xf32> -> tensor<?x6x4xf32>`
  }];
}

def Net_ConvTransposeOp : Net_ConvolutionOp<"conv_transpose"> {
  let summary = "transposed convolution, kernel = stride = patch, one group of input channels per tap";
  let description = [{
    `weights` is [taps x S_in x S_out]: the output at a tap sees its own group of input channels only,
    y[a at tap] = sum_s weights[tap, s, a] x[tap * S_in + s]. With one matrix per output position instead of per tap,
    it is a locally connected layer.

    - C1: `weights` is [1, taps or output positions (in rank order) x S_in x S_out].
    - C2: input has taps * S_in channels, the result S_out; the result's positions are the input's times the patch.
    Example: `%y = net.conv_transpose %x patch [2] weights dense<0.5> : tensor<2x3x4xf64>
      : tensor<?x6x4xf32> -> tensor<?x4x8xf32>`
  }];
}

def Net_LogSumExpConvTransposeOp : Net_ConvolutionOp<"logsumexp_conv_transpose"> {
  let summary = "net.exp, net.conv_transpose and net.log in one layer, about the maximum of every output channel";
  let description = [{
    - C1, C2: as `net.conv_transpose`.
    Example: `%y = net.logsumexp_conv_transpose %x patch [2] weights dense<0.5> : tensor<2x3x4xf64>
      : tensor<?x6x4xf32> -> tensor<?x4x8xf32>`
  }];
}

//===----------------------------------------------------------------------===//
// Pooling, up-sampling, skips
//===----------------------------------------------------------------------===//

class Net_GroupOp<string mnemonic> : Net_Op<mnemonic> {
  let arguments = (ins Net_Map:$input, I64Attr:$groups);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$input `groups` $groups attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Net_SumPoolOp : Net_GroupOp<"sum_pool"> {
  let summary = "sum-pooling over the channel groups of the child ranks";
  let description = [{
    y[s] = sum_g x[g * S + s].

    - C1: input has groups times the result's channels, and the same positions.
    Example: `%y = net.sum_pool %x groups 2 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>`
  }];
}

def Net_UpsampleOp : Net_GroupOp<"upsample"> {
  let summary = "up-sampling: one copy of every parent's features for each of its children";
  let description = [{
    y[g * S + s] = x[s]. The copies stand as channel groups, where `net.conv_transpose` takes them to their positions.

    - C1: the result has groups times the input's channels, and the same positions.
    Example: `%y = net.upsample %x groups 2 : tensor<?x3x4xf32> -> tensor<?x6x4xf32>`
  }];
}

def Net_GroupNormOp : Net_GroupOp<"group_norm"> {
  let summary = "normalization layer: subtracts the largest channel of every group of every position";
  let description = [{
    y[g * S + s] = x[g * S + s] - max over t of x[g * S + t]: `net.norm` for maps with a channel group per child rank.

    - C1: input and result have one type, with a multiple of `groups` channels.
    Example: `%y = net.group_norm %x groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>`
  }];
}

def Net_SiblingSumOp : Net_GroupOp<"sibling_sum"> {
  let summary = "fixed 1x1 convolution over the channel groups with weights 1 - I: the sum of the siblings";
  let description = [{
    y[g * S + s] = sum over g' != g of x[g' * S + s].

    - C1: input and result have one type, with a multiple of `groups` channels.
    Example: `%y = net.sibling_sum %x groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>`
  }];
}

class Net_BinaryOp<string mnemonic, string text> : Net_Op<mnemonic, [SameOperandsAndResultType]> {
  let summary = text;
  let description = "Example: `%y = net." # mnemonic # " %x, %skip : tensor<?x4x8xf32>`";
  let arguments = (ins Net_Map:$input, Net_Map:$skip);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$input `,` $skip attr-dict `:` type($input)";
}

def Net_AddOp : Net_BinaryOp<"add", "adds a long skip connection">;
def Net_SubtractOp : Net_BinaryOp<"subtract", "subtracts a long skip connection">;

def Net_BiasOp : Net_Op<"bias", [SameOperandsAndResultType]> {
  let summary = "adds log psi0, floored, to the root's channels";
  let description = [{
    - C1: `weights` is psi0, [channels].
    Example: `%b = net.bias %h log dense<[0.5, 0.5]> : tensor<2xf64> : tensor<?x2x1xf32>`
  }];
  let arguments = (ins Net_Map:$input, ElementsAttr:$weights);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$input `log` $weights attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Net_ConstantOp : Net_Op<"constant"> {
  let summary = "the root's prior as a feature map: log psi0, floored, the same for every sample";
  let description = [{
    - C1: `weights` is psi0, [channels]; the result has one position. `like` gives the batch.
    Example: `%p = net.constant log dense<[0.5, 0.5]> : tensor<2xf64> like %h : tensor<?x2x1xf32> -> tensor<?x2x1xf32>`
  }];
  let arguments = (ins ElementsAttr:$weights, Net_Map:$like);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "`log` $weights `like` $like attr-dict `:` type($like) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

def Net_ReadoutOp : Net_Op<"readout"> {
  let summary = "1x1 convolution with e: the posterior mean";
  let description = [{
    - C1: `values` is e, [input channels x p]; the result has p channels and the same positions.
    Example: `%m = net.readout %p values dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : tensor<?x2x8xf32> -> tensor<?x1x8xf32>`
  }];
  let arguments = (ins Net_Map:$input, ElementsAttr:$values);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$input `values` $values attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Net_CastOp : Net_Op<"cast"> {
  let summary = "the same map in another floating-point type";
  let description = [{
    - C1: input and result have one shape.
    Example: `%y = net.cast %x : tensor<?x4x8xf64> -> tensor<?x4x8xf32>`
  }];
  let arguments = (ins Net_Map:$input);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Net_ShiftPoolOp : Net_Op<"shift_pool", [OptionalTypesMatchWith<"all of {own, result} have same type", "result", "own", "$_self">]> {
  let summary = "sums what normalization took away over every patch, and adds what it took at the parent";
  let description = [{
    Without `own`, nothing was taken at the parent.

    - C1: the result's positions are the input's divided by the patch; `own` has the result's type.
    Example: `%c = net.shift_pool %d, %own patch [2] : tensor<?x8xf64> -> tensor<?x4xf64>`
  }];
  let arguments = (ins Net_Shift:$input, Optional<Net_Shift>:$own, DenseI64ArrayAttr:$patch);
  let results = (outs Net_Shift:$result);
  let assemblyFormat = "$input (`,` $own^)? `patch` $patch attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Net_EvidenceOp : Net_Op<"evidence"> {
  let summary = "head for log p(evidence): log-sum-exp of the root's channels, plus the shift, minus log Z";
  let description = [{
    - C1: belief and shift have one position; the result has the batch alone.
    Example: `%l = net.evidence %b, %c minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>`
  }];
  let arguments = (ins Net_Map:$belief, Net_Shift:$shift, F64Attr:$log_partition);
  let results = (outs Net_Input:$loglik);
  let assemblyFormat = [{
    $belief `,` $shift `minus` $log_partition attr-dict `:` type($belief) `,` type($shift) `->` type($loglik)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Layers on weights: features that are messages themselves, not their logarithms
//===----------------------------------------------------------------------===//

def Net_OneHotOp : Net_Op<"one_hot"> {
  let summary = "one-hot embedding of symbols; all ones where a symbol is missing";
  let description = [{
    A symbol equal to the number of channels means a missing leaf.

    - C1: the result has the array's positions.
    Example: `%h = net.one_hot %x : tensor<?x8xi32> -> tensor<?x4x8xf32>`
  }];
  let arguments = (ins Net_Input:$symbols);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$symbols attr-dict `:` type($symbols) `->` type($result)";
  let hasVerifier = 1;
}

def Net_LookUpOp : Net_Op<"look_up"> {
  let summary = "`net.conv` of one-hot symbols: every symbol's column of its tap's weights";
  let description = [{
    y[tap * S_out + s] = weights[tap, s, x at tap]; the sum over the columns where the symbol is missing.

    - C1: `weights` is [1, taps or input positions (in rank order) x S_out x S_in]; a symbol equal to S_in is missing.
    - C2: the result has taps * S_out channels, and the array's positions divided by the patch.
    Example: `%y = net.look_up %x patch [2] weights dense<0.5> : tensor<2x3x4xf64> : tensor<?x8xi32> -> tensor<?x6x4xf32>`
  }];
  let arguments = (ins Net_Input:$symbols, DenseI64ArrayAttr:$patch, ElementsAttr:$weights);
  let results = (outs Net_Map:$result);
  let assemblyFormat = [{
    $symbols `patch` $patch `weights` $weights attr-dict `:` type($symbols) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Net_GaussianLikelihoodOp : Net_Op<"gaussian_likelihood"> {
  let summary = "exp of `net.gaussian_stem`: the likelihood of every channel, relative to the largest";
  let description = [{
    NaN in z means a missing leaf: its features are one. The shift is that of `net.gaussian_stem`.

    - C1: z is batch x p x positions; `values` is e, [channels x p].
    Example: `%h, %c = net.gaussian_likelihood %z, %lambda, %sigma dense<[[-1.0], [1.0]]> : tensor<2x1xf64>
      : tensor<?x1x8xf32> -> tensor<?x2x8xf32>, tensor<?x8xf64>`
  }];
  let arguments = (ins Net_Map:$observation, F64:$lambda, F64:$sigma, ElementsAttr:$values);
  let results = (outs Net_Map:$result, Net_Shift:$shift);
  let assemblyFormat = [{
    $observation `,` $lambda `,` $sigma $values attr-dict `:` type($observation) `->` type($result) `,` type($shift)
  }];
  let hasVerifier = 1;
}

def Net_RescaleOp : Net_Op<"rescale", [AllTypesMatch<["input", "result"]>]> {
  let summary = "`net.norm` on weights: divides by the power of two at or below the largest channel of every position";
  let description = [{
    Nothing is rounded. With `shift`, also returns the divisor's logarithm. What is zero everywhere stays zero.

    - C1: input and result have one type; the shift is batch x positions.
    Example: `%y, %c = net.rescale %x : tensor<?x4x8xf32>, tensor<?x8xf64>`
  }];
  let arguments = (ins Net_Map:$input);
  let results = (outs Net_Map:$result, Optional<Net_Shift>:$shift);
  let assemblyFormat = "$input attr-dict `:` type($result) (`,` type($shift)^)?";
  let hasVerifier = 1;
}

def Net_ProductPoolOp : Net_GroupOp<"product_pool"> {
  let summary = "product-pooling over the channel groups of the child ranks: `net.sum_pool` on weights";
  let description = [{
    y[s] = product over g of x[g * S + s].

    - C1: input has groups times the result's channels, and the same positions.
    Example: `%y = net.product_pool %x groups 2 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>`
  }];
}

def Net_SiblingProductOp : Net_GroupOp<"sibling_product"> {
  let summary = "the product of the siblings: `net.sibling_sum` on weights";
  let description = [{
    y[g * S + s] = product over g' != g of x[g' * S + s]: a leave-one-out product without a division, so that zeros
    stay right.

    - C1: input and result have one type, with a multiple of `groups` channels.
    Example: `%y = net.sibling_product %x groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>`
  }];
}

def Net_MultiplyOp : Net_BinaryOp<"multiply", "multiplies by a long skip connection: `net.add` on weights">;

def Net_ScaleOp : Net_Op<"scale", [SameOperandsAndResultType]> {
  let summary = "multiplies the root's channels by psi0: `net.bias` on weights";
  let description = [{
    - C1: `weights` is psi0, [channels].
    Example: `%b = net.scale %h dense<[0.5, 0.5]> : tensor<2xf64> : tensor<?x2x1xf32>`
  }];
  let arguments = (ins Net_Map:$input, ElementsAttr:$weights);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$input $weights attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Net_WeightConstantOp : Net_Op<"weight_constant"> {
  let summary = "the root's prior as a feature map: `net.constant` on weights";
  let description = [{
    - C1: `weights` is psi0, [channels]; the result has one position. `like` gives the batch.
    Example: `%p = net.weight_constant dense<[0.5, 0.5]> : tensor<2xf64> like %h : tensor<?x2x1xf32> -> tensor<?x2x1xf32>`
  }];
  let arguments = (ins ElementsAttr:$weights, Net_Map:$like);
  let results = (outs Net_Map:$result);
  let assemblyFormat = "$weights `like` $like attr-dict `:` type($like) `->` type($result)";
  let hasVerifier = 1;
}

def Net_ProportionOp : Net_UnaryOp<"proportion",
  "`net.softmax` on weights: every channel over the sum of the channels of its position; 0 where that is 0">;

def Net_ZeroShiftOp : Net_Op<"zero_shift"> {
  let summary = "the shift of a map from which nothing was taken";
  let description = [{
    - C1: the result has the map's positions.
    Example: `%c = net.zero_shift like %x : tensor<?x4x8xf32> -> tensor<?x8xf64>`
  }];
  let arguments = (ins Net_Map:$like);
  let results = (outs Net_Shift:$shift);
  let assemblyFormat = "`like` $like attr-dict `:` type($like) `->` type($shift)";
  let hasVerifier = 1;
}

def Net_WeightEvidenceOp : Net_Op<"weight_evidence"> {
  let summary = "`net.evidence` on weights: the log of the sum of the root's channels, plus the shift, minus log Z";
  let description = [{
    -inf where every channel is zero.

    - C1: belief and shift have one position; the result has the batch alone.
    Example: `%l = net.weight_evidence %b minus 0.0 : tensor<?x2x1xf32> -> tensor<?xf64>`
    Example: `%l = net.weight_evidence %b, %c minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>`
  }];
  let arguments = (ins Net_Map:$belief, Optional<Net_Shift>:$shift, F64Attr:$log_partition);
  let results = (outs Net_Input:$loglik);
  let assemblyFormat = [{
    $belief (`,` $shift^)? `minus` $log_partition attr-dict `:` type($belief) (`,` type($shift)^)? `->` type($loglik)
  }];
  let hasVerifier = 1;
}

#endif // ESPALIER_DIALECTS_NET_NETOPS_TD
