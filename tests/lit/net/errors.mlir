// Every numbered invariant of net is enforced: each part breaks one and expects the verifier's sentence.
// RUN: espalier-opt %s -split-input-file -verify-diagnostics

// A feature map has batch, channels and positions.
func.func @f(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{operand #0 must be feature map (batch x channels x positions), but got 'tensor<?x4xf32>'}}
  %y = net.exp %x : tensor<?x4xf32>
  return
}

// -----

// C1 of net.symbol_stem: positions.
func.func @f(%x: tensor<?x7xi32>) {
  // expected-error @+1 {{'net.symbol_stem' op expects symbols of type 'tensor<?x8xi32>', got 'tensor<?x7xi32>'}}
  %h = net.symbol_stem %x : tensor<?x7xi32> -> tensor<?x4x8xf32>
  return
}

// -----

// C1 of net.symbol_stem: integers.
func.func @f(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{'net.symbol_stem' op expects symbols of type 'tensor<?x8xi32>', got 'tensor<?x8xf32>'}}
  %h = net.symbol_stem %x : tensor<?x8xf32> -> tensor<?x4x8xf32>
  return
}

// -----

// C1 of net.gaussian_stem: values, p.
func.func @f(%z: tensor<?x3x8xf32>, %s: f64) {
  // expected-error @+1 {{'net.gaussian_stem' op expects values of type 'tensor<2x3xf64>', got 'tensor<2x1xf64>'}}
  %h, %c = net.gaussian_stem %z, %s, %s dense<1.0> : tensor<2x1xf64>
    : tensor<?x3x8xf32> -> tensor<?x2x8xf32>, tensor<?x8xf64>
  return
}

// -----

// C1 of net.gaussian_stem: values, channels.
func.func @f(%z: tensor<?x1x8xf32>, %s: f64) {
  // expected-error @+1 {{'net.gaussian_stem' op expects values of type 'tensor<2x1xf64>', got 'tensor<3x1xf64>'}}
  %h, %c = net.gaussian_stem %z, %s, %s dense<1.0> : tensor<3x1xf64>
    : tensor<?x1x8xf32> -> tensor<?x2x8xf32>, tensor<?x8xf64>
  return
}

// -----

// C1 of net.gaussian_stem: positions.
func.func @f(%z: tensor<?x1x7xf32>, %s: f64) {
  // expected-error @+1 {{'net.gaussian_stem' op expects a result of type 'tensor<?x2x7xf32>', got 'tensor<?x2x8xf32>'}}
  %h, %c = net.gaussian_stem %z, %s, %s dense<1.0> : tensor<2x1xf64>
    : tensor<?x1x7xf32> -> tensor<?x2x8xf32>, tensor<?x8xf64>
  return
}

// -----

// The shift of net.gaussian_stem has the positions of its result.
func.func @f(%z: tensor<?x1x8xf32>, %s: f64) {
  // expected-error @+1 {{'net.gaussian_stem' op expects a shift of type 'tensor<?x8xf64>', got 'tensor<?x4xf64>'}}
  %h, %c = net.gaussian_stem %z, %s, %s dense<1.0> : tensor<2x1xf64>
    : tensor<?x1x8xf32> -> tensor<?x2x8xf32>, tensor<?x4xf64>
  return
}

// -----

// C1 of net.soft_stem: one shape.
func.func @f(%w: tensor<?x3x8xf32>) {
  // expected-error @+1 {{'net.soft_stem' op expects a result of type 'tensor<?x3x8xf64>', got 'tensor<?x4x8xf64>'}}
  %h, %c = net.soft_stem %w : tensor<?x3x8xf32> -> tensor<?x4x8xf64>, tensor<?x8xf64>
  return
}

// -----

// C1 of net.soft_stem: the shift.
func.func @f(%w: tensor<?x3x8xf32>) {
  // expected-error @+1 {{'net.soft_stem' op expects a shift of type 'tensor<?x8xf64>', got 'tensor<?x4xf64>'}}
  %h, %c = net.soft_stem %w : tensor<?x3x8xf32> -> tensor<?x3x8xf32>, tensor<?x4xf64>
  return
}

// -----

// C1 of net.norm: one type.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{failed to verify that all of {input, result} have same type}}
  %y = "net.norm"(%x) : (tensor<?x4x8xf32>) -> tensor<?x3x8xf32>
  return
}

