// Linalg on the index space becomes a depth-first walk over one tile, here of 8 samples.
// RUN: espalier-opt %s -espalier-schedule=tile=8 -canonicalize -cse -split-input-file | FileCheck %s

#kernel = affine_map<(i, j, t, f, b) -> (j, t, f)>
#message = affine_map<(i, j, t, f, b) -> (i, j, f, b)>
#result = affine_map<(i, j, t, f, b) -> (i, j, t, b)>
#leaves = affine_map<(i, j, s, b) -> (i, j, s, b)>
#middle = affine_map<(i, j, s, b) -> (i, s, b)>
#child = affine_map<(j, s, b) -> (j, s, b)>
#root = affine_map<(j, s, b) -> (s, b)>
#state = affine_map<(s, b) -> (s, b)>
#batch = affine_map<(s, b) -> (b)>

// The signature of runtime/ABI.h: evidence, lambda, sigma, the selected answer, its array, the log-likelihood, workspace.
// CHECK-LABEL: func.func @bp_up_soft
// CHECK-SAME: (%[[W:arg[0-9]]]: memref<2x3x5x8xf32> {{[^%]*}} %{{[^:]*}}: f64, %{{[^:]*}}: f64, %{{[^:]*}}: i64,
// CHECK-SAME: %[[OUT:arg[0-9]]]: memref<128xi8> {{[^%]*}} %[[LOGLIK:arg[0-9]]]: memref<8xf64> {{[^%]*}}
// CHECK-SAME: %[[SPACE:arg[0-9]]]: memref<{{[0-9]+}}xi8> {espalier.workspace{{.*}}})
// CHECK-SAME: espalier.kernel = {dtype = f32, evidence = f32, tile = 8 : i64, workspace = {{[0-9]+}} : i64}

// One buffer of a node's size per value, in the workspace, or of its siblings' size where these are gathered together; no
// level of more nodes is ever whole in memory.
// CHECK-NOT: memref<2x3x4x8xf32>
// CHECK-DAG: memref.view %[[OUT]]{{.*}} to memref<4x8xf32>
// CHECK-DAG: %[[NODES:.*]] = memref.view %[[SPACE]]{{.*}} to memref<2x4x8xf32>
// CHECK-NOT: memref<2x3x4x8xf32>

