// The schedule says which op it cannot place, and what is missing.
// RUN: espalier-opt %s -espalier-schedule -split-input-file -verify-diagnostics

#map = affine_map<(s, b) -> (s, b)>
func.func @without_depth(%w: tensor<4x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<4x?xf32>, tensor<4x?xf32>) {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %w, %c1 : tensor<4x?xf32>
  %e = tensor.empty(%n) : tensor<4x?xf32>
  // expected-error @+1 {{expects one result and the attribute 'depth'}}
  %p = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<4x?xf32>) outs(%e : tensor<4x?xf32>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  } -> tensor<4x?xf32>
  return %p, %p : tensor<4x?xf32>, tensor<4x?xf32>
}

// -----

func.func @foreign_op(%w: tensor<4x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<4x?xf32>, tensor<4x?xf32>) {
  // expected-error @+1 {{'tensor.cast' op is not scheduled: expects linalg.generic, fills, constants and scalars}}
  %p = tensor.cast %w : tensor<4x?xf32> to tensor<4x?xf32>
  return %p, %p : tensor<4x?xf32>, tensor<4x?xf32>
}

// -----

// expected-error @+1 {{expects the arguments evidence, lambda and sigma, got}}
func.func @other_arguments(%w: tensor<4x?xf32>) -> (tensor<4x?xf32>, tensor<4x?xf32>) {
  return %w, %w : tensor<4x?xf32>, tensor<4x?xf32>
}

// -----

// expected-error @+1 {{expects posteriors and a log-likelihood as results, got}}
func.func @other_results(%w: tensor<4x?xf32>, %lambda: f64, %sigma: f64) -> tensor<4x?xf32> {
  return %w : tensor<4x?xf32>
}

// -----

func.func @nothing_computed(%w: tensor<4x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<4x?xf32>, tensor<4x?xf32>) {
  // expected-error @+1 {{expects every answer to be computed by a linalg.generic}}
  return %w, %w : tensor<4x?xf32>, tensor<4x?xf32>
}

// -----

#map = affine_map<(s, b) -> (s, b)>
func.func @too_deep(%w: tensor<4x?xf32>, %lambda: f64, %sigma: f64) -> (tensor<4x?xf32>, tensor<4x?xf32>) {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %w, %c1 : tensor<4x?xf32>
  %e = tensor.empty(%n) : tensor<4x?xf32>
  // expected-error @+1 {{expects a depth in 0..2, got 3}}
  %p = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<4x?xf32>) outs(%e : tensor<4x?xf32>) attrs = {depth = 3 : i64} {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  } -> tensor<4x?xf32>
  return %p, %p : tensor<4x?xf32>, tensor<4x?xf32>
}
