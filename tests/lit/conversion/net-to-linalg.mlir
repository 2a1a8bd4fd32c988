// Feature maps become tensors `ranks x channels x batch`: a strided convolution is one contraction per level, pooling and
// up-sampling move between levels.
// RUN: espalier-opt %s -convert-net-to-linalg | FileCheck %s

// CHECK-DAG: #[[KERNEL:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d1, d2, d3)>
// CHECK-DAG: #[[FINE:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
// CHECK-DAG: #[[GROUPED:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>

// Six positions are 2 x 3 ranks; a channel group per tap is the rank axis of the level below.
// CHECK-LABEL: @encoder
// CHECK-SAME: (%[[W:arg[0-9]]]: tensor<2x3x5x?xf32>, %{{.*}}: f64, %{{.*}}: f64) -> (tensor<4x?xf32>, tensor<?xf64>)
// CHECK: linalg.generic {indexing_maps = [#[[KERNEL]], #[[FINE]], #[[GROUPED]]],
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction", "parallel"]}
// CHECK-SAME: tensor<3x4x5xf32>
// CHECK-SAME: {depth = 2 : i64}
// CHECK: math.fma
// CHECK: %[[Q:.*]] = linalg.generic {{.*}} {depth = 2 : i64}
// CHECK: math.log
// CHECK: linalg.generic {{.*}} ins(%[[Q]] : tensor<2x3x4x?xf32>) outs(%{{.*}} : tensor<2x4x?xf32>)
// CHECK-SAME: {depth = 1 : i64, over_ranks}
// CHECK: arith.addf
// CHECK: return
// CHECK-NOT: net.
func.func @encoder(%w: tensor<?x5x6xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x4x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>, array<i64: 3>]} {
  %h, %c2 = net.soft_stem %w : tensor<?x5x6xf32> -> tensor<?x5x6xf32>, tensor<?x6xf64>
  %e = net.exp %h : tensor<?x5x6xf32>
  %k = net.conv %e patch [3] weights dense<0.5> : tensor<3x4x5xf64> : tensor<?x5x6xf32> -> tensor<?x12x2xf32>
  %q = net.log %k : tensor<?x12x2xf32>
  %u = net.sum_pool %q groups 3 : tensor<?x12x2xf32> -> tensor<?x4x2xf32>
  %v, %d1 = net.norm %u : tensor<?x4x2xf32>, tensor<?x2xf64>
  %c1 = net.shift_pool %c2, %d1 patch [3] : tensor<?x6xf64> -> tensor<?x2xf64>
  %m = net.logsumexp_conv %v patch [2] weights dense<0.5> : tensor<2x4x4xf64> : tensor<?x4x2xf32> -> tensor<?x8x1xf32>
  %r = net.sum_pool %m groups 2 : tensor<?x8x1xf32> -> tensor<?x4x1xf32>
  %b, %d0 = net.norm %r : tensor<?x4x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %p = net.softmax %b : tensor<?x4x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x4x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x4x1xf32>, tensor<?xf64>
}

// Image patches are ranks too, row-major: a 2x2 patch is one rank axis of extent 4. Double precision inside single
// precision arrays is a conversion at the stem and at the head.
// CHECK-LABEL: @image
// CHECK-SAME: (%{{.*}}: tensor<4x5x?xf32>, %{{.*}}: f64, %{{.*}}: f64) -> (tensor<3x?xf32>, tensor<4x5x?xf32>, tensor<?xf64>)
// CHECK: arith.extf {{.*}} : f32 to f64
// CHECK: tensor<4x3x?xf64>
// The siblings' sum leaves out the child itself.
// CHECK-DAG: %[[OWN:.*]] = linalg.index 0 : index
// CHECK-DAG: %[[SIBLING:.*]] = linalg.index 2 : index
// CHECK: arith.cmpi eq, %[[OWN]], %[[SIBLING]]
// CHECK: arith.truncf {{.*}} : f64 to f32
func.func @image(%w: tensor<?x5x2x2xf32>, %lambda: f64, %sigma: f64)
    -> (tensor<?x3x1x1xf32>, tensor<?x5x2x2xf32>, tensor<?xf64>) attributes {net.branching = [array<i64: 2, 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x5x2x2xf32> -> tensor<?x5x2x2xf64>, tensor<?x2x2xf64>
  %q = net.logsumexp_conv %h patch [2, 2] weights dense<0.5> : tensor<4x3x5xf64>
    : tensor<?x5x2x2xf64> -> tensor<?x12x1x1xf64>
  %u = net.sum_pool %q groups 4 : tensor<?x12x1x1xf64> -> tensor<?x3x1x1xf64>
  %b, %d0 = net.norm %u : tensor<?x3x1x1xf64>, tensor<?x1x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2, 2] : tensor<?x2x2xf64> -> tensor<?x1x1xf64>
  %p = net.softmax %b : tensor<?x3x1x1xf64>
  %p32 = net.cast %p : tensor<?x3x1x1xf64> -> tensor<?x3x1x1xf32>
  %prior = net.constant log dense<1.0> : tensor<3xf64> like %b : tensor<?x3x1x1xf64> -> tensor<?x3x1x1xf64>
  %copies = net.upsample %prior groups 4 : tensor<?x3x1x1xf64> -> tensor<?x12x1x1xf64>
  %siblings = net.sibling_sum %q groups 4 : tensor<?x12x1x1xf64> -> tensor<?x12x1x1xf64>
  %a = net.add %copies, %siblings : tensor<?x12x1x1xf64>
  %t = net.logsumexp_conv_transpose %a patch [2, 2] weights dense<0.5> : tensor<4x3x5xf64>
    : tensor<?x12x1x1xf64> -> tensor<?x5x2x2xf64>
  %s = net.add %t, %h : tensor<?x5x2x2xf64>
  %o = net.softmax %s : tensor<?x5x2x2xf64>
  %o32 = net.cast %o : tensor<?x5x2x2xf64> -> tensor<?x5x2x2xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x3x1x1xf64>, tensor<?x1x1xf64> -> tensor<?xf64>
  return %p32, %o32, %l : tensor<?x3x1x1xf32>, tensor<?x5x2x2xf32>, tensor<?xf64>
}

