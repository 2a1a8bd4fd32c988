// Reductions keep a block of accumulators in registers: here 2 states x 2 vectors of 4 samples.
// RUN: espalier-opt %s -pass-pipeline='builtin.module(func.func(espalier-vectorize{lanes=4 rows=2 columns=2},canonicalize,cse))' \
// RUN:   | FileCheck %s

#kernel = affine_map<(t, f, b) -> (t, f)>
#message = affine_map<(t, f, b) -> (f, b)>
#result = affine_map<(t, f, b) -> (t, b)>
#map = affine_map<(s, b) -> (s, b)>

// Loops over blocks of states and of samples; in them one loop over the reduction with four accumulators, which start
// from the fill's constant and reach memory once.
// CHECK-LABEL: @contraction
// CHECK-SAME: (%[[K:arg[0-9]]]: memref<4x6xf32>, %[[H:arg[0-9]]]: memref<6x16xf32>, %[[Q:arg[0-9]]]: memref<4x16xf32>)
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : vector<4xf32>
// CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-NOT: linalg
// CHECK: scf.for %{{.*}} step %[[C2]] {
// CHECK: scf.for %{{.*}} step %[[C8]] {
// CHECK: %[[SUMS:.*]]:4 = scf.for %[[F:.*]] = %{{.*}} iter_args(%[[A0:.*]] = %[[ZERO]], %[[A1:.*]] = %[[ZERO]], %[[A2:.*]] = %[[ZERO]], %[[A3:.*]] = %[[ZERO]])
// CHECK-DAG: math.fma %{{.*}}, %{{.*}}, %[[A0]] : vector<4xf32>
// CHECK-DAG: math.fma %{{.*}}, %{{.*}}, %[[A1]] : vector<4xf32>
// CHECK-DAG: math.fma %{{.*}}, %{{.*}}, %[[A2]] : vector<4xf32>
// CHECK-DAG: math.fma %{{.*}}, %{{.*}}, %[[A3]] : vector<4xf32>
// CHECK-NOT: vector.store
// CHECK: scf.yield
// CHECK-COUNT-4: vector.store %[[SUMS]]#{{[0-3]}}, %[[Q]]
// CHECK-NOT: vector.store
func.func @contraction(%k: memref<4x6xf32>, %h: memref<6x16xf32>, %q: memref<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%q : memref<4x16xf32>)
  linalg.generic {indexing_maps = [#kernel, #message, #result], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%k, %h : memref<4x6xf32>, memref<6x16xf32>) outs(%q : memref<4x16xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = math.fma %x, %y, %z : f32
    linalg.yield %0 : f32
  }
  return
}

// A number of states that is no multiple of the block ends with a smaller block.
// CHECK-LABEL: @remainder
// CHECK: :4 = scf.for
// CHECK: :2 = scf.for
// CHECK-COUNT-2: vector.store
// CHECK-NOT: vector.store
func.func @remainder(%k: memref<5x6xf32>, %h: memref<6x16xf32>, %q: memref<5x16xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%q : memref<5x16xf32>)
  linalg.generic {indexing_maps = [#kernel, #message, #result], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%k, %h : memref<5x6xf32>, memref<6x16xf32>) outs(%q : memref<5x16xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = math.fma %x, %y, %z : f32
    linalg.yield %0 : f32
  }
  return
}

// A reduction into what memory holds already starts from there.
// CHECK-LABEL: @accumulate
// CHECK-SAME: %[[Q:arg2]]: memref<1x4xf32>)
// CHECK: %[[START:.*]] = vector.load %[[Q]]
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[START]])
func.func @accumulate(%k: memref<1x6xf32>, %h: memref<6x4xf32>, %q: memref<1x4xf32>) {
  linalg.generic {indexing_maps = [#kernel, #message, #result], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%k, %h : memref<1x6xf32>, memref<6x4xf32>) outs(%q : memref<1x4xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = math.fma %x, %y, %z : f32
    linalg.yield %0 : f32
  }
  return
}

// Few terms are written out.
// CHECK-LABEL: @few
// CHECK-NOT: scf.for
// CHECK-COUNT-3: math.fma
// CHECK-NOT: math.fma
// CHECK: return
func.func @few(%k: memref<1x3xf32>, %h: memref<3x4xf32>, %q: memref<1x4xf32>) {
  linalg.generic {indexing_maps = [#kernel, #message, #result], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%k, %h : memref<1x3xf32>, memref<3x4xf32>) outs(%q : memref<1x4xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %0 = math.fma %x, %y, %z : f32
    linalg.yield %0 : f32
  }
  return
}

// Every lane reads the row that its symbol chooses, of as many entries as there are states; the transpose makes lanes
// samples again.
// CHECK-LABEL: @look_up
// CHECK-SAME: (%[[X:arg0]]: memref<4xi8>, %[[T:arg1]]: memref<6x4xf32>, %[[Q:arg2]]: memref<3x4xf32>)
// CHECK-COUNT-4: vector.load %[[T]][%{{.*}}, %{{.*}}] : memref<6x4xf32>, vector<4xf32>
// CHECK-COUNT-7: vector.shuffle
// CHECK-COUNT-3: vector.store
// CHECK-NOT: vector.store
// CHECK: return
func.func @look_up(%x: memref<4xi8>, %t: memref<6x4xf32>, %q: memref<3x4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(s, b) -> (b)>, #map], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4xi8>) outs(%q : memref<3x4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %s = linalg.index 0 : index
    %wide = arith.extui %in : i8 to i32
    %row = arith.index_cast %wide : i32 to index
    %0 = memref.load %t[%row, %s] : memref<6x4xf32>
    linalg.yield %0 : f32
  }
  return
}

// What only the next op over the same states reads stays in registers and never reaches the workspace.
// CHECK-LABEL: @group
// CHECK-SAME: (%[[X:arg[0-9]]]: memref<3x4xf32>, %[[Y:arg[0-9]]]: memref<3x4xf32>, %{{.*}}: memref<48xi8> {espalier.workspace})
// CHECK: vector.load %[[X]]
// CHECK: %[[SQUARE:.*]] = arith.mulf
// CHECK-NOT: vector.store
// CHECK: %[[TWICE:.*]] = arith.addf %[[SQUARE]], %[[SQUARE]]
// CHECK: vector.store %{{.*}}, %[[Y]]
func.func @group(%x: memref<3x4xf32>, %y: memref<3x4xf32>, %w: memref<48xi8> {espalier.workspace}) {
  %c0 = arith.constant 0 : index
  %t = memref.view %w[%c0][] : memref<48xi8> to memref<3x4xf32>
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<3x4xf32>) outs(%t : memref<3x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%t : memref<3x4xf32>) outs(%y : memref<3x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.addf %a, %a : f32
    linalg.yield %0 : f32
  }
  return
}
