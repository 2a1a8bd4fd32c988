// The ConvNet of a model with one level, as drawn, is its message-passing program.
// RUN: espalier-opt %s -net-prove-bp 2>&1 | FileCheck %s
// With one layer changed it is not; the first pair that differs is shown from both sides.
// RUN: sed 's/net.softmax %b/net.exp %b/' %s | not espalier-opt -net-prove-bp 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: sed 's/log dense<0.5> : tensor<2xf64>/log dense<0.25> : tensor<2xf64>/' %s | not espalier-opt -net-prove-bp 2>&1 | FileCheck %s --check-prefix=PRIOR
// RUN: sed 's/net.evidence %b, %c0/net.evidence %b, %d0/' %s | not espalier-opt -net-prove-bp 2>&1 | FileCheck %s --check-prefix=SHIFT
// RUN: sed 's/@net_up_soft/@net_up_other/' %s | not espalier-opt -net-prove-bp 2>&1 | FileCheck %s --check-prefix=ALONE

// CHECK: remark: PROVED: net_up_soft is bp_up_soft
// CHECK: net.softmax

// LAYER: error: NOT PROVED: net_up_soft in f64 is not bp_up_soft: posterior of level 0 differs
// LAYER-NEXT: bp: {{.*}}posterior@0(product@0(
// LAYER-NEXT: net: {{.*}}scaled@0(product@0(

// PRIOR: bp: {{.*}}prior@0 with [0] = 0.5
// PRIOR-NEXT: net: {{.*}}prior@0 with [0] = 0.25

// SHIFT: log-likelihood differs
// SHIFT-NEXT: bp: {{ *}}0
// SHIFT-NEXT: net: {{ *}}- sum_over_children@0(log_largest@1(evidence@1(soft, arguments 0, ranks 2, 2 states)))

// ALONE-DAG: error: NOT PROVED: net_up_other in f64 is not bp_up_other: there is no bp_up_other
// ALONE-DAG: error: NOT PROVED: net_up_soft in f64 is not bp_up_soft: there is no net_up_soft
tfg.model @one {
  %root = tfg.root dense<0.5> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %leaves = tfg.children %root patch [2] sharing level dense<[[[0.75, 0.25], [0.5, 0.5]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
  tfg.observe %leaves symbol dense<[[0.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[2], 2>
  tfg.query classify %root : !tfg.nodes<[], 2>
}
func.func @bp_up_soft(%w: tensor<2x2x?xf64>, %lambda: f64, %sigma: f64) -> (tensor<2x?xf64>, tensor<?xf64>) {
  %h = bp.observe_soft %w : tensor<2x2x?xf64> -> !bp.message<[2], 2, linear, f64>
  %q = bp.up %h dense<[[[0.75, 0.25], [0.5, 0.5]], [[0.75, 0.25], [0.5, 0.5]]]> : tensor<2x2x2xf64> : !bp.message<[2], 2, linear, f64> -> !bp.message<[2], 2, linear, f64>
  %u = bp.combine %q : !bp.message<[2], 2, linear, f64> -> !bp.message<[], 2, linear, f64>
  %zero = bp.zero_shift : !bp.shift<[]>
  %n, %c = bp.normalize %u, %zero : !bp.message<[], 2, linear, f64>, !bp.shift<[]>
  %b = bp.weigh %n dense<[0.5, 0.5]> : tensor<2xf64> : !bp.message<[], 2, linear, f64>
  %p = bp.posterior %b : !bp.message<[], 2, linear, f64> -> tensor<2x?xf64>
  %l = bp.loglik %b, %c minus 0.0 : !bp.message<[], 2, linear, f64>, !bp.shift<[]> -> tensor<?xf64>
  return %p, %l : tensor<2x?xf64>, tensor<?xf64>
}
func.func @net_up_soft(%w: tensor<?x2x2xf64>, %lambda: f64, %sigma: f64) -> (tensor<?x2x1xf64>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x2x2xf64> -> tensor<?x2x2xf64>, tensor<?x2xf64>
  %e = net.exp %h : tensor<?x2x2xf64>
  %k = net.conv %e patch [2] weights dense<[[[0.75, 0.25], [0.5, 0.5]], [[0.75, 0.25], [0.5, 0.5]]]> : tensor<2x2x2xf64> : tensor<?x2x2xf64> -> tensor<?x4x1xf64>
  %q = net.log %k : tensor<?x4x1xf64>
  %s = net.sum_pool %q groups 2 : tensor<?x4x1xf64> -> tensor<?x2x1xf64>
  %h0, %d0 = net.norm %s : tensor<?x2x1xf64>, tensor<?x1xf64>
  %c0 = net.shift_pool %c1, %d0 patch [2] : tensor<?x2xf64> -> tensor<?x1xf64>
  %b = net.bias %h0 log dense<0.5> : tensor<2xf64> : tensor<?x2x1xf64>
  %p = net.softmax %b : tensor<?x2x1xf64>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf64>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x2x1xf64>, tensor<?xf64>
}
