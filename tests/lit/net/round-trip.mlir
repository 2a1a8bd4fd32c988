// Every op of net, in every form, prints as text that reads back the same.
// RUN: espalier-opt %s | espalier-opt | FileCheck %s

// CHECK-LABEL: @stems
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xi32>, %[[Z:.*]]: tensor<?x3x4x4xf32>, %[[W:.*]]: tensor<?x4x8xf32>, %[[LAMBDA:.*]]: f64, %[[SIGMA:.*]]: f64)
// CHECK-SAME: attributes {net.branching = [array<i64: 2, 2>, array<i64: 2, 2>]}
func.func @stems(%x: tensor<?x8xi32>, %z: tensor<?x3x4x4xf32>, %w: tensor<?x4x8xf32>, %lambda: f64, %sigma: f64)
    attributes {net.branching = [array<i64: 2, 2>, array<i64: 2, 2>]} {
  // CHECK: net.symbol_stem %[[X]] : tensor<?x8xi32> -> tensor<?x4x8xf32>
  %0 = net.symbol_stem %x : tensor<?x8xi32> -> tensor<?x4x8xf32>
  // CHECK: net.gaussian_stem %[[Z]], %[[LAMBDA]], %[[SIGMA]] dense<1.000000e+00> : tensor<2x3xf64>
  // CHECK-SAME: : tensor<?x3x4x4xf32> -> tensor<?x2x4x4xf64>, tensor<?x4x4xf64>
  %1, %2 = net.gaussian_stem %z, %lambda, %sigma dense<1.0> : tensor<2x3xf64>
    : tensor<?x3x4x4xf32> -> tensor<?x2x4x4xf64>, tensor<?x4x4xf64>
  // CHECK: net.soft_stem %[[W]] : tensor<?x4x8xf32> -> tensor<?x4x8xf64>, tensor<?x8xf64>
  %3, %4 = net.soft_stem %w : tensor<?x4x8xf32> -> tensor<?x4x8xf64>, tensor<?x8xf64>
  return
}

// CHECK-LABEL: @activations
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x8xf32>)
func.func @activations(%x: tensor<?x4x8xf32>) {
  // CHECK: net.exp %[[X]] : tensor<?x4x8xf32>
  %0 = net.exp %x : tensor<?x4x8xf32>
  // CHECK: net.log %[[X]] : tensor<?x4x8xf32>
  %1 = net.log %x : tensor<?x4x8xf32>
  // CHECK: net.softmax %[[X]] : tensor<?x4x8xf32>
  %2 = net.softmax %x : tensor<?x4x8xf32>
  // CHECK: net.norm %[[X]] : tensor<?x4x8xf32>
  %3 = net.norm %x : tensor<?x4x8xf32>
  // CHECK: net.norm %[[X]] : tensor<?x4x8xf32>, tensor<?x8xf64>
  %4, %5 = net.norm %x : tensor<?x4x8xf32>, tensor<?x8xf64>
  // CHECK: net.cast %[[X]] : tensor<?x4x8xf32> -> tensor<?x4x8xf64>
  %6 = net.cast %x : tensor<?x4x8xf32> -> tensor<?x4x8xf64>
  return
}

// Weights by tap, and by position (locally connected).
// CHECK-LABEL: @convolutions
// CHECK-SAME: (%[[FINE:.*]]: tensor<?x4x2x6xf32>, %[[COARSE:.*]]: tensor<?x18x1x2xf32>)
func.func @convolutions(%fine: tensor<?x4x2x6xf32>, %coarse: tensor<?x18x1x2xf32>) {
  // CHECK: net.conv %[[FINE]] patch [2, 3] weights dense<1.000000e+00> : tensor<6x3x4xf64>
  // CHECK-SAME: : tensor<?x4x2x6xf32> -> tensor<?x18x1x2xf32>
  %0 = net.conv %fine patch [2, 3] weights dense<1.0> : tensor<6x3x4xf64>
    : tensor<?x4x2x6xf32> -> tensor<?x18x1x2xf32>
  // CHECK: net.logsumexp_conv %[[FINE]] patch [2, 3] weights dense<1.000000e+00> : tensor<12x3x4xf64>
  // CHECK-SAME: : tensor<?x4x2x6xf32> -> tensor<?x18x1x2xf32>
  %1 = net.logsumexp_conv %fine patch [2, 3] weights dense<1.0> : tensor<12x3x4xf64>
    : tensor<?x4x2x6xf32> -> tensor<?x18x1x2xf32>
  // CHECK: net.conv_transpose %[[COARSE]] patch [2, 3] weights dense<1.000000e+00> : tensor<12x3x4xf64>
  // CHECK-SAME: : tensor<?x18x1x2xf32> -> tensor<?x4x2x6xf32>
  %2 = net.conv_transpose %coarse patch [2, 3] weights dense<1.0> : tensor<12x3x4xf64>
    : tensor<?x18x1x2xf32> -> tensor<?x4x2x6xf32>
  // CHECK: net.logsumexp_conv_transpose %[[COARSE]] patch [2, 3] weights dense<1.000000e+00> : tensor<6x3x4xf64>
  // CHECK-SAME: : tensor<?x18x1x2xf32> -> tensor<?x4x2x6xf32>
  %3 = net.logsumexp_conv_transpose %coarse patch [2, 3] weights dense<1.0> : tensor<6x3x4xf64>
    : tensor<?x18x1x2xf32> -> tensor<?x4x2x6xf32>
  return
}

