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