// -----

// C1 of net.norm: the shift.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.norm' op expects a shift of type 'tensor<?x8xf64>', got 'tensor<?x4xf64>'}}
  %y, %c = net.norm %x : tensor<?x4x8xf32>, tensor<?x4xf64>
  return
}

// -----

// A shift is in double precision.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{result #1 must be what normalization took away (batch x positions, double precision), but got 'tensor<?x8xf32>'}}
  %y, %c = net.norm %x : tensor<?x4x8xf32>, tensor<?x8xf32>
  return
}

// -----

// C1 of net.conv: one matrix per tap or per position.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.conv' op expects weights of type 'tensor<2x3x4xf64>', got 'tensor<3x3x4xf64>'}}
  %y = net.conv %x patch [2] weights dense<1.0> : tensor<3x3x4xf64> : tensor<?x4x8xf32> -> tensor<?x6x4xf32>
  return
}

// -----

// C1 of net.conv: S_out x S_in.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.conv' op expects weights of type 'tensor<2x3x4xf64>', got 'tensor<2x4x3xf64>'}}
  %y = net.conv %x patch [2] weights dense<1.0> : tensor<2x4x3xf64> : tensor<?x4x8xf32> -> tensor<?x6x4xf32>
  return
}

// -----

// C2 of net.conv: a channel group per tap.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.conv' op expects a multiple of 2 channels, one group per tap, got 5}}
  %y = net.conv %x patch [2] weights dense<1.0> : tensor<2x3x4xf64> : tensor<?x4x8xf32> -> tensor<?x5x4xf32>
  return
}

// -----

// C2 of net.conv: positions.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.conv' op expects positions [6] at the taps, got [8]}}
  %y = net.conv %x patch [2] weights dense<1.0> : tensor<2x3x4xf64> : tensor<?x4x8xf32> -> tensor<?x6x3xf32>
  return
}

// -----

// C2 of net.conv: the patch has the map's axes.
func.func @f(%x: tensor<?x4x8x8xf32>) {
  // expected-error @+1 {{'net.conv' op expects a patch of 2 positive extents, got [2]}}
  %y = net.conv %x patch [2] weights dense<1.0> : tensor<2x3x4xf64> : tensor<?x4x8x8xf32> -> tensor<?x6x4x4xf32>
  return
}

// -----

// C2 of net.conv: the patch is positive.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.conv' op expects a patch of 1 positive extents, got [0]}}
  %y = net.conv %x patch [0] weights dense<1.0> : tensor<2x3x4xf64> : tensor<?x4x8xf32> -> tensor<?x6x4xf32>
  return
}

// -----

// C1 of net.logsumexp_conv.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.logsumexp_conv' op expects weights of type 'tensor<2x3x4xf64>', got 'tensor<4x3x4xf64>'}}
  %y = net.logsumexp_conv %x patch [2] weights dense<1.0> : tensor<4x3x4xf64>
    : tensor<?x4x8xf32> -> tensor<?x6x4xf32>
  return
}

// -----

// C2 of net.logsumexp_conv.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.logsumexp_conv' op expects positions [10] at the taps, got [8]}}
  %y = net.logsumexp_conv %x patch [2] weights dense<1.0> : tensor<2x3x4xf64>
    : tensor<?x4x8xf32> -> tensor<?x6x5xf32>
  return
}

// -----

// C1 of net.conv_transpose: S_in x S_out.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.conv_transpose' op expects weights of type 'tensor<2x3x4xf64>', got 'tensor<2x4x3xf64>'}}
  %y = net.conv_transpose %x patch [2] weights dense<1.0> : tensor<2x4x3xf64>
    : tensor<?x6x4xf32> -> tensor<?x4x8xf32>
  return
}

// -----

// C2 of net.conv_transpose: a channel group per tap.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.conv_transpose' op expects a multiple of 4 channels, one group per tap, got 6}}
  %y = net.conv_transpose %x patch [4] weights dense<1.0> : tensor<4x3x4xf64>
    : tensor<?x6x4xf32> -> tensor<?x4x16xf32>
  return
}

// -----

