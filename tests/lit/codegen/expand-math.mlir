// No call to exp or log is left: both become arithmetic, on vectors and scalars of both precisions.
// RUN: espalier-opt %s -pass-pipeline='builtin.module(func.func(espalier-expand-math))' | FileCheck %s
// RUN: espalier-opt %s -pass-pipeline='builtin.module(func.func(espalier-expand-math{split-fma=true}))' | FileCheck %s --check-prefix=SPLIT

// CHECK-NOT: {{math\.(exp|log)}}
// SPLIT-NOT: {{math\.(exp|log|fma)}}

// CHECK-LABEL: @vectors
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK: arith.shli {{.*}} : vector<16xi32>
// CHECK: arith.divf {{.*}} : vector<8xf64>
// SPLIT-LABEL: @vectors
// SPLIT: arith.mulf {{.*}} : vector<16xf32>
// SPLIT: arith.addf {{.*}} : vector<16xf32>
func.func @vectors(%x: vector<16xf32>, %y: vector<8xf64>) -> (vector<16xf32>, vector<8xf64>) {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.log %y : vector<8xf64>
  return %0, %1 : vector<16xf32>, vector<8xf64>
}

// CHECK-LABEL: @scalars
// CHECK: arith.shli {{.*}} : i64
// CHECK: arith.divf {{.*}} : f32
// SPLIT-LABEL: @scalars
func.func @scalars(%x: f64, %y: f32) -> (f64, f32) {
  %0 = math.exp %x : f64
  %1 = math.log %y : f32
  return %0, %1 : f64, f32
}

// A fused multiply-add of the program's own is split where the machine has none.
// CHECK-LABEL: @fma
// CHECK: math.fma
// SPLIT-LABEL: @fma
// SPLIT: %[[PRODUCT:.*]] = arith.mulf %arg0, %arg1
// SPLIT: arith.addf %[[PRODUCT]], %arg2
func.func @fma(%x: vector<4xf32>, %y: vector<4xf32>, %z: vector<4xf32>) -> vector<4xf32> {
  %0 = math.fma %x, %y, %z : vector<4xf32>
  return %0 : vector<4xf32>
}

// CHECK-NOT: {{math\.(exp|log)}}
// SPLIT-NOT: {{math\.(exp|log|fma)}}
