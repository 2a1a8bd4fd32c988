// Networks that net-cancel-logs leaves as they are: nothing is known of their range, or too much.
// RUN: espalier-opt %s -net-cancel-logs | FileCheck %s --implicit-check-not=net.product_pool --implicit-check-not=net.proportion

// A zero weight under evidence that can be anything: ratios have no bound, and only logarithms hold them.
// CHECK-LABEL: @unbounded
// CHECK: net.exp
// CHECK: net.log
// CHECK: net.softmax
func.func @unbounded(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf32>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf32>
  %k = net.conv %e patch [2] weights dense<[[[1.0, 0.0], [0.5, 0.5]], [[1.0, 0.0], [0.5, 0.5]]]> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q = net.log %k : tensor<?x4x1xf32>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// Positive weights whose ratios f32 cannot hold.
// CHECK-LABEL: @too_unequal
// CHECK: net.exp
// CHECK: net.log
// CHECK: net.softmax
func.func @too_unequal(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf32>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf32>
  %k = net.conv %e patch [2] weights dense<[[[1.0, 1.0e-35], [0.5, 0.5]], [[1.0, 1.0e-35], [1.0e-35, 1.0]]]> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q = net.log %k : tensor<?x4x1xf32>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// What is no weight has no range.
// CHECK-LABEL: @negative
// CHECK: net.exp
// CHECK: net.log
// CHECK: net.softmax
func.func @negative(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf32>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf32>
  %k = net.conv %e patch [2] weights dense<-0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q = net.log %k : tensor<?x4x1xf32>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// Nor has NaN.
// CHECK-LABEL: @no_number
// CHECK: net.exp
// CHECK: net.log
// CHECK: net.softmax
func.func @no_number(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf32>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf32>
  %k = net.conv %e patch [2] weights dense<0x7FF8000000000000> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q = net.log %k : tensor<?x4x1xf32>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// Nor has a prior of nothing.
// CHECK-LABEL: @no_prior
// CHECK: net.exp
// CHECK: net.log
// CHECK: net.softmax
func.func @no_prior(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf32>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf32>
  %k = net.conv %e patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q = net.log %k : tensor<?x4x1xf32>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.0> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// A prior that is not normalized could leave the range on its own.
// CHECK-LABEL: @tiny_prior
// CHECK: net.exp
// CHECK: net.log
// CHECK: net.softmax
func.func @tiny_prior(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf32>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf32>
  %k = net.conv %e patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q = net.log %k : tensor<?x4x1xf32>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<1.0e-40> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// A norm layer stands where none is drawn, and none where one is.
// CHECK-LABEL: @elsewhere
// CHECK: net.norm
// CHECK: net.exp
// CHECK: net.log
// CHECK: net.softmax
func.func @elsewhere(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf32>, tensor<?x2xf64>
  %n, %d0 = net.norm %h : tensor<?x2x2xf32>, tensor<?x2xf64>
  %e = net.exp %n : tensor<?x2x2xf32>
  %k = net.conv %e patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q = net.log %k : tensor<?x4x1xf32>
  %h0 = net.sum_pool %q groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %c0 = net.shift_pool %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// The patch is not the tree's.
// CHECK-LABEL: @other_patch
// CHECK: net.exp
// CHECK: net.log
// CHECK: net.softmax
func.func @other_patch(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 3>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf32>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf32>
  %k = net.conv %e patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q = net.log %k : tensor<?x4x1xf32>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.softmax %b : tensor<?x2x1xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf32>, tensor<?xf64>
}

// Encoder and decoder have different weights: this is nobody's message passing.
// CHECK-LABEL: @two_models
// CHECK: net.exp
// CHECK: net.subtract
func.func @two_models(%w: tensor<?x2x2xf32>, %lambda: f64, %sigma: f64)
    -> (tensor<?x2x1xf32>, tensor<?x2x2xf32>, tensor<?xf64>) attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf32> -> tensor<?x2x2xf32>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf32>
  %k = net.conv %e patch [2] weights dense<0.5> : tensor<2x2x2xf64> : tensor<?x2x2xf32> -> tensor<?x4x1xf32>
  %q = net.log %k : tensor<?x4x1xf32>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf32> -> tensor<?x2x1xf32>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf32>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf32>
  %root = net.softmax %b : tensor<?x2x1xf32>
  %u = net.upsample %b groups 2 : tensor<?x2x1xf32> -> tensor<?x4x1xf32>
  %a = net.subtract %u, %q : tensor<?x4x1xf32>
  %x = net.exp %a : tensor<?x4x1xf32>
  %t = net.conv_transpose %x patch [2] weights dense<0.25> : tensor<2x2x2xf64> : tensor<?x4x1xf32> -> tensor<?x2x2xf32>
  %g = net.log %t : tensor<?x2x2xf32>
  %n = net.norm %g : tensor<?x2x2xf32>
  %m = net.add %n, %h : tensor<?x2x2xf32>
  %leaves = net.softmax %m : tensor<?x2x2xf32>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %root, %leaves, %l : tensor<?x2x1xf32>, tensor<?x2x2xf32>, tensor<?xf64>
}
