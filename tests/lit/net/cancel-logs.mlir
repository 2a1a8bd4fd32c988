// Each rewrite of net-cancel-logs on a network as it is drawn.
// RUN: espalier-opt %s -net-cancel-logs -split-input-file | FileCheck %s --implicit-check-not="net.exp " --implicit-check-not="net.log "

// A U-Net on positive weights, seen through noise. The encoder's norm layers take nothing that the range of f32 asks
// for, so the shift is the sum of the stem's. The belief minus the skip is what the root knows beforehand times the
// siblings. What comes from above is not normalized before it meets the long skip.
// CHECK-LABEL: @unet
// CHECK-SAME: (%[[Z:.*]]: tensor<?x1x6xf32>, %[[LAMBDA:.*]]: f64, %[[SIGMA:.*]]: f64)
// CHECK: %[[H:.*]], %[[C:.*]] = net.gaussian_likelihood %[[Z]], %[[LAMBDA]], %[[SIGMA]] dense<{{.*}}> : tensor<2x1xf64>
// CHECK-NEXT: %[[Q:.*]] = net.conv %[[H]] patch [3] weights dense<{{.*}}> : tensor<3x2x2xf64> : tensor<?x2x6xf32> -> tensor<?x6x2xf32>
// CHECK-NEXT: %[[H1:.*]] = net.product_pool %[[Q]] groups 3 : tensor<?x6x2xf32> -> tensor<?x2x2xf32>
// CHECK-NEXT: %[[C1:.*]] = net.shift_pool %[[C]] patch [3]
// CHECK-NEXT: %[[Q1:.*]] = net.conv %[[H1]] patch [2]
// CHECK-NEXT: %[[H0:.*]] = net.product_pool %[[Q1]] groups 2
// CHECK-NEXT: %[[C0:.*]] = net.shift_pool %[[C1]] patch [2]
// CHECK-NEXT: %[[B:.*]] = net.scale %[[H0]] dense<[1.{{.*}}, 2.5{{.*}}]> : tensor<2xf64>
// CHECK-NEXT: %[[ROOT:.*]] = net.proportion %[[B]]
// CHECK-NEXT: %[[PRIOR:.*]] = net.weight_constant dense<[1.{{.*}}, 2.5{{.*}}]> : tensor<2xf64> like %[[H0]]
// CHECK-NEXT: %[[COPIES:.*]] = net.upsample %[[PRIOR]] groups 2
// CHECK-NEXT: %[[SIBLINGS:.*]] = net.sibling_product %[[Q1]] groups 2
// CHECK-NEXT: %[[W:.*]] = net.multiply %[[COPIES]], %[[SIBLINGS]]
// CHECK-NEXT: %[[P:.*]] = net.conv_transpose %[[W]] patch [2]
// CHECK-NEXT: %[[BELIEF:.*]] = net.multiply %[[P]], %[[H1]]
// CHECK-NEXT: %[[MIDDLE:.*]] = net.proportion %[[BELIEF]]
// CHECK-NEXT: %[[COPIES2:.*]] = net.upsample %[[P]] groups 3
// CHECK-NEXT: %[[SIBLINGS2:.*]] = net.sibling_product %[[Q]] groups 3
// CHECK-NEXT: %[[W2:.*]] = net.multiply %[[COPIES2]], %[[SIBLINGS2]]
// CHECK-NEXT: %[[P2:.*]] = net.conv_transpose %[[W2]] patch [3]
// CHECK-NEXT: %[[BELIEF2:.*]] = net.multiply %[[P2]], %[[H]]
// CHECK-NEXT: %[[LEAVES:.*]] = net.proportion %[[BELIEF2]]
// CHECK-NEXT: %[[LOGLIK:.*]] = net.weight_evidence %[[B]], %[[C0]] minus 2.500000e-01
// CHECK-NEXT: return %[[ROOT]], %[[MIDDLE]], %[[LEAVES]], %[[LOGLIK]]
func.func @unet(%z: tensor<?x1x6xf32>, %lambda: f64, %sigma: f64)
    -> (tensor<?x2x1xf32>, tensor<?x2x2xf32>, tensor<?x2x6xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>, array<i64: 3>]} {
  %h2, %c2 = net.gaussian_stem %z, %lambda, %sigma dense<[[-1.0], [1.0]]> : tensor<2x1xf64>
    : tensor<?x1x6xf32> -> tensor<?x2x6xf32>, tensor<?x6xf64>
  %e2 = net.exp %h2 : tensor<?x2x6xf32>
  %k2 = net.conv %e2 patch [3] weights dense<0.5> : tensor<3x2x2xf64> : tensor<?x2x6xf32> -> tensor<?x6x2xf32>
  %q2 = net.log %k2 : tensor<?x6x2xf32>
  %s2 = net.sum_pool %q2 groups 3 : tensor<?x6x2xf32> -> tensor<?x2x2xf32>
  %h1, %d1 = net.norm %s2 : tensor<?x2x2xf32>, tensor<?x2xf64>
  %c1 = net.shift_pool %c2, %d1 patch [3] : tensor<?x6xf64> -> tensor<?x2xf64>
  %e1 = net.exp %h1 : tensor<?x2x2xf32>
  %k1 = net.conv %e1 patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q1 = net.log %k1 : tensor<?x4x1xf32>
  %s1 = net.sum_pool %q1 groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s1 : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<[1.0, 0.25]> : tensor<2xf64> : tensor<?x2x1xf32>
  %root = net.softmax %b : tensor<?x2x1xf32>
  %b0 = net.norm %b : tensor<?x2x1xf32>
  %u1 = net.upsample %b0 groups 2 : tensor<?x2x1xf32> -> tensor<?x4x1xf32>
  %w1 = net.subtract %u1, %q1 : tensor<?x4x1xf32>
  %x1 = net.exp %w1 : tensor<?x4x1xf32>
  %t1 = net.conv_transpose %x1 patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x4x1xf32> -> tensor<?x2x2xf32>
  %l1 = net.log %t1 : tensor<?x2x2xf32>
  %p1 = net.norm %l1 : tensor<?x2x2xf32>
  %m1 = net.add %p1, %h1 : tensor<?x2x2xf32>
  %b1 = net.norm %m1 : tensor<?x2x2xf32>
  %middle = net.softmax %b1 : tensor<?x2x2xf32>
  %u2 = net.upsample %b1 groups 3 : tensor<?x2x2xf32> -> tensor<?x6x2xf32>
  %w2 = net.subtract %u2, %q2 : tensor<?x6x2xf32>
  %x2 = net.exp %w2 : tensor<?x6x2xf32>
  %t2 = net.conv_transpose %x2 patch [3] weights dense<0.5> : tensor<3x2x2xf64> : tensor<?x6x2xf32> -> tensor<?x2x6xf32>
  %l2 = net.log %t2 : tensor<?x2x6xf32>
  %p2 = net.norm %l2 : tensor<?x2x6xf32>
  %m2 = net.add %p2, %h2 : tensor<?x2x6xf32>
  %b2 = net.norm %m2 : tensor<?x2x6xf32>
  %leaves = net.softmax %b2 : tensor<?x2x6xf32>
  %l = net.evidence %b, %c0 minus 0.25 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %root, %middle, %leaves, %l : tensor<?x2x1xf32>, tensor<?x2x2xf32>, tensor<?x2x6xf32>, tensor<?xf64>
}

