// Every op and type of bp, in every form, prints as text that reads back the same.
// RUN: espalier-opt %s | espalier-opt | FileCheck %s

// CHECK-LABEL: @leaves
// CHECK-SAME: (%[[X:.*]]: tensor<2x?xi32>, %[[Z:.*]]: tensor<2x1x?xf32>, %[[W:.*]]: tensor<2x4x?xf64>, %[[LAMBDA:.*]]: f64, %[[SIGMA:.*]]: f64)
func.func @leaves(%x: tensor<2x?xi32>, %z: tensor<2x1x?xf32>, %w: tensor<2x4x?xf64>, %lambda: f64, %sigma: f64) {
  // CHECK: bp.observe_symbol %[[X]] : tensor<2x?xi32> -> <[2], 4, linear, f32>
  %0 = bp.observe_symbol %x : tensor<2x?xi32> -> !bp.message<[2], 4, linear, f32>
  // CHECK: bp.observe_gaussian %[[Z]], %[[LAMBDA]], %[[SIGMA]] dense<{{.*}}> : tensor<2x1xf64>
  // CHECK-SAME: : tensor<2x1x?xf32> -> <[2], 2, log, f32>, <[2]>
  %1, %2 = bp.observe_gaussian %z, %lambda, %sigma dense<[[-1.0], [1.0]]> : tensor<2x1xf64>
    : tensor<2x1x?xf32> -> !bp.message<[2], 2, log, f32>, !bp.shift<[2]>
  // CHECK: bp.observe_soft %[[W]] : tensor<2x4x?xf64> -> <[2], 4, linear, f64>
  %3 = bp.observe_soft %w : tensor<2x4x?xf64> -> !bp.message<[2], 4, linear, f64>
  // CHECK: bp.look_up %[[X]] dense<5.000000e-01> : tensor<2x3x4xf64> : tensor<2x?xi32> -> <[2], 3, linear, f32>
  %4 = bp.look_up %x dense<0.5> : tensor<2x3x4xf64> : tensor<2x?xi32> -> !bp.message<[2], 3, linear, f32>
  return
}

// CHECK-LABEL: @upward
// CHECK-SAME: (%[[H:.*]]: !bp.message<[2, 3], 5, linear, f32>, %[[LOG:.*]]: !bp.message<[2, 3], 5, log, f64>, %[[D:.*]]: !bp.shift<[2, 3]>)
func.func @upward(%h: !bp.message<[2, 3], 5, linear, f32>, %log: !bp.message<[2, 3], 5, log, f64>,
                  %d: !bp.shift<[2, 3]>) {
  // By rank, then by node.
  // CHECK: %[[Q:.*]] = bp.up %[[H]] dense<5.000000e-01> : tensor<3x4x5xf64> : <[2, 3], 5, linear, f32> -> <[2, 3], 4, linear, f32>
  %q = bp.up %h dense<0.5> : tensor<3x4x5xf64>
    : !bp.message<[2, 3], 5, linear, f32> -> !bp.message<[2, 3], 4, linear, f32>
  // CHECK: bp.up %[[LOG]] rowwise dense<5.000000e-01> : tensor<6x4x5xf64> : <[2, 3], 5, log, f64> -> <[2, 3], 4, log, f64>
  %r = bp.up %log rowwise dense<0.5> : tensor<6x4x5xf64>
    : !bp.message<[2, 3], 5, log, f64> -> !bp.message<[2, 3], 4, log, f64>
  // CHECK: %[[U:.*]] = bp.combine %[[Q]] : <[2, 3], 4, linear, f32> -> <[2], 4, linear, f32>
  %u = bp.combine %q : !bp.message<[2, 3], 4, linear, f32> -> !bp.message<[2], 4, linear, f32>
  // CHECK: %[[C:.*]] = bp.combine_shift %[[D]] : <[2, 3]> -> <[2]>
  %c = bp.combine_shift %d : !bp.shift<[2, 3]> -> !bp.shift<[2]>
  // CHECK: bp.normalize %[[U]], %[[C]] : !bp.message<[2], 4, linear, f32>, !bp.shift<[2]>
  %n, %s = bp.normalize %u, %c : !bp.message<[2], 4, linear, f32>, !bp.shift<[2]>
  // CHECK: bp.normalize %[[U]] : !bp.message<[2], 4, linear, f32>
  %m = bp.normalize %u : !bp.message<[2], 4, linear, f32>
  // CHECK: bp.zero_shift : <[]>
  %zero = bp.zero_shift : !bp.shift<[]>
  return
}