// C2 of net.conv_transpose: positions.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.conv_transpose' op expects positions [8] at the taps, got [4]}}
  %y = net.conv_transpose %x patch [2] weights dense<1.0> : tensor<2x3x4xf64>
    : tensor<?x6x4xf32> -> tensor<?x4x4xf32>
  return
}

// -----

// C1 of net.logsumexp_conv_transpose.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.logsumexp_conv_transpose' op expects weights of type 'tensor<2x3x4xf64>', got 'tensor<2x3x5xf64>'}}
  %y = net.logsumexp_conv_transpose %x patch [2] weights dense<1.0> : tensor<2x3x5xf64>
    : tensor<?x6x4xf32> -> tensor<?x4x8xf32>
  return
}

// -----

// C2 of net.logsumexp_conv_transpose.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.logsumexp_conv_transpose' op expects positions [8] at the taps, got [9]}}
  %y = net.logsumexp_conv_transpose %x patch [2] weights dense<1.0> : tensor<2x3x4xf64>
    : tensor<?x6x4xf32> -> tensor<?x4x9xf32>
  return
}

// -----

// C1 of net.sum_pool: channels.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.sum_pool' op expects the grouped map of type 'tensor<?x4x4xf32>', got 'tensor<?x6x4xf32>'}}
  %y = net.sum_pool %x groups 2 : tensor<?x6x4xf32> -> tensor<?x2x4xf32>
  return
}

// -----

// C1 of net.sum_pool: positions.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.sum_pool' op expects the grouped map of type 'tensor<?x6x2xf32>', got 'tensor<?x6x4xf32>'}}
  %y = net.sum_pool %x groups 2 : tensor<?x6x4xf32> -> tensor<?x3x2xf32>
  return
}

// -----

// C1 of net.sum_pool: groups.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.sum_pool' op expects at least 1 group, got 0}}
  %y = net.sum_pool %x groups 0 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>
  return
}

// -----

// C1 of net.upsample.
func.func @f(%x: tensor<?x3x4xf32>) {
  // expected-error @+1 {{'net.upsample' op expects the grouped map of type 'tensor<?x6x4xf32>', got 'tensor<?x3x8xf32>'}}
  %y = net.upsample %x groups 2 : tensor<?x3x4xf32> -> tensor<?x3x8xf32>
  return
}

// -----

// C1 of net.sibling_sum: channels.
func.func @f(%x: tensor<?x5x4xf32>) {
  // expected-error @+1 {{'net.sibling_sum' op expects a multiple of 2 channels, got 5}}
  %y = net.sibling_sum %x groups 2 : tensor<?x5x4xf32> -> tensor<?x5x4xf32>
  return
}

// -----

// C1 of net.sibling_sum: one type.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.sibling_sum' op expects a result of type 'tensor<?x6x4xf32>', got 'tensor<?x3x4xf32>'}}
  %y = net.sibling_sum %x groups 2 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>
  return
}

// -----

// Skips have the type of what they join.
func.func @f(%x: tensor<?x6x4xf32>, %skip: tensor<?x3x4xf32>) {
  // expected-error @+1 {{'net.subtract' op requires the same type for all operands and results}}
  %y = "net.subtract"(%x, %skip) : (tensor<?x6x4xf32>, tensor<?x3x4xf32>) -> tensor<?x6x4xf32>
  return
}

// -----

// C1 of net.bias.
func.func @f(%h: tensor<?x2x1xf32>) {
  // expected-error @+1 {{'net.bias' op expects weights of type 'tensor<2xf64>', got 'tensor<3xf64>'}}
  %b = net.bias %h log dense<0.5> : tensor<3xf64> : tensor<?x2x1xf32>
  return
}

// -----

// C1 of net.constant: weights.
func.func @f(%h: tensor<?x2x1xf32>) {
  // expected-error @+1 {{'net.constant' op expects weights of type 'tensor<2xf64>', got 'tensor<3xf64>'}}
  %b = net.constant log dense<0.5> : tensor<3xf64> like %h : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  return
}

// -----

// C1 of net.constant: one position.
func.func @f(%h: tensor<?x2x4xf32>) {
  // expected-error @+1 {{'net.constant' op expects one position, got [4]}}
  %b = net.constant log dense<0.5> : tensor<2xf64> like %h : tensor<?x2x4xf32> -> tensor<?x2x4xf32>
  return
}

// -----

