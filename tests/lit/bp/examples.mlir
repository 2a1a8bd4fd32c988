// The examples in dialects/bp/BPOps.td are valid, in their order there.
// RUN: espalier-opt %s | FileCheck %s

// CHECK-LABEL: @types(!bp.message<[4, 4], 8, linear, f32>, !bp.shift<[4, 4]>)
func.func private @types(!bp.message<[4, 4], 8, linear, f32>, !bp.shift<[4, 4]>)

// CHECK-LABEL: @leaves
func.func @leaves(%x: tensor<2x?xi32>, %z: tensor<2x1x?xf32>, %w: tensor<2x4x?xf32>, %lambda: f64, %sigma: f64) {
  %h = bp.observe_symbol %x : tensor<2x?xi32> -> !bp.message<[2], 4, linear, f32>
  %h1, %c = bp.observe_gaussian %z, %lambda, %sigma dense<[[-1.0], [1.0]]> : tensor<2x1xf64>
    : tensor<2x1x?xf32> -> !bp.message<[2], 2, linear, f32>, !bp.shift<[2]>
  %h2 = bp.observe_soft %w : tensor<2x4x?xf32> -> !bp.message<[2], 4, linear, f32>
  %q = bp.look_up %x dense<0.5> : tensor<2x3x4xf64> : tensor<2x?xi32> -> !bp.message<[2], 3, linear, f32>
  return
}

// CHECK-LABEL: @upward
func.func @upward(%h: !bp.message<[2], 4, linear, f32>, %q2: !bp.message<[2, 2], 3, linear, f32>,
                  %d: !bp.shift<[2, 2]>, %root: !bp.message<[], 2, linear, f32>) {
  %q = bp.up %h dense<0.5> : tensor<2x3x4xf64> : !bp.message<[2], 4, linear, f32> -> !bp.message<[2], 3, linear, f32>
  %u = bp.combine %q2 : !bp.message<[2, 2], 3, linear, f32> -> !bp.message<[2], 3, linear, f32>
  %c = bp.combine_shift %d : !bp.shift<[2, 2]> -> !bp.shift<[2]>
  %h1, %c1 = bp.normalize %u, %c : !bp.message<[2], 3, linear, f32>, !bp.shift<[2]>
  %c2 = bp.zero_shift : !bp.shift<[2]>
  %b = bp.weigh %root dense<[0.5, 0.5]> : tensor<2xf64> : !bp.message<[], 2, linear, f32>
  return
}

// CHECK-LABEL: @downward
func.func @downward(%q: !bp.message<[2], 3, linear, f32>, %p: !bp.message<[], 3, linear, f32>,
                    %h: !bp.message<[2], 4, linear, f32>) {
  %p0 = bp.prior dense<[0.5, 0.5]> : tensor<2xf64> -> !bp.message<[], 2, linear, f32>
  %w = bp.others %q, %p : !bp.message<[2], 3, linear, f32>, !bp.message<[], 3, linear, f32>
  %p1 = bp.down %w dense<0.5> : tensor<2x3x4xf64> : !bp.message<[2], 3, linear, f32> -> !bp.message<[2], 4, linear, f32>
  %b = bp.belief %p1, %h : !bp.message<[2], 4, linear, f32>
  return
}

// CHECK-LABEL: @answers
func.func @answers(%b: !bp.message<[2], 4, linear, f32>, %p2: tensor<2x2x?xf32>,
                   %root: !bp.message<[], 2, linear, f32>, %c: !bp.shift<[]>) {
  %p = bp.posterior %b : !bp.message<[2], 4, linear, f32> -> tensor<2x4x?xf32>
  %m = bp.expect %p2 dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : tensor<2x2x?xf32> -> tensor<2x1x?xf32>
  %l = bp.loglik %root, %c minus 0.0 : !bp.message<[], 2, linear, f32>, !bp.shift<[]> -> tensor<?xf64>
  return
}