// -----

// Symbols: the convolution of one-hot features is a look-up. Nothing is ever taken away, so there is no shift.
// CHECK-LABEL: @symbols
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xi32>
// CHECK-NEXT: %[[Q:.*]] = net.look_up %[[X]] patch [2] weights dense<5.000000e-01> : tensor<2x2x3xf64> : tensor<?x4xi32> -> tensor<?x4x2xf32>
// CHECK-NEXT: %[[H1:.*]] = net.product_pool %[[Q]] groups 2
// CHECK-NEXT: %[[Q1:.*]] = net.conv %[[H1]] patch [2]
// CHECK-NEXT: %[[H0:.*]] = net.product_pool %[[Q1]] groups 2
// CHECK-NEXT: %[[B:.*]] = net.scale %[[H0]] dense<5.000000e-01>
// CHECK-NEXT: %[[P:.*]] = net.proportion %[[B]]
// CHECK-NEXT: %[[L:.*]] = net.weight_evidence %[[B]] minus 0.000000e+00 : tensor<?x2x1xf32> -> tensor<?xf64>
// CHECK-NEXT: return %[[P]], %[[L]]
func.func @symbols(%x: tensor<?x4xi32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>, array<i64: 2>]} {
  %h2 = net.symbol_stem %x : tensor<?x4xi32> -> tensor<?x3x4xf32>
  %e2 = net.exp %h2 : tensor<?x3x4xf32>
  %k2 = net.conv %e2 patch [2] weights dense<0.5> : tensor<2x2x3xf64> : tensor<?x3x4xf32> -> tensor<?x4x2xf32>
  %q2 = net.log %k2 : tensor<?x4x2xf32>
  %s2 = net.sum_pool %q2 groups 2 : tensor<?x4x2xf32> -> tensor<?x2x2xf32>
  %h1, %c1 = net.norm %s2 : tensor<?x2x2xf32>, tensor<?x2xf64>
  %e1 = net.exp %h1 : tensor<?x2x2xf32>
  %k1 = net.conv %e1 patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q1 = net.log %k1 : tensor<?x4x1xf32>
  %s1 = net.sum_pool %q1 groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s1 : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// -----

// Weights of 1e-13: the product of two messages of products of two of them could leave f32, so the lower norm layer is
// a rescaling, and what it took is where the shift starts.
// CHECK-LABEL: @rescaled
// CHECK: net.look_up
// CHECK-NEXT: %[[S:.*]] = net.product_pool %{{.*}} groups 2
// CHECK-NEXT: %[[H1:.*]], %[[C1:.*]] = net.rescale %[[S]] : tensor<?x2x2xf32>, tensor<?x2xf64>
// CHECK-NEXT: %[[Q1:.*]] = net.conv %[[H1]] patch [2]
// CHECK-NEXT: %[[H0:.*]] = net.product_pool %[[Q1]] groups 2
// CHECK-NEXT: %[[C0:.*]] = net.shift_pool %[[C1]] patch [2]
// CHECK-NEXT: %[[B:.*]] = net.scale %[[H0]]
// CHECK: net.weight_evidence %[[B]], %[[C0]] minus 0.000000e+00
func.func @rescaled(%x: tensor<?x4xi32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>, array<i64: 2>]} {
  %h2 = net.symbol_stem %x : tensor<?x4xi32> -> tensor<?x3x4xf32>
  %e2 = net.exp %h2 : tensor<?x3x4xf32>
  %k2 = net.conv %e2 patch [2] weights dense<1.0e-13> : tensor<2x2x3xf64> : tensor<?x3x4xf32> -> tensor<?x4x2xf32>
  %q2 = net.log %k2 : tensor<?x4x2xf32>
  %s2 = net.sum_pool %q2 groups 2 : tensor<?x4x2xf32> -> tensor<?x2x2xf32>
  %h1, %c1 = net.norm %s2 : tensor<?x2x2xf32>, tensor<?x2xf64>
  %e1 = net.exp %h1 : tensor<?x2x2xf32>
  %k1 = net.conv %e1 patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q1 = net.log %k1 : tensor<?x4x1xf32>
  %s1 = net.sum_pool %q1 groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s1 : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// -----

// Soft evidence is rescaled, in the features' type, and enters as it is.
// CHECK-LABEL: @soft
// CHECK-SAME: (%[[X:.*]]: tensor<?x2x2xf32>
// CHECK-NEXT: %[[WIDE:.*]] = net.cast %[[X]] : tensor<?x2x2xf32> -> tensor<?x2x2xf64>
// CHECK-NEXT: %[[H:.*]], %[[C:.*]] = net.rescale %[[WIDE]] : tensor<?x2x2xf64>, tensor<?x2xf64>
// CHECK-NEXT: net.conv %[[H]] patch [2]
// CHECK: net.shift_pool %[[C]] patch [2]
func.func @soft(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf64>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf64>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf64>
  %k = net.conv %e patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf64> -> tensor<?x4x1xf64>
  %q = net.log %k : tensor<?x4x1xf64>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf64> -> tensor<?x2x1xf64>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf64>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf64>
  %p = net.softmax %b : tensor<?x2x1xf64>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf64>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf64>, tensor<?xf64>
}

// -----

// Zeros under exact symbols: log-sum-exp layers are convolutions, and sums of siblings are products without division.
// CHECK-LABEL: @siblings
// CHECK-SAME: (%[[X:.*]]: tensor<?x2xi32>
// CHECK-DAG: %[[H:.*]] = net.one_hot %[[X]] : tensor<?x2xi32> -> tensor<?x2x2xf64>
// CHECK-DAG: %[[Q:.*]] = net.look_up %[[X]] patch [2]
// CHECK: %[[PRIOR:.*]] = net.weight_constant dense<5.000000e-01>
// CHECK: %[[COPIES:.*]] = net.upsample %[[PRIOR]] groups 2
// CHECK: %[[SIBLINGS:.*]] = net.sibling_product %[[Q]] groups 2
// CHECK: %[[W:.*]] = net.multiply %[[COPIES]], %[[SIBLINGS]]
// CHECK: %[[P:.*]] = net.conv_transpose %[[W]] patch [2]
// CHECK: %[[BELIEF:.*]] = net.multiply %[[P]], %[[H]]
// CHECK: net.proportion %[[BELIEF]]
func.func @siblings(%x: tensor<?x2xi32>, %lambda: f64, %sigma: f64)
    -> (tensor<?x2x1xf64>, tensor<?x2x2xf64>, tensor<?xf64>) attributes {net.branching = [array<i64: 2>]} {
  %h = net.symbol_stem %x : tensor<?x2xi32> -> tensor<?x2x2xf64>
  %q = net.logsumexp_conv %h patch [2] weights dense<[[[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [0.5, 0.5]]]> : tensor<2x2x2xf64>
    : tensor<?x2x2xf64> -> tensor<?x4x1xf64>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf64> -> tensor<?x2x1xf64>
  %h0, %c0 = net.norm %s : tensor<?x2x1xf64>, tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf64>
  %root = net.softmax %b : tensor<?x2x1xf64>
  %prior = net.constant log dense<0.5> : tensor<2xf64> like %b : tensor<?x2x1xf64> -> tensor<?x2x1xf64>
  %u = net.upsample %prior groups 2 : tensor<?x2x1xf64> -> tensor<?x4x1xf64>
  %o = net.sibling_sum %q groups 2 : tensor<?x4x1xf64> -> tensor<?x4x1xf64>
  %w = net.add %u, %o : tensor<?x4x1xf64>
  %t = net.logsumexp_conv_transpose %w patch [2] weights dense<[[[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [0.5, 0.5]]]> : tensor<2x2x2xf64>
    : tensor<?x4x1xf64> -> tensor<?x2x2xf64>
  %n = net.norm %t : tensor<?x2x2xf64>
  %m = net.add %n, %h : tensor<?x2x2xf64>
  %leaves = net.softmax %m : tensor<?x2x2xf64>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf64>, tensor<?x1xf64> -> tensor<?xf64>
  return %root, %leaves, %l : tensor<?x2x1xf64>, tensor<?x2x2xf64>, tensor<?xf64>
}
