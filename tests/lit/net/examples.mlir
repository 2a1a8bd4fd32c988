// The examples in dialects/net/NetOps.td are valid, in their order there.
// RUN: espalier-opt %s | FileCheck %s

// CHECK-LABEL: @stems
func.func @stems(%x: tensor<?x8xi32>, %z: tensor<?x1x8xf32>, %w: tensor<?x4x8xf32>, %lambda: f64, %sigma: f64) {
  %h = net.symbol_stem %x : tensor<?x8xi32> -> tensor<?x4x8xf32>
  %h1, %c = net.gaussian_stem %z, %lambda, %sigma dense<[[-1.0], [1.0]]> : tensor<2x1xf64>
      : tensor<?x1x8xf32> -> tensor<?x2x8xf32>, tensor<?x8xf64>
  %h2, %c2 = net.soft_stem %w : tensor<?x4x8xf32> -> tensor<?x4x8xf32>, tensor<?x8xf64>
  return
}

// CHECK-LABEL: @activations
func.func @activations(%x: tensor<?x4x8xf32>) {
  %y = net.exp %x : tensor<?x4x8xf32>
  %y1 = net.log %x : tensor<?x4x8xf32>
  %y2 = net.softmax %x : tensor<?x4x8xf32>
  %y3 = net.norm %x : tensor<?x4x8xf32>
  %y4, %c = net.norm %x : tensor<?x4x8xf32>, tensor<?x8xf64>
  return
}

// CHECK-LABEL: @convolutions
func.func @convolutions(%x: tensor<?x4x8xf32>, %u: tensor<?x6x4xf32>) {
  %y = net.conv %x patch [2] weights dense<0.5> : tensor<2x3x4xf64>
      : tensor<?x4x8xf32> -> tensor<?x6x4xf32>
  %y1 = net.logsumexp_conv %x patch [2] weights dense<0.5> : tensor<2x3x4xf64>
      : tensor<?x4x8xf32> -> tensor<?x6x4xf32>
  %y2 = net.conv_transpose %u patch [2] weights dense<0.5> : tensor<2x3x4xf64>
      : tensor<?x6x4xf32> -> tensor<?x4x8xf32>
  %y3 = net.logsumexp_conv_transpose %u patch [2] weights dense<0.5> : tensor<2x3x4xf64>
      : tensor<?x6x4xf32> -> tensor<?x4x8xf32>
  return
}

// CHECK-LABEL: @groups
func.func @groups(%x: tensor<?x6x4xf32>, %u: tensor<?x3x4xf32>, %v: tensor<?x4x8xf32>, %skip: tensor<?x4x8xf32>) {
  %y = net.sum_pool %x groups 2 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>
  %y1 = net.upsample %u groups 2 : tensor<?x3x4xf32> -> tensor<?x6x4xf32>
  %y2 = net.sibling_sum %x groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>
  %y3 = net.add %v, %skip : tensor<?x4x8xf32>
  %y4 = net.subtract %v, %skip : tensor<?x4x8xf32>
  return
}

// CHECK-LABEL: @heads
func.func @heads(%h: tensor<?x2x1xf32>, %p0: tensor<?x2x8xf32>, %x: tensor<?x4x8xf64>, %d: tensor<?x8xf64>,
                 %own: tensor<?x4xf64>, %c0: tensor<?x1xf64>) {
  %b = net.bias %h log dense<[0.5, 0.5]> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.constant log dense<[0.5, 0.5]> : tensor<2xf64> like %h : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  %m = net.readout %p0 values dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : tensor<?x2x8xf32> -> tensor<?x1x8xf32>
  %y = net.cast %x : tensor<?x4x8xf64> -> tensor<?x4x8xf32>
  %c = net.shift_pool %d, %own patch [2] : tensor<?x8xf64> -> tensor<?x4xf64>
  %l = net.evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return
}

// CHECK-LABEL: @weights
func.func @weights(%x: tensor<?x8xi32>, %z: tensor<?x1x8xf32>, %w: tensor<?x4x8xf32>, %u: tensor<?x6x4xf32>,
                   %h0: tensor<?x2x1xf32>, %c0: tensor<?x1xf64>, %lambda: f64, %sigma: f64) {
  %h = net.one_hot %x : tensor<?x8xi32> -> tensor<?x4x8xf32>
  %y = net.look_up %x patch [2] weights dense<0.5> : tensor<2x3x4xf64> : tensor<?x8xi32> -> tensor<?x6x4xf32>
  %h1, %c1 = net.gaussian_likelihood %z, %lambda, %sigma dense<[[-1.0], [1.0]]> : tensor<2x1xf64>
      : tensor<?x1x8xf32> -> tensor<?x2x8xf32>, tensor<?x8xf64>
  %y1, %c = net.rescale %w : tensor<?x4x8xf32>, tensor<?x8xf64>
  %y2 = net.product_pool %u groups 2 : tensor<?x6x4xf32> -> tensor<?x3x4xf32>
  %y3 = net.sibling_product %u groups 2 : tensor<?x6x4xf32> -> tensor<?x6x4xf32>
  %y4 = net.multiply %w, %h : tensor<?x4x8xf32>
  %b = net.scale %h0 dense<[0.5, 0.5]> : tensor<2xf64> : tensor<?x2x1xf32>
  %p = net.weight_constant dense<[0.5, 0.5]> : tensor<2xf64> like %h0 : tensor<?x2x1xf32> -> tensor<?x2x1xf32>
  %y5 = net.proportion %w : tensor<?x4x8xf32>
  %c2 = net.zero_shift like %w : tensor<?x4x8xf32> -> tensor<?x8xf64>
  %l = net.weight_evidence %b minus 0.0 : tensor<?x2x1xf32> -> tensor<?xf64>
  %l1 = net.weight_evidence %b, %c0 minus 0.0 : tensor<?x2x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return
}