// CHECK-LABEL: @groups
// CHECK-SAME: (%[[X:.*]]: tensor<?x6x4xf32>, %[[SKIP:.*]]: tensor<?x6x4xf32>)
func.func @groups(%x: tensor<?x6x4xf32>, %skip: tensor<?x6x4xf32>) {
  // CHECK: net.sum_pool %[[X]] groups 2 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>
  %0 = net.sum_pool %x groups 2 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>
  // CHECK: net.upsample %[[X]] groups 3 : tensor<?x6x4xf32> -> tensor<?x18x4xf32>
  %1 = net.upsample %x groups 3 : tensor<?x6x4xf32> -> tensor<?x18x4xf32>
  // CHECK: net.sibling_sum %[[X]] groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>
  %2 = net.sibling_sum %x groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>
  // CHECK: net.add %[[X]], %[[SKIP]] : tensor<?x6x4xf32>
  %3 = net.add %x, %skip : tensor<?x6x4xf32>
  // CHECK: net.subtract %[[X]], %[[SKIP]] : tensor<?x6x4xf32>
  %4 = net.subtract %x, %skip : tensor<?x6x4xf32>
  return
}

// CHECK-LABEL: @heads
// CHECK-SAME: (%[[H:.*]]: tensor<?x2x1x1xf32>, %[[C:.*]]: tensor<?x1x1xf64>, %[[P:.*]]: tensor<?x2x8xf32>, %[[D:.*]]: tensor<?x8xf64>, %[[OWN:.*]]: tensor<?x4xf64>)
func.func @heads(%h: tensor<?x2x1x1xf32>, %c: tensor<?x1x1xf64>, %p: tensor<?x2x8xf32>, %d: tensor<?x8xf64>,
                 %own: tensor<?x4xf64>) {
  // CHECK: %[[B:.*]] = net.bias %[[H]] log dense<5.000000e-01> : tensor<2xf64> : tensor<?x2x1x1xf32>
  %b = net.bias %h log dense<0.5> : tensor<2xf64> : tensor<?x2x1x1xf32>
  // CHECK: net.constant log dense<5.000000e-01> : tensor<2xf64> like %[[H]] : tensor<?x2x1x1xf32> -> tensor<?x2x1x1xf32>
  %0 = net.constant log dense<0.5> : tensor<2xf64> like %h : tensor<?x2x1x1xf32> -> tensor<?x2x1x1xf32>
  // CHECK: net.readout %[[P]] values dense<1.000000e+00> : tensor<2x3xf64> : tensor<?x2x8xf32> -> tensor<?x3x8xf32>
  %1 = net.readout %p values dense<1.0> : tensor<2x3xf64> : tensor<?x2x8xf32> -> tensor<?x3x8xf32>
  // CHECK: net.shift_pool %[[D]], %[[OWN]] patch [2] : tensor<?x8xf64> -> tensor<?x4xf64>
  %2 = net.shift_pool %d, %own patch [2] : tensor<?x8xf64> -> tensor<?x4xf64>
  // CHECK: net.evidence %[[B]], %[[C]] minus 2.500000e-01 : tensor<?x2x1x1xf32>, tensor<?x1x1xf64> -> tensor<?xf64>
  %3 = net.evidence %b, %c minus 0.25 : tensor<?x2x1x1xf32>, tensor<?x1x1xf64> -> tensor<?xf64>
  return
}