// C1 of net.readout: values.
func.func @f(%p: tensor<?x2x8xf32>) {
  // expected-error @+1 {{'net.readout' op expects values of type 'tensor<2x1xf64>', got 'tensor<3x1xf64>'}}
  %m = net.readout %p values dense<1.0> : tensor<3x1xf64> : tensor<?x2x8xf32> -> tensor<?x1x8xf32>
  return
}

// -----

// C1 of net.readout: positions.
func.func @f(%p: tensor<?x2x8xf32>) {
  // expected-error @+1 {{'net.readout' op expects a result of type 'tensor<?x1x8xf32>', got 'tensor<?x1x4xf32>'}}
  %m = net.readout %p values dense<1.0> : tensor<2x1xf64> : tensor<?x2x8xf32> -> tensor<?x1x4xf32>
  return
}

// -----

// C1 of net.cast.
func.func @f(%x: tensor<?x4x8xf64>) {
  // expected-error @+1 {{'net.cast' op expects a result of type 'tensor<?x4x8xf32>', got 'tensor<?x4x4xf32>'}}
  %y = net.cast %x : tensor<?x4x8xf64> -> tensor<?x4x4xf32>
  return
}

// -----

// C1 of net.shift_pool: positions.
func.func @f(%d: tensor<?x8xf64>, %own: tensor<?x2xf64>) {
  // expected-error @+1 {{'net.shift_pool' op expects an input of type 'tensor<?x4xf64>', got 'tensor<?x8xf64>'}}
  %c = net.shift_pool %d, %own patch [2] : tensor<?x8xf64> -> tensor<?x2xf64>
  return
}

// -----

// C1 of net.shift_pool: own.
func.func @f(%d: tensor<?x8xf64>, %own: tensor<?x2xf64>) {
  // expected-error @+1 {{failed to verify that all of {own, result} have same type}}
  %c = "net.shift_pool"(%d, %own) {patch = array<i64: 2>} : (tensor<?x8xf64>, tensor<?x2xf64>) -> tensor<?x4xf64>
  return
}

// -----

// C1 of net.evidence: the belief.
func.func @f(%b: tensor<?x2x4xf32>, %c: tensor<?x4xf64>) {
  // expected-error @+1 {{'net.evidence' op expects one position, got [4]}}
  %l = net.evidence %b, %c minus 0.0 : tensor<?x2x4xf32>, tensor<?x4xf64> -> tensor<?xf64>
  return
}

// -----

// C1 of net.evidence: the shift.
func.func @f(%b: tensor<?x2x1xf32>, %c: tensor<?x4xf64>) {
  // expected-error @+1 {{'net.evidence' op expects a shift of type 'tensor<?x1xf64>', got 'tensor<?x4xf64>'}}
  %l = net.evidence %b, %c minus 0.0 : tensor<?x2x1xf32>, tensor<?x4xf64> -> tensor<?xf64>
  return
}

// -----

// C1 of net.evidence: the result.
func.func @f(%b: tensor<?x2x1xf32>, %c: tensor<?x1xf64>) {
  // expected-error @+1 {{'net.evidence' op expects a result of type 'tensor<?xf64>', got 'tensor<?xf32>'}}
  %l = net.evidence %b, %c minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf32>
  return
}

// -----

// C1 of net.one_hot.
func.func @f(%x: tensor<?x7xi32>) {
  // expected-error @+1 {{'net.one_hot' op expects symbols of type 'tensor<?x8xi32>', got 'tensor<?x7xi32>'}}
  %h = net.one_hot %x : tensor<?x7xi32> -> tensor<?x4x8xf32>
  return
}

// -----

// C1 of net.look_up: weights.
func.func @f(%x: tensor<?x8xi32>) {
  // expected-error @+1 {{'net.look_up' op expects weights of type 'tensor<2x3x4xf64>', got 'tensor<3x3x4xf64>'}}
  %y = net.look_up %x patch [2] weights dense<1.0> : tensor<3x3x4xf64> : tensor<?x8xi32> -> tensor<?x6x4xf32>
  return
}

// -----

// C1 of net.look_up: integers.
func.func @f(%x: tensor<?x8xi64>) {
  // expected-error @+1 {{'net.look_up' op expects symbols of type 'tensor<?x8xi32>', got 'tensor<?x8xi64>'}}
  %y = net.look_up %x patch [2] weights dense<1.0> : tensor<2x3x4xf64> : tensor<?x8xi64> -> tensor<?x6x4xf32>
  return
}