// Layers on weights are products and sums: no exp anywhere, and log only in the log-likelihood. A look-up reads a table of
// rows with their sums last, copies of what a parent heard are read where the parent has them, and rescaling works
// on the bits of the exponent.
// CHECK-LABEL: @weights
// CHECK-SAME: (%{{.*}}: tensor<2x3x?xi32>, %{{.*}}: f64, %{{.*}}: f64) -> (tensor<4x?xf32>, tensor<2x5x?xf32>, tensor<?xf64>)
// CHECK-NOT: math.exp
// CHECK: %[[TABLE:.*]] = arith.constant dense<{{.*}}> : tensor<3x5x6xf32>
// CHECK: tensor.extract %[[TABLE]]
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<2x5x?xf32>) {{.*}} {depth = 1 : i64, over_ranks}
// CHECK: arith.mulf
// CHECK: arith.bitcast
// CHECK: %[[SIBLINGS:.*]] = linalg.generic {{.*}} ins(%{{[0-9]+}} : tensor<2x4x?xf32>) outs(%{{.*}} : tensor<2x4x?xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[SIBLINGS]] : tensor<4x?xf32>, tensor<2x4x?xf32>) {{.*}} {depth = 1 : i64}
// CHECK: arith.mulf
// CHECK: math.log {{.*}} : f64
// CHECK-NOT: math.log
// CHECK: return
func.func @weights(%x: tensor<?x6xi32>, %lambda: f64, %sigma: f64)
    -> (tensor<?x4x1xf32>, tensor<?x5x2xf32>, tensor<?xf64>) attributes {net.branching = [array<i64: 2>, array<i64: 3>]} {
  %q2 = net.look_up %x patch [3] weights dense<0.5> : tensor<3x5x5xf64> : tensor<?x6xi32> -> tensor<?x15x2xf32>
  %s1 = net.product_pool %q2 groups 3 : tensor<?x15x2xf32> -> tensor<?x5x2xf32>
  %h1, %c1 = net.rescale %s1 : tensor<?x5x2xf32>, tensor<?x2xf64>
  %q1 = net.conv %h1 patch [2] weights dense<0.5> : tensor<2x4x5xf64> : tensor<?x5x2xf32> -> tensor<?x8x1xf32>
  %h0 = net.product_pool %q1 groups 2 : tensor<?x8x1xf32> -> tensor<?x4x1xf32>
  %c0 = net.shift_pool %c1 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.scale %h0 dense<0.5> : tensor<4xf64> : tensor<?x4x1xf32>
  %p = net.proportion %b : tensor<?x4x1xf32>
  %prior = net.weight_constant dense<0.5> : tensor<4xf64> like %b : tensor<?x4x1xf32> -> tensor<?x4x1xf32>
  %u = net.upsample %prior groups 2 : tensor<?x4x1xf32> -> tensor<?x8x1xf32>
  %o = net.sibling_product %q1 groups 2 : tensor<?x8x1xf32> -> tensor<?x8x1xf32>
  %w = net.multiply %u, %o : tensor<?x8x1xf32>
  %t = net.conv_transpose %w patch [2] weights dense<0.5> : tensor<2x4x5xf64> : tensor<?x8x1xf32> -> tensor<?x5x2xf32>
  %m = net.multiply %t, %h1 : tensor<?x5x2xf32>
  %r = net.proportion %m : tensor<?x5x2xf32>
  %l = net.weight_evidence %b, %c0 minus 0.0 : tensor<?x4x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %r, %l : tensor<?x4x1xf32>, tensor<?x5x2xf32>, tensor<?xf64>
}
