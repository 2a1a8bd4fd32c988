// Messages become tensors `ranks x states x batch`; every op knows its depth in the tree.
// RUN: espalier-opt %s -convert-bp-to-linalg | FileCheck %s

// CHECK-DAG: #[[KERNEL:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d1, d2, d3)>
// CHECK-DAG: #[[CHILD:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d3, d4)>
// CHECK-DAG: #[[PARENT:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
// CHECK-DAG: #[[OWN:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>

// One contraction per level: kernels by rank ignore the path but for its end. A product over children reduces the last
// rank axis, one level up.
// CHECK-LABEL: @up
// CHECK-SAME: (%[[W:arg[0-9]]]: tensor<2x3x5x?xf32>
// CHECK: %[[K:.*]] = arith.constant dense<5.000000e-01> : tensor<3x4x5xf32>
// CHECK: %[[Q:.*]] = linalg.generic {indexing_maps = [#[[KERNEL]], #[[CHILD]], #[[PARENT]]],
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction", "parallel"]}
// CHECK-SAME: ins(%[[K]], %[[W]] : tensor<3x4x5xf32>, tensor<2x3x5x?xf32>)
// CHECK-SAME: {depth = 2 : i64}
// CHECK: math.fma
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "parallel", "parallel"]}
// CHECK-SAME: ins(%[[Q]] : tensor<2x3x4x?xf32>)
// CHECK-SAME: {depth = 1 : i64, over_ranks}
// CHECK: arith.mulf
// CHECK-NOT: math.fma
// CHECK: -> tensor<2x4x?xf32>
// CHECK-NOT: bp.
func.func @up(%w: tensor<2x3x5x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<4x?xf32>, tensor<?xf64>) {
  %h = bp.observe_soft %w : tensor<2x3x5x?xf32> -> !bp.message<[2, 3], 5, linear, f32>
  %q = bp.up %h dense<0.5> : tensor<3x4x5xf64> : !bp.message<[2, 3], 5, linear, f32> -> !bp.message<[2, 3], 4, linear, f32>
  %u = bp.combine %q : !bp.message<[2, 3], 4, linear, f32> -> !bp.message<[2], 4, linear, f32>
  %r = bp.combine %u : !bp.message<[2], 4, linear, f32> -> !bp.message<[], 4, linear, f32>
  %p = bp.posterior %r : !bp.message<[], 4, linear, f32> -> tensor<4x?xf32>
  %c = bp.zero_shift : !bp.shift<[]>
  %l = bp.loglik %r, %c minus 0.0 : !bp.message<[], 4, linear, f32>, !bp.shift<[]> -> tensor<?xf64>
  return %p, %l : tensor<4x?xf32>, tensor<?xf64>
}

// Kernels by edge follow the whole path.
// CHECK-LABEL: @up_by_edge
// CHECK: %[[K:.*]] = arith.constant dense<5.000000e-01> : tensor<2x3x4x5xf32>
// CHECK: linalg.generic {indexing_maps = [#[[OWN]], #[[CHILD]], #[[PARENT]]]
// CHECK-SAME: ins(%[[K]],
func.func @up_by_edge(%w: tensor<2x3x5x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<4x?xf32>, tensor<?xf64>) {
  %h = bp.observe_soft %w : tensor<2x3x5x?xf32> -> !bp.message<[2, 3], 5, linear, f32>
  %q = bp.up %h dense<0.5> : tensor<6x4x5xf64> : !bp.message<[2, 3], 5, linear, f32> -> !bp.message<[2, 3], 4, linear, f32>
  %u = bp.combine %q : !bp.message<[2, 3], 4, linear, f32> -> !bp.message<[2], 4, linear, f32>
  %r = bp.combine %u : !bp.message<[2], 4, linear, f32> -> !bp.message<[], 4, linear, f32>
  %p = bp.posterior %r : !bp.message<[], 4, linear, f32> -> tensor<4x?xf32>
  %c = bp.zero_shift : !bp.shift<[]>
  %l = bp.loglik %r, %c minus 0.0 : !bp.message<[], 4, linear, f32>, !bp.shift<[]> -> tensor<?xf64>
  return %p, %l : tensor<4x?xf32>, tensor<?xf64>
}

// A leave-one-out product skips the child itself; nothing is divided but by the posterior's own sum.
// CHECK-LABEL: @others
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
// CHECK-SAME: {depth = 1 : i64, leave_one_out}
// CHECK-DAG: %[[MINE:.*]] = linalg.index 0 : index
// CHECK-DAG: %[[THEIRS:.*]] = linalg.index 2 : index
// CHECK-NOT: arith.divf
// CHECK: arith.select
// CHECK-NOT: arith.divf
// CHECK: arith.divf
// CHECK-NOT: arith.divf
// CHECK: return
func.func @others(%q: tensor<3x4x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<3x4x?xf32>, tensor<?xf64>) {
  %siblings = bp.observe_soft %q : tensor<3x4x?xf32> -> !bp.message<[3], 4, linear, f32>
  %r = bp.combine %siblings : !bp.message<[3], 4, linear, f32> -> !bp.message<[], 4, linear, f32>
  %above = bp.prior dense<0.25> : tensor<4xf64> -> !bp.message<[], 4, linear, f32>
  %w = bp.others %siblings, %above : !bp.message<[3], 4, linear, f32>, !bp.message<[], 4, linear, f32>
  %p = bp.posterior %w : !bp.message<[3], 4, linear, f32> -> tensor<3x4x?xf32>
  %c = bp.zero_shift : !bp.shift<[]>
  %l = bp.loglik %r, %c minus 0.0 : !bp.message<[], 4, linear, f32>, !bp.shift<[]> -> tensor<?xf64>
  return %p, %l : tensor<3x4x?xf32>, tensor<?xf64>
}