// CHECK-LABEL: @weights
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xi32>, %[[Z:.*]]: tensor<?x3x8xf32>, %[[W:.*]]: tensor<?x6x4xf32>, %[[LAMBDA:.*]]: f64, %[[SIGMA:.*]]: f64)
func.func @weights(%x: tensor<?x8xi32>, %z: tensor<?x3x8xf32>, %w: tensor<?x6x4xf32>, %lambda: f64, %sigma: f64) {
  // CHECK: net.one_hot %[[X]] : tensor<?x8xi32> -> tensor<?x4x8xf32>
  %0 = net.one_hot %x : tensor<?x8xi32> -> tensor<?x4x8xf32>
  // CHECK: net.look_up %[[X]] patch [2] weights dense<1.000000e+00> : tensor<2x3x4xf64> : tensor<?x8xi32> -> tensor<?x6x4xf32>
  %1 = net.look_up %x patch [2] weights dense<1.0> : tensor<2x3x4xf64> : tensor<?x8xi32> -> tensor<?x6x4xf32>
  // CHECK: net.gaussian_likelihood %[[Z]], %[[LAMBDA]], %[[SIGMA]] dense<1.000000e+00> : tensor<2x3xf64>
  // CHECK-SAME: : tensor<?x3x8xf32> -> tensor<?x2x8xf64>, tensor<?x8xf64>
  %2, %3 = net.gaussian_likelihood %z, %lambda, %sigma dense<1.0> : tensor<2x3xf64>
    : tensor<?x3x8xf32> -> tensor<?x2x8xf64>, tensor<?x8xf64>
  // CHECK: net.rescale %[[W]] : tensor<?x6x4xf32>
  %4 = net.rescale %w : tensor<?x6x4xf32>
  // CHECK: net.rescale %[[W]] : tensor<?x6x4xf32>, tensor<?x4xf64>
  %5, %6 = net.rescale %w : tensor<?x6x4xf32>, tensor<?x4xf64>
  // CHECK: net.product_pool %[[W]] groups 2 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>
  %7 = net.product_pool %w groups 2 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>
  // CHECK: net.sibling_product %[[W]] groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>
  %8 = net.sibling_product %w groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>
  // CHECK: net.multiply %[[W]], %[[W]] : tensor<?x6x4xf32>
  %9 = net.multiply %w, %w : tensor<?x6x4xf32>
  // CHECK: net.proportion %[[W]] : tensor<?x6x4xf32>
  %10 = net.proportion %w : tensor<?x6x4xf32>
  // CHECK: net.zero_shift like %[[W]] : tensor<?x6x4xf32> -> tensor<?x4xf64>
  %11 = net.zero_shift like %w : tensor<?x6x4xf32> -> tensor<?x4xf64>
  return
}

// CHECK-LABEL: @weight_heads
// CHECK-SAME: (%[[H:.*]]: tensor<?x2x1x1xf32>, %[[C:.*]]: tensor<?x1x1xf64>, %[[D:.*]]: tensor<?x8xf64>)
func.func @weight_heads(%h: tensor<?x2x1x1xf32>, %c: tensor<?x1x1xf64>, %d: tensor<?x8xf64>) {
  // CHECK: net.scale %[[H]] dense<5.000000e-01> : tensor<2xf64> : tensor<?x2x1x1xf32>
  %0 = net.scale %h dense<0.5> : tensor<2xf64> : tensor<?x2x1x1xf32>
  // CHECK: net.weight_constant dense<5.000000e-01> : tensor<2xf64> like %[[H]] : tensor<?x2x1x1xf32> -> tensor<?x2x1x1xf32>
  %1 = net.weight_constant dense<0.5> : tensor<2xf64> like %h : tensor<?x2x1x1xf32> -> tensor<?x2x1x1xf32>
  // CHECK: net.shift_pool %[[D]] patch [2] : tensor<?x8xf64> -> tensor<?x4xf64>
  %2 = net.shift_pool %d patch [2] : tensor<?x8xf64> -> tensor<?x4xf64>
  // CHECK: net.weight_evidence %[[H]] minus 2.500000e-01 : tensor<?x2x1x1xf32> -> tensor<?xf64>
  %3 = net.weight_evidence %h minus 0.25 : tensor<?x2x1x1xf32> -> tensor<?xf64>
  // CHECK: net.weight_evidence %[[H]], %[[C]] minus 2.500000e-01 : tensor<?x2x1x1xf32>, tensor<?x1x1xf64> -> tensor<?xf64>
  %4 = net.weight_evidence %h, %c minus 0.25 : tensor<?x2x1x1xf32>, tensor<?x1x1xf64> -> tensor<?xf64>
  return
}
