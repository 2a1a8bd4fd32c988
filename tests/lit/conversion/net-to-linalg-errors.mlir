// A network that does not fit the tree it is drawn for is refused, in its own words.
// RUN: espalier-opt %s -convert-net-to-linalg -split-input-file -verify-diagnostics

// expected-error @+1 {{expects the attribute 'net.branching', the patch of every level}}
func.func @without_tree(%w: tensor<?x3x1xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x3x1xf32>, tensor<?xf64>) {
  %h, %c = net.soft_stem %w : tensor<?x3x1xf32> -> tensor<?x3x1xf32>, tensor<?x1xf64>
  %p = net.softmax %h : tensor<?x3x1xf32>
  %l = net.evidence %h, %c minus 0.0 : tensor<?x3x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x3x1xf32>, tensor<?xf64>
}

// -----

// Grouped channels and positions are not the same map, whatever their shape.
func.func @skip_from_elsewhere(%w: tensor<?x3x1xf32>, %lambda: f64, %sigma: f64) -> (tensor<?x3x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 1>]} {
  %h, %c1 = net.soft_stem %w : tensor<?x3x1xf32> -> tensor<?x3x1xf32>, tensor<?x1xf64>
  %q = net.logsumexp_conv %h patch [1] weights dense<0.5> : tensor<1x3x3xf64> : tensor<?x3x1xf32> -> tensor<?x3x1xf32>
  // expected-error @+1 {{'net.add' op expects a skip from the same level}}
  %s = net.add %h, %q : tensor<?x3x1xf32>
  %u = net.sum_pool %s groups 1 : tensor<?x3x1xf32> -> tensor<?x3x1xf32>
  %p = net.softmax %u : tensor<?x3x1xf32>
  %l = net.evidence %u, %c1 minus 0.0 : tensor<?x3x1xf32>, tensor<?x1xf64> -> tensor<?xf64>
  return %p, %l : tensor<?x3x1xf32>, tensor<?xf64>
}

// -----

// A look-up serves the leaves.
func.func @look_up_elsewhere(%x: tensor<?x6xi32>, %lambda: f64, %sigma: f64) -> (tensor<?x3x1xf32>, tensor<?xf64>)
    attributes {net.branching = [array<i64: 2>, array<i64: 3>]} {
  // expected-error @+1 {{'net.look_up' op expects 3 taps, got 2}}
  %q = net.look_up %x patch [2] weights dense<0.5> : tensor<2x3x3xf64> : tensor<?x6xi32> -> tensor<?x6x3xf32>
  %s = net.product_pool %q groups 2 : tensor<?x6x3xf32> -> tensor<?x3x3xf32>
  %k = net.conv %s patch [3] weights dense<0.5> : tensor<3x3x3xf64> : tensor<?x3x3xf32> -> tensor<?x9x1xf32>
  %r = net.product_pool %k groups 3 : tensor<?x9x1xf32> -> tensor<?x3x1xf32>
  %p = net.proportion %r : tensor<?x3x1xf32>
  %l = net.weight_evidence %r minus 0.0 : tensor<?x3x1xf32> -> tensor<?xf64>
  return %p, %l : tensor<?x3x1xf32>, tensor<?xf64>
}