// In the log domain a rowwise product is a log-sum-exp about a maximum of its own: one exp per entry of the kernel. The
// maximum, made a whole number by a sum that rounds, and the log of the sum stay apart.
// CHECK-LABEL: @rowwise
// CHECK: %[[LARGEST:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
// CHECK-SAME: tensor<2x4x5xf64>
// CHECK: %[[MAX:.*]] = linalg.generic {{.*}} ins(%[[LARGEST]] :
// CHECK: %[[LARGE:.*]] = arith.constant 0x4338000000000000 : f64
// CHECK: arith.addf %{{.*}}, %[[LARGE]]
// CHECK: arith.subf %{{.*}}, %[[LARGE]]
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction", "parallel"]}
// CHECK-SAME: %[[MAX]]
// CHECK: math.exp
// CHECK: linalg.generic {{.*}} ins(%[[SUM]] :
// CHECK: math.log
// CHECK: linalg.generic {{.*}} ins(%[[MAX]] :
func.func @rowwise(%w: tensor<2x5x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<4x?xf32>, tensor<?xf64>) {
  %h = bp.observe_soft %w : tensor<2x5x?xf32> -> !bp.message<[2], 5, log, f64>
  %q = bp.up %h rowwise dense<0.0> : tensor<2x4x5xf64> : !bp.message<[2], 5, log, f64> -> !bp.message<[2], 4, log, f64>
  %r = bp.combine %q : !bp.message<[2], 4, log, f64> -> !bp.message<[], 4, log, f64>
  %p = bp.posterior %r : !bp.message<[], 4, log, f64> -> tensor<4x?xf32>
  %c = bp.zero_shift : !bp.shift<[]>
  %l = bp.loglik %r, %c minus 0.0 : !bp.message<[], 4, log, f64>, !bp.shift<[]> -> tensor<?xf64>
  return %p, %l : tensor<4x?xf32>, tensor<?xf64>
}

// Linear messages are normalized by a power of two, from the bits of the maximum: nothing is rounded.
// CHECK-LABEL: @normalize
// CHECK: arith.bitcast {{.*}} : f32 to i32
// CHECK-NOT: {{math.log|arith.divf}}
// CHECK: arith.bitcast {{.*}} : i32 to f32
// CHECK-NOT: {{math.log|arith.divf}}
// CHECK: arith.mulf
func.func @normalize(%w: tensor<2x5x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<5x?xf32>, tensor<?xf64>) {
  %h = bp.observe_soft %w : tensor<2x5x?xf32> -> !bp.message<[2], 5, linear, f32>
  %n = bp.normalize %h : !bp.message<[2], 5, linear, f32>
  %r = bp.combine %n : !bp.message<[2], 5, linear, f32> -> !bp.message<[], 5, linear, f32>
  %p = bp.posterior %r : !bp.message<[], 5, linear, f32> -> tensor<5x?xf32>
  %c = bp.zero_shift : !bp.shift<[]>
  %l = bp.loglik %r, %c minus 0.0 : !bp.message<[], 5, linear, f32>, !bp.shift<[]> -> tensor<?xf64>
  return %p, %l : tensor<5x?xf32>, tensor<?xf64>
}

// Exact symbols: a table is read at an index that is data; no product.
// CHECK-LABEL: @look_up
// CHECK: linalg.generic
// CHECK: arith.index_cast {{.*}} : i32 to index
// CHECK: tensor.extract
// CHECK-NOT: math.fma
func.func @look_up(%x: tensor<2x?xi32>, %lambda: f64, %sigma: f64) -> (tensor<3x?xf32>, tensor<?xf64>) {
  %q = bp.look_up %x dense<0.5> : tensor<2x3x4xf64> : tensor<2x?xi32> -> !bp.message<[2], 3, linear, f32>
  %r = bp.combine %q : !bp.message<[2], 3, linear, f32> -> !bp.message<[], 3, linear, f32>
  %p = bp.posterior %r : !bp.message<[], 3, linear, f32> -> tensor<3x?xf32>
  %c = bp.zero_shift : !bp.shift<[]>
  %l = bp.loglik %r, %c minus 0.0 : !bp.message<[], 3, linear, f32>, !bp.shift<[]> -> tensor<?xf64>
  return %p, %l : tensor<3x?xf32>, tensor<?xf64>
}