// CHECK-LABEL: @downward
// CHECK-SAME: (%[[Q:.*]]: !bp.message<[2], 3, linear, f32>, %[[H:.*]]: !bp.message<[2], 4, linear, f32>)
func.func @downward(%q: !bp.message<[2], 3, linear, f32>, %h: !bp.message<[2], 4, linear, f32>) {
  // CHECK: %[[P:.*]] = bp.prior dense<[1.000000e+00, 0.000000e+00, 5.000000e-01]> : tensor<3xf64> -> <[], 3, linear, f32>
  %p = bp.prior dense<[1.0, 0.0, 0.5]> : tensor<3xf64> -> !bp.message<[], 3, linear, f32>
  // CHECK: %[[W:.*]] = bp.others %[[Q]], %[[P]] : <[2], 3, linear, f32>, <[], 3, linear, f32>
  %w = bp.others %q, %p : !bp.message<[2], 3, linear, f32>, !bp.message<[], 3, linear, f32>
  // CHECK: %[[D:.*]] = bp.down %[[W]] dense<5.000000e-01> : tensor<2x3x4xf64> : <[2], 3, linear, f32> -> <[2], 4, linear, f32>
  %d = bp.down %w dense<0.5> : tensor<2x3x4xf64>
    : !bp.message<[2], 3, linear, f32> -> !bp.message<[2], 4, linear, f32>
  // CHECK: bp.belief %[[D]], %[[H]] : <[2], 4, linear, f32>
  %b = bp.belief %d, %h : !bp.message<[2], 4, linear, f32>
  return
}

// CHECK-LABEL: @answers
// CHECK-SAME: (%[[ROOT:.*]]: !bp.message<[], 2, log, f32>, %[[C:.*]]: !bp.shift<[]>, %[[LEAF:.*]]: !bp.message<[3], 2, linear, f32>)
func.func @answers(%root: !bp.message<[], 2, log, f32>, %c: !bp.shift<[]>, %leaf: !bp.message<[3], 2, linear, f32>) {
  // CHECK: %[[B:.*]] = bp.weigh %[[ROOT]] dense<5.000000e-01> : tensor<2xf64> : <[], 2, log, f32>
  %b = bp.weigh %root dense<0.5> : tensor<2xf64> : !bp.message<[], 2, log, f32>
  // CHECK: bp.loglik %[[B]], %[[C]] minus 2.500000e-01 : <[], 2, log, f32>, <[]> -> tensor<?xf64>
  %l = bp.loglik %b, %c minus 0.25 : !bp.message<[], 2, log, f32>, !bp.shift<[]> -> tensor<?xf64>
  // CHECK: %[[P:.*]] = bp.posterior %[[LEAF]] : <[3], 2, linear, f32> -> tensor<3x2x?xf32>
  %p = bp.posterior %leaf : !bp.message<[3], 2, linear, f32> -> tensor<3x2x?xf32>
  // CHECK: bp.expect %[[P]] dense<1.000000e+00> : tensor<2x5xf64> : tensor<3x2x?xf32> -> tensor<3x5x?xf32>
  %m = bp.expect %p dense<1.0> : tensor<2x5xf64> : tensor<3x2x?xf32> -> tensor<3x5x?xf32>
  return
}