// -----

// C1 of net.look_up: positions.
func.func @f(%x: tensor<?xi32>) {
  // expected-error @+1 {{'net.look_up' op expects symbols of batch x positions, got 'tensor<?xi32>'}}
  %y = net.look_up %x patch [2] weights dense<1.0> : tensor<2x3x4xf64> : tensor<?xi32> -> tensor<?x6x4xf32>
  return
}

// -----

// C2 of net.look_up.
func.func @f(%x: tensor<?x9xi32>) {
  // expected-error @+1 {{'net.look_up' op expects positions [8] at the taps, got [9]}}
  %y = net.look_up %x patch [2] weights dense<1.0> : tensor<2x3x4xf64> : tensor<?x9xi32> -> tensor<?x6x4xf32>
  return
}

// -----

// C1 of net.gaussian_likelihood.
func.func @f(%z: tensor<?x1x8xf32>, %s: f64) {
  // expected-error @+1 {{'net.gaussian_likelihood' op expects values of type 'tensor<2x1xf64>', got 'tensor<3x1xf64>'}}
  %h, %c = net.gaussian_likelihood %z, %s, %s dense<1.0> : tensor<3x1xf64>
    : tensor<?x1x8xf32> -> tensor<?x2x8xf32>, tensor<?x8xf64>
  return
}

// -----

// C1 of net.rescale: the shift.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.rescale' op expects a shift of type 'tensor<?x8xf64>', got 'tensor<?x4xf64>'}}
  %y, %c = net.rescale %x : tensor<?x4x8xf32>, tensor<?x4xf64>
  return
}

// -----

// C1 of net.product_pool.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.product_pool' op expects the grouped map of type 'tensor<?x4x4xf32>', got 'tensor<?x6x4xf32>'}}
  %y = net.product_pool %x groups 2 : tensor<?x6x4xf32> -> tensor<?x2x4xf32>
  return
}

// -----

// C1 of net.sibling_product.
func.func @f(%x: tensor<?x5x4xf32>) {
  // expected-error @+1 {{'net.sibling_product' op expects a multiple of 2 channels, got 5}}
  %y = net.sibling_product %x groups 2 : tensor<?x5x4xf32> -> tensor<?x5x4xf32>
  return
}

// -----

// C1 of net.scale.
func.func @f(%h: tensor<?x2x1xf32>) {
  // expected-error @+1 {{'net.scale' op expects weights of type 'tensor<2xf64>', got 'tensor<3xf64>'}}
  %b = net.scale %h dense<0.5> : tensor<3xf64> : tensor<?x2x1xf32>
  return
}

// -----

// C1 of net.weight_constant.
func.func @f(%h: tensor<?x2x4xf32>) {
  // expected-error @+1 {{'net.weight_constant' op expects one position, got [4]}}
  %p = net.weight_constant dense<0.5> : tensor<2xf64> like %h : tensor<?x2x4xf32> -> tensor<?x2x4xf32>
  return
}

// -----

// C1 of net.zero_shift.
func.func @f(%x: tensor<?x4x8xf32>) {
  // expected-error @+1 {{'net.zero_shift' op expects a shift of type 'tensor<?x8xf64>', got 'tensor<?x4xf64>'}}
  %c = net.zero_shift like %x : tensor<?x4x8xf32> -> tensor<?x4xf64>
  return
}

// -----

// C1 of net.weight_evidence: the belief.
func.func @f(%b: tensor<?x2x4xf32>) {
  // expected-error @+1 {{'net.weight_evidence' op expects one position, got [4]}}
  %l = net.weight_evidence %b minus 0.0 : tensor<?x2x4xf32> -> tensor<?xf64>
  return
}

// -----

// C1 of net.weight_evidence: the shift.
func.func @f(%b: tensor<?x2x1xf32>, %c: tensor<?x4xf64>) {
  // expected-error @+1 {{'net.weight_evidence' op expects a shift of type 'tensor<?x1xf64>', got 'tensor<?x4xf64>'}}
  %l = net.weight_evidence %b, %c minus 0.0 : tensor<?x2x1xf32>, tensor<?x4xf64> -> tensor<?xf64>
  return
}
