// Piecewise linear functions are evaluated in the way that takes the least time: few lines all of them, many by a look-up
// of two, what is neither convex nor concave as it is drawn; of what a table holds they are a table.
// RUN: espalier-opt %s -convert-net-to-linalg | FileCheck %s

// Three lines, one of them constant.
// CHECK-LABEL: @few
// CHECK: ^bb0(%[[X:.*]]: f32, %{{.*}}: f32):
// CHECK-COUNT-2: math.fma %{{.*}}, %[[X]], %{{.*}} : f32
// CHECK-NOT: math.fma
// CHECK: linalg.yield
func.func @few(%w: tensor<?x2x1xf32>, %lambda: f64, %sigma: f64) -> tensor<?x2x1xf32>
    attributes {net.branching = [array<i64: 1>]} {
  %h, %c = net.soft_stem %w : tensor<?x2x1xf32> -> tensor<?x2x1xf32>, tensor<?x1xf64>
  %y = net.piecewise %h in [1.0, 1.0] bias [1.0, 0.5] out [0.5, 0.5] offset 0.5 : tensor<?x2x1xf32>
  %q = net.conv %y patch [1] weights dense<0.5> : tensor<1x2x2xf64> : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  %u = net.sum_pool %q groups 1 : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  %p = net.softmax %u : tensor<?x2x1xf32>
  return %p : tensor<?x2x1xf32>
}

// Twenty-one lines: as many buckets as it takes to have one knot in each, two lines in each of them.
// CHECK-LABEL: @many
// CHECK: %[[TABLE:.*]] = arith.constant dense{{.*}} : tensor<{{[0-9]+}}x4xf32>
// CHECK: arith.fptosi
// CHECK-COUNT-4: tensor.extract %[[TABLE]]
// CHECK-COUNT-2: math.fma
// CHECK-NOT: math.fma
// CHECK: linalg.yield
func.func @many(%w: tensor<?x2x1xf32>, %lambda: f64, %sigma: f64) -> tensor<?x2x1xf32>
    attributes {net.branching = [array<i64: 1>]} {
  %h, %c = net.soft_stem %w : tensor<?x2x1xf32> -> tensor<?x2x1xf32>, tensor<?x1xf64>
  %y = net.piecewise %h in [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    bias [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5, 10.0]
    out [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    offset 0.5 : tensor<?x2x1xf32>
  %q = net.conv %y patch [1] weights dense<0.5> : tensor<1x2x2xf64> : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  %u = net.sum_pool %q groups 1 : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  %p = net.softmax %u : tensor<?x2x1xf32>
  return %p : tensor<?x2x1xf32>
}

// CHECK-LABEL: @neither
// CHECK: arith.addf
// CHECK: math.fma
// CHECK: arith.subf
// CHECK: math.fma
// CHECK: linalg.yield
func.func @neither(%w: tensor<?x2x1xf32>, %lambda: f64, %sigma: f64) -> tensor<?x2x1xf32>
    attributes {net.branching = [array<i64: 1>]} {
  %h, %c = net.soft_stem %w : tensor<?x2x1xf32> -> tensor<?x2x1xf32>, tensor<?x1xf64>
  %y = net.piecewise %h in [1.0, -1.0] bias [1.0, 0.5] out [0.5, -0.5] offset 0.5 : tensor<?x2x1xf32>
  %q = net.conv %y patch [1] weights dense<0.5> : tensor<1x2x2xf64> : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  %u = net.sum_pool %q groups 1 : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  %p = net.softmax %u : tensor<?x2x1xf32>
  return %p : tensor<?x2x1xf32>
}

// 2 - 2 ReLU(1 - x) of 0.25, of 0.5, and of their sum where the symbol is missing.
// CHECK-LABEL: @table
// CHECK: arith.constant dense<{{.*}}[5.000000e-01, 1.000000e+00, 1.500000e+00]{{.*}}> : tensor<2x3xf32>
// CHECK-NOT: math.fma
// CHECK: return
func.func @table(%x: tensor<?x1xi32>, %lambda: f64, %sigma: f64) -> tensor<?x2x1xf32>
    attributes {net.branching = [array<i64: 1>]} {
  %k = net.look_up %x patch [1] weights dense<[[[0.25, 0.5], [0.5, 0.25]]]> : tensor<1x2x2xf64>
    : tensor<?x1xi32> -> tensor<?x2x1xf32>
  %q = net.piecewise %k in [-1.0] bias [1.0] out [-2.0] offset 2.0 : tensor<?x2x1xf32>
  %u = net.sum_pool %q groups 1 : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  %p = net.softmax %u : tensor<?x2x1xf32>
  return %p : tensor<?x2x1xf32>
}
