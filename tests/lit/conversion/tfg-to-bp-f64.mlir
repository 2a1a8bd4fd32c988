// In double precision everything is: arrays, messages, answers.
// RUN: espalier-opt %s -convert-tfg-to-bp=dtype=f64 | FileCheck %s

tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %leaves = tfg.children %root patch [2] sharing level dense<[[[0.75, 0.25], [0.25, 0.75]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
  tfg.observe %leaves gaussian dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[2], 2>
  tfg.query denoise %leaves : !tfg.nodes<[2], 2>
}

// CHECK-NOT: f32
// CHECK-LABEL: @bp_updown_gaussian
// CHECK-SAME: (%{{.*}}: tensor<2x1x?xf64>, %{{.*}}: f64, %{{.*}}: f64)
// CHECK-SAME: -> (tensor<2x?xf64>, tensor<2x2x?xf64>, tensor<2x1x?xf64>, tensor<?xf64>)
// CHECK-NOT: f32
// CHECK: bp.up {{.*}} : <[2], 2, linear, f64> -> <[2], 2, linear, f64>
// CHECK-NOT: f32
