// Every numbered invariant of the layers of networks of ReLUs is enforced.
// RUN: espalier-opt %s -split-input-file -verify-diagnostics

// C1 of net.clip: order.
func.func @f(%z: tensor<?x1x8xf32>) {
  // expected-error @+1 {{'net.clip' op expects finite bounds low <= high, got}}
  %0 = net.clip %z low 5.0 high -5.0 : tensor<?x1x8xf32>
  return
}

// -----

// C1 of net.pointwise: the bias.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.pointwise' op expects bias of type 'tensor<3xf64>', got 'tensor<2xf64>'}}
  %0 = net.pointwise %x weights dense<1.0> : tensor<3x1xf64> bias dense<2.0> : tensor<2xf64>
    : tensor<?x6x4xf32> -> tensor<?x18x4xf32>
  return
}

// -----

// C1 of net.pointwise: finite.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.pointwise' op expects finite entries of the bias, got}}
  %0 = net.pointwise %x weights dense<1.0> : tensor<3x1xf64> bias dense<0x7FF0000000000000> : tensor<3xf64>
    : tensor<?x6x4xf32> -> tensor<?x18x4xf32>
  return
}

// -----

// C2 of net.pointwise: groups.
func.func @f(%x: tensor<?x5x4xf32>) {
  // expected-error @+1 {{'net.pointwise' op expects a multiple of 3 channels, got 5}}
  %0 = net.pointwise %x weights dense<1.0> : tensor<1x3xf64> bias dense<0.0> : tensor<1xf64>
    : tensor<?x5x4xf32> -> tensor<?x1x4xf32>
  return
}

// -----

// C2 of net.pointwise: the result.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.pointwise' op expects a result of type 'tensor<?x18x4xf32>', got 'tensor<?x12x4xf32>'}}
  %0 = net.pointwise %x weights dense<1.0> : tensor<3x1xf64> bias dense<2.0> : tensor<3xf64>
    : tensor<?x6x4xf32> -> tensor<?x12x4xf32>
  return
}

// -----

// C3 of net.pointwise.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.pointwise' op expects weights of shape [out x in] with in = 1 or out = 1, got [3, 2]}}
  %0 = net.pointwise %x weights dense<1.0> : tensor<3x2xf64> bias dense<2.0> : tensor<3xf64>
    : tensor<?x6x4xf32> -> tensor<?x9x4xf32>
  return
}

// -----

// C1 of net.piecewise: lengths.
func.func @f(%x: tensor<?x6x4xf32>) {
  // expected-error @+1 {{'net.piecewise' op expects in, bias and out of one length, at least 1, got 2, 1 and 2}}
  %0 = net.piecewise %x in [1.0, 1.0] bias [2.0] out [0.5, 0.5] offset 0.0 : tensor<?x6x4xf32>
  return
}

// -----

// C1 of net.group_norm.
func.func @f(%x: tensor<?x5x4xf32>) {
  // expected-error @+1 {{'net.group_norm' op expects a multiple of 2 channels, got 5}}
  %0 = net.group_norm %x groups 2 : tensor<?x5x4xf32> -> tensor<?x5x4xf32>
  return
}