// Up to four children are gathered together, without a loop: each child's message joins the product right behind the op
// that computes it.
// CHECK: scf.for %[[I:[^ ]+]] = %c0 to %c2 step %c1 {
// CHECK-NOT: scf.for
// CHECK: memref.subview %[[W]][%[[I]], 0, 0, 0] [1, 1, 5, 8]
// CHECK: linalg.generic {{.*}} outs(%[[FIRST:[^ ]+]] : memref<4x8xf32>)
// CHECK: math.fma
// CHECK: linalg.generic {{.*}} ins(%[[FIRST]] : memref<4x8xf32>) outs(%[[ONE:[^ ]+]] : memref<4x8xf32>)
// CHECK: memref.subview %[[W]][%[[I]], 1, 0, 0] [1, 1, 5, 8]
// CHECK: linalg.generic {{.*}} outs(%[[SECOND:[^ ]+]] : memref<4x8xf32>)
// CHECK: math.fma
// CHECK: linalg.generic {{.*}} ins(%[[SECOND]], %[[ONE]] : {{.*}}) outs(%[[TWO:[^ ]+]] : memref<4x8xf32>)
// CHECK: arith.mulf
// CHECK: memref.subview %[[W]][%[[I]], 2, 0, 0] [1, 1, 5, 8]
// CHECK: linalg.generic {{.*}} outs(%[[THIRD:[^ ]+]] : memref<4x8xf32>)
// CHECK: math.fma
// CHECK: %[[NODE:.*]] = memref.subview %[[NODES]][%[[I]], 0, 0]
// CHECK: linalg.generic {{.*}} ins(%[[THIRD]], %[[TWO]] : {{.*}}) outs(%[[NODE]] : {{.*}})
// CHECK: arith.mulf
// CHECK: }
// CHECK: memref.subview %[[NODES]][0, 0, 0]
// CHECK: memref.subview %[[NODES]][1, 0, 0]
// CHECK: linalg.generic {{.*}} outs(%[[LOGLIK]] : memref<8xf64>)
// CHECK: return
func.func @bp_up_soft(%w: tensor<2x3x5x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<4x?xf32>, tensor<?xf64>) {
  %c3 = arith.constant 3 : index
  %n = tensor.dim %w, %c3 : tensor<2x3x5x?xf32>
  %k = arith.constant dense<0.5> : tensor<3x4x5xf32>
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %e0 = tensor.empty(%n) : tensor<2x3x4x?xf32>
  %i0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x3x4x?xf32>) -> tensor<2x3x4x?xf32>
  %q = linalg.generic {indexing_maps = [#kernel, #message, #result],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction", "parallel"]}
      ins(%k, %w : tensor<3x4x5xf32>, tensor<2x3x5x?xf32>) outs(%i0 : tensor<2x3x4x?xf32>) attrs = {depth = 2 : i64} {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = math.fma %x, %y, %z : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x4x?xf32>
  %e1 = tensor.empty(%n) : tensor<2x4x?xf32>
  %i1 = linalg.fill ins(%one : f32) outs(%e1 : tensor<2x4x?xf32>) -> tensor<2x4x?xf32>
  %u = linalg.generic {indexing_maps = [#leaves, #middle],
                       iterator_types = ["parallel", "reduction", "parallel", "parallel"]}
      ins(%q : tensor<2x3x4x?xf32>) outs(%i1 : tensor<2x4x?xf32>) attrs = {depth = 1 : i64, over_ranks} {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.mulf %x, %y : f32
    linalg.yield %0 : f32
  } -> tensor<2x4x?xf32>
  %e2 = tensor.empty(%n) : tensor<4x?xf32>
  %i2 = linalg.fill ins(%one : f32) outs(%e2 : tensor<4x?xf32>) -> tensor<4x?xf32>
  %r = linalg.generic {indexing_maps = [#child, #root], iterator_types = ["reduction", "parallel", "parallel"]}
      ins(%u : tensor<2x4x?xf32>) outs(%i2 : tensor<4x?xf32>) attrs = {depth = 0 : i64, over_ranks} {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.mulf %x, %y : f32
    linalg.yield %0 : f32
  } -> tensor<4x?xf32>
  %e3 = tensor.empty(%n) : tensor<4x?xf32>
  %p = linalg.generic {indexing_maps = [#state, #state], iterator_types = ["parallel", "parallel"]}
      ins(%r : tensor<4x?xf32>) outs(%e3 : tensor<4x?xf32>) attrs = {depth = 0 : i64} {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.addf %x, %x : f32
    linalg.yield %0 : f32
  } -> tensor<4x?xf32>
  %e4 = tensor.empty(%n) : tensor<?xf64>
  %zero64 = arith.constant 0.0 : f64
  %i4 = linalg.fill ins(%zero64 : f64) outs(%e4 : tensor<?xf64>) -> tensor<?xf64>
  %l = linalg.generic {indexing_maps = [#state, #batch], iterator_types = ["reduction", "parallel"]}
      ins(%r : tensor<4x?xf32>) outs(%i4 : tensor<?xf64>) attrs = {depth = 0 : i64} {
  ^bb0(%x: f32, %y: f64):
    %0 = arith.extf %x : f32 to f64
    %1 = arith.addf %0, %y : f64
    linalg.yield %1 : f64
  } -> tensor<?xf64>
  return %p, %l : tensor<4x?xf32>, tensor<?xf64>
}

// -----

#child = affine_map<(i, s, b) -> (i, s, b)>
#root = affine_map<(i, s, b) -> (s, b)>
#state = affine_map<(s, b) -> (s, b)>
#batch = affine_map<(s, b) -> (b)>

// What the walk down reads of the walk up is kept for the whole tile; answers are computed only where they are selected,
// and levels below the selected one are not visited.
// CHECK-LABEL: func.func @bp_updown_soft
// CHECK-SAME: %{{[^:]*}}: f64, %{{[^:]*}}: f64, %[[SELECT:arg[0-9]]]: i64,
// CHECK: %[[KEPT:.*]] = memref.view %{{.*}} to memref<2x4x8xf32>
// CHECK: scf.for
// CHECK: %[[IS_ROOT:.*]] = arith.cmpi eq, %[[SELECT]], %c0_i64
// CHECK: scf.if %[[IS_ROOT]] {
// CHECK: %[[IS_BELOW:.*]] = arith.cmpi sgt, %[[SELECT]], %c0_i64
// CHECK: scf.if %[[IS_BELOW]] {
// CHECK: scf.for %[[I:[^ ]+]] =
// CHECK: memref.subview %[[KEPT]][%[[I]], 0, 0] [1, 4, 8]
func.func @bp_updown_soft(%w: tensor<2x4x?xf32>, %lambda: f64, %sigma: f64)
    -> (tensor<4x?xf32>, tensor<2x4x?xf32>, tensor<?xf64>) {
  %c2 = arith.constant 2 : index
  %n = tensor.dim %w, %c2 : tensor<2x4x?xf32>
  %one = arith.constant 1.0 : f32
  %e0 = tensor.empty(%n) : tensor<2x4x?xf32>
  %q = linalg.generic {indexing_maps = [#child, #child], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%w : tensor<2x4x?xf32>) outs(%e0 : tensor<2x4x?xf32>) attrs = {depth = 1 : i64} {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.addf %x, %x : f32
    linalg.yield %0 : f32
  } -> tensor<2x4x?xf32>
  %e1 = tensor.empty(%n) : tensor<4x?xf32>
  %i1 = linalg.fill ins(%one : f32) outs(%e1 : tensor<4x?xf32>) -> tensor<4x?xf32>
  %r = linalg.generic {indexing_maps = [#child, #root], iterator_types = ["reduction", "parallel", "parallel"]}
      ins(%q : tensor<2x4x?xf32>) outs(%i1 : tensor<4x?xf32>) attrs = {depth = 0 : i64, over_ranks} {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.mulf %x, %y : f32
    linalg.yield %0 : f32
  } -> tensor<4x?xf32>
  %e2 = tensor.empty(%n) : tensor<4x?xf32>
  %p0 = linalg.generic {indexing_maps = [#state, #state], iterator_types = ["parallel", "parallel"]}
      ins(%r : tensor<4x?xf32>) outs(%e2 : tensor<4x?xf32>) attrs = {depth = 0 : i64} {
  ^bb0(%x: f32, %y: f32):
    %0 = arith.negf %x : f32
    linalg.yield %0 : f32
  } -> tensor<4x?xf32>
  %e3 = tensor.empty(%n) : tensor<2x4x?xf32>
  %p1 = linalg.generic {indexing_maps = [#child, #root, #child], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%q, %r : tensor<2x4x?xf32>, tensor<4x?xf32>) outs(%e3 : tensor<2x4x?xf32>) attrs = {depth = 1 : i64} {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = arith.subf %x, %y : f32
    linalg.yield %0 : f32
  } -> tensor<2x4x?xf32>
  %e4 = tensor.empty(%n) : tensor<?xf64>
  %zero64 = arith.constant 0.0 : f64
  %i4 = linalg.fill ins(%zero64 : f64) outs(%e4 : tensor<?xf64>) -> tensor<?xf64>
  %l = linalg.generic {indexing_maps = [#state, #batch], iterator_types = ["reduction", "parallel"]}
      ins(%r : tensor<4x?xf32>) outs(%i4 : tensor<?xf64>) attrs = {depth = 0 : i64} {
  ^bb0(%x: f32, %y: f64):
    %0 = arith.extf %x : f32 to f64
    %1 = arith.addf %0, %y : f64
    linalg.yield %1 : f64
  } -> tensor<?xf64>
  return %p0, %p1, %l : tensor<4x?xf32>, tensor<2x4x?xf32>, tensor<?xf64>
}
