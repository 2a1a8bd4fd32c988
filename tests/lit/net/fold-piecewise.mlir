// Hidden units of one channel each become a piecewise linear function; what others read stays.
// RUN: espalier-opt %s --pass-pipeline='builtin.module(func.func(net-fold-piecewise))' | FileCheck %s

// CHECK-LABEL: @folds
// CHECK-NEXT: net.piecewise %{{.*}} in [1.000000e+00, -1.000000e+00] bias [2.000000e+00, 3.000000e+00] out [5.000000e-01, 2.500000e-01] offset 7.000000e+00
// CHECK-NEXT: return
func.func @folds(%x: tensor<?x6x4xf32>) -> tensor<?x6x4xf32> {
  %0 = net.pointwise %x weights dense<[[1.0], [-1.0]]> : tensor<2x1xf64> bias dense<[2.0, 3.0]> : tensor<2xf64>
    : tensor<?x6x4xf32> -> tensor<?x12x4xf32>
  %1 = net.relu %0 : tensor<?x12x4xf32>
  %2 = net.pointwise %1 weights dense<[[0.5, 0.25]]> : tensor<1x2xf64> bias dense<7.0> : tensor<1xf64>
    : tensor<?x12x4xf32> -> tensor<?x6x4xf32>
  return %2 : tensor<?x6x4xf32>
}

// CHECK-LABEL: @hidden_units_are_read
// CHECK-NOT: net.piecewise
func.func @hidden_units_are_read(%x: tensor<?x6x4xf32>) -> (tensor<?x6x4xf32>, tensor<?x12x4xf32>) {
  %0 = net.pointwise %x weights dense<1.0> : tensor<2x1xf64> bias dense<2.0> : tensor<2xf64>
    : tensor<?x6x4xf32> -> tensor<?x12x4xf32>
  %1 = net.relu %0 : tensor<?x12x4xf32>
  %2 = net.pointwise %1 weights dense<0.5> : tensor<1x2xf64> bias dense<7.0> : tensor<1xf64>
    : tensor<?x12x4xf32> -> tensor<?x6x4xf32>
  return %2, %1 : tensor<?x6x4xf32>, tensor<?x12x4xf32>
}

// exp of symbols is one-hot: with the convolution behind it a look-up.
// CHECK-LABEL: @symbols
// CHECK-NOT: net.conv
// CHECK: net.look_up %{{.*}} patch [2] weights
func.func @symbols(%x: tensor<?x4xi32>) -> tensor<?x6x2xf32> {
  %h = net.symbol_stem %x : tensor<?x4xi32> -> tensor<?x3x4xf32>
  %e = net.piecewise %h in [1.0] bias [1.0] out [1.0] offset 0.0 : tensor<?x3x4xf32>
  %q = net.conv %e patch [2] weights dense<0.5> : tensor<2x3x3xf64> : tensor<?x3x4xf32> -> tensor<?x6x2xf32>
  return %q : tensor<?x6x2xf32>
}

// A constant to the left that is not 0 makes them something else.
// CHECK-LABEL: @symbols_with_a_constant
// CHECK: net.conv
func.func @symbols_with_a_constant(%x: tensor<?x4xi32>) -> tensor<?x6x2xf32> {
  %h = net.symbol_stem %x : tensor<?x4xi32> -> tensor<?x3x4xf32>
  %e = net.piecewise %h in [1.0] bias [1.0] out [0.75] offset 0.25 : tensor<?x3x4xf32>
  %q = net.conv %e patch [2] weights dense<0.5> : tensor<2x3x3xf64> : tensor<?x3x4xf32> -> tensor<?x6x2xf32>
  return %q : tensor<?x6x2xf32>
}
