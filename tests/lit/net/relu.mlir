// The layers of networks of ReLUs print as text that reads back the same.
// RUN: espalier-opt %s | espalier-opt | FileCheck %s

// CHECK-LABEL: @layers
// CHECK-SAME: (%[[Z:.*]]: tensor<?x1x8xf32>, %[[X:.*]]: tensor<?x6x4xf32>)
func.func @layers(%z: tensor<?x1x8xf32>, %x: tensor<?x6x4xf32>) {
  // CHECK: net.clip %[[Z]] low -5.000000e+00 high 4.000000e+00 : tensor<?x1x8xf32>
  %0 = net.clip %z low -5.0 high 4.0 : tensor<?x1x8xf32>
  // CHECK: net.relu %[[X]] : tensor<?x6x4xf32>
  %1 = net.relu %x : tensor<?x6x4xf32>
  // CHECK: net.group_norm %[[X]] groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>
  %2 = net.group_norm %x groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>
  // CHECK: %[[WIDE:.*]] = net.pointwise %[[X]] weights dense<1.000000e+00> : tensor<3x1xf64> bias dense<2.000000e+00> : tensor<3xf64>
  // CHECK-SAME: : tensor<?x6x4xf32> -> tensor<?x18x4xf32>
  %3 = net.pointwise %x weights dense<1.0> : tensor<3x1xf64> bias dense<2.0> : tensor<3xf64>
    : tensor<?x6x4xf32> -> tensor<?x18x4xf32>
  // CHECK: net.pointwise %[[WIDE]] weights dense<1.000000e+00> : tensor<1x3xf64> bias dense<0.000000e+00> : tensor<1xf64>
  // CHECK-SAME: : tensor<?x18x4xf32> -> tensor<?x6x4xf32>
  %4 = net.pointwise %3 weights dense<1.0> : tensor<1x3xf64> bias dense<0.0> : tensor<1xf64>
    : tensor<?x18x4xf32> -> tensor<?x6x4xf32>
  // CHECK: net.piecewise %[[X]] in [1.000000e+00, -1.000000e+00] bias [2.000000e+00, 1.000000e+00] out [5.000000e-01, 5.000000e-01] offset 2.500000e-01 : tensor<?x6x4xf32>
  %5 = net.piecewise %x in [1.0, -1.0] bias [2.0, 1.0] out [0.5, 0.5] offset 0.25 : tensor<?x6x4xf32>
  return
}
