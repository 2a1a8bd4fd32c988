// Every numbered invariant of bp is enforced: each part breaks one and expects the verifier's sentence.
// RUN: espalier-opt %s -split-input-file -verify-diagnostics

// C1 of bp.observe_symbol: index space.
func.func @f(%x: tensor<3x?xi32>) {
  // expected-error @+1 {{'bp.observe_symbol' op expects symbols of type 'tensor<2x?xi32>', got 'tensor<3x?xi32>'}}
  %h = bp.observe_symbol %x : tensor<3x?xi32> -> !bp.message<[2], 4, linear, f32>
  return
}

// -----

// C1 of bp.observe_symbol: integers.
func.func @f(%x: tensor<2x?xf32>) {
  // expected-error @+1 {{'bp.observe_symbol' op expects symbols of type 'tensor<2x?xi32>', got 'tensor<2x?xf32>'}}
  %h = bp.observe_symbol %x : tensor<2x?xf32> -> !bp.message<[2], 4, linear, f32>
  return
}

// -----

// C1 of bp.observe_gaussian: z.
func.func @f(%z: tensor<2x3x?xf32>, %s: f64) {
  // expected-error @+1 {{'bp.observe_gaussian' op expects observations of type 'tensor<2x1x?xf32>', got 'tensor<2x3x?xf32>'}}
  %h, %c = bp.observe_gaussian %z, %s, %s dense<1.0> : tensor<2x1xf64>
    : tensor<2x3x?xf32> -> !bp.message<[2], 2, linear, f32>, !bp.shift<[2]>
  return
}

// -----

// C1 of bp.observe_gaussian: values.
func.func @f(%z: tensor<2x1x?xf32>, %s: f64) {
  // expected-error @+1 {{'bp.observe_gaussian' op expects values of type 'tensor<2x1xf64>', got 'tensor<3x1xf64>'}}
  %h, %c = bp.observe_gaussian %z, %s, %s dense<1.0> : tensor<3x1xf64>
    : tensor<2x1x?xf32> -> !bp.message<[2], 2, linear, f32>, !bp.shift<[2]>
  return
}

// -----

// The shift of bp.observe_gaussian lies on the leaves.
func.func @f(%z: tensor<2x1x?xf32>, %s: f64) {
  // expected-error @+1 {{'bp.observe_gaussian' op expects a shift of type '!bp.shift<[2]>', got '!bp.shift<[]>'}}
  %h, %c = bp.observe_gaussian %z, %s, %s dense<1.0> : tensor<2x1xf64>
    : tensor<2x1x?xf32> -> !bp.message<[2], 2, linear, f32>, !bp.shift<[]>
  return
}

// -----

// C1 of bp.observe_soft.
func.func @f(%w: tensor<2x3x?xf32>) {
  // expected-error @+1 {{'bp.observe_soft' op expects likelihoods of type 'tensor<2x4x?xf32>', got 'tensor<2x3x?xf32>'}}
  %h = bp.observe_soft %w : tensor<2x3x?xf32> -> !bp.message<[2], 4, linear, f32>
  return
}

// -----

// C1 of bp.look_up: parent states.
func.func @f(%x: tensor<2x?xi32>) {
  // expected-error @+1 {{'bp.look_up' op expects a kernel of type 'tensor<2x3x4xf64>', got 'tensor<2x5x4xf64>'}}
  %q = bp.look_up %x dense<0.5> : tensor<2x5x4xf64> : tensor<2x?xi32> -> !bp.message<[2], 3, linear, f32>
  return
}

// -----

// C1 of bp.look_up: count.
func.func @f(%x: tensor<2x2x?xi32>) {
  // expected-error @+1 {{'bp.look_up' op expects a kernel of type 'tensor<2x3x4xf64>', got 'tensor<3x3x4xf64>'}}
  %q = bp.look_up %x dense<0.5> : tensor<3x3x4xf64> : tensor<2x2x?xi32> -> !bp.message<[2, 2], 3, linear, f32>
  return
}

// -----

// C1 of bp.up: one level.
func.func @f(%h: !bp.message<[2, 2], 4, linear, f32>) {
  // expected-error @+1 {{'bp.up' op expects a result of type '!bp.message<[2, 2], 3, linear, f32>', got '!bp.message<[2], 3, linear, f32>'}}
  %q = bp.up %h dense<0.5> : tensor<2x3x4xf64> : !bp.message<[2, 2], 4, linear, f32> -> !bp.message<[2], 3, linear, f32>
  return
}

// -----

// C1 of bp.up: one domain.
func.func @f(%h: !bp.message<[2], 4, linear, f32>) {
  // expected-error @+1 {{'bp.up' op expects a result of type '!bp.message<[2], 3, linear, f32>', got '!bp.message<[2], 3, log, f32>'}}
  %q = bp.up %h dense<0.5> : tensor<2x3x4xf64> : !bp.message<[2], 4, linear, f32> -> !bp.message<[2], 3, log, f32>
  return
}

// -----

// C1 of bp.up: states.
func.func @f(%h: !bp.message<[2], 4, linear, f32>) {
  // expected-error @+1 {{'bp.up' op expects a kernel of type 'tensor<2x3x4xf64>', got 'tensor<2x4x3xf64>'}}
  %q = bp.up %h dense<0.5> : tensor<2x4x3xf64> : !bp.message<[2], 4, linear, f32> -> !bp.message<[2], 3, linear, f32>
  return
}

// -----

// C2 of bp.up: count.
func.func @f(%h: !bp.message<[2, 2], 4, linear, f32>) {
  // expected-error @+1 {{'bp.up' op expects a kernel of type 'tensor<2x3x4xf64>', got 'tensor<3x3x4xf64>'}}
  %q = bp.up %h dense<0.5> : tensor<3x3x4xf64>
    : !bp.message<[2, 2], 4, linear, f32> -> !bp.message<[2, 2], 3, linear, f32>
  return
}

// -----

// C2 of bp.up: the root has no edge above it.
func.func @f(%h: !bp.message<[], 4, linear, f32>) {
  // expected-error @+1 {{'bp.up' op expects messages below the root}}
  %q = bp.up %h dense<0.5> : tensor<1x3x4xf64> : !bp.message<[], 4, linear, f32> -> !bp.message<[], 3, linear, f32>
  return
}

// -----

// C3 of bp.up.
func.func @f(%h: !bp.message<[2], 4, linear, f32>) {
  // expected-error @+1 {{'bp.up' op expects messages in the log domain where it is rowwise}}
  %q = bp.up %h rowwise dense<0.5> : tensor<2x3x4xf64>
    : !bp.message<[2], 4, linear, f32> -> !bp.message<[2], 3, linear, f32>
  return
}

// -----

// C1 of bp.combine: level.
func.func @f(%q: !bp.message<[2, 2], 3, linear, f32>) {
  // expected-error @+1 {{'bp.combine' op expects a result of type '!bp.message<[2], 3, linear, f32>', got '!bp.message<[], 3, linear, f32>'}}
  %h = bp.combine %q : !bp.message<[2, 2], 3, linear, f32> -> !bp.message<[], 3, linear, f32>
  return
}

// -----

// C1 of bp.combine: states.
func.func @f(%q: !bp.message<[2], 3, linear, f32>) {
  // expected-error @+1 {{'bp.combine' op expects a result of type '!bp.message<[], 3, linear, f32>', got '!bp.message<[], 4, linear, f32>'}}
  %h = bp.combine %q : !bp.message<[2], 3, linear, f32> -> !bp.message<[], 4, linear, f32>
  return
}

// -----

// C1 of bp.combine: domain.
func.func @f(%q: !bp.message<[2], 3, linear, f32>) {
  // expected-error @+1 {{'bp.combine' op expects a result of type '!bp.message<[], 3, linear, f32>', got '!bp.message<[], 3, log, f32>'}}
  %h = bp.combine %q : !bp.message<[2], 3, linear, f32> -> !bp.message<[], 3, log, f32>
  return
}

// -----

// C1 of bp.combine: nothing lies above the root.
func.func @f(%q: !bp.message<[], 3, linear, f32>) {
  // expected-error @+1 {{'bp.combine' op expects messages below the root}}
  %h = bp.combine %q : !bp.message<[], 3, linear, f32> -> !bp.message<[], 3, linear, f32>
  return
}

// -----

// C1 of bp.combine_shift: level.
func.func @f(%d: !bp.shift<[2, 3]>) {
  // expected-error @+1 {{'bp.combine_shift' op expects a result of type '!bp.shift<[2]>', got '!bp.shift<[3]>'}}
  %c = bp.combine_shift %d : !bp.shift<[2, 3]> -> !bp.shift<[3]>
  return
}

// -----

// C1 of bp.combine_shift: nothing lies above the root.
func.func @f(%d: !bp.shift<[]>) {
  // expected-error @+1 {{'bp.combine_shift' op expects shifts below the root}}
  %c = bp.combine_shift %d : !bp.shift<[]> -> !bp.shift<[]>
  return
}

// -----

// C1 of bp.normalize: one type.
func.func @f(%h: !bp.message<[2], 3, linear, f32>) {
  // expected-error @+1 {{'bp.normalize' op expects a result of type '!bp.message<[2], 3, linear, f32>', got '!bp.message<[2], 4, linear, f32>'}}
  %n = "bp.normalize"(%h) : (!bp.message<[2], 3, linear, f32>) -> !bp.message<[2], 4, linear, f32>
  return
}

// -----

// C1 of bp.normalize: index space of the shifts.
func.func @f(%h: !bp.message<[2], 3, linear, f32>, %c: !bp.shift<[]>) {
  // expected-error @+1 {{'bp.normalize' op expects a shift of type '!bp.shift<[2]>', got '!bp.shift<[]>'}}
  %n, %d = bp.normalize %h, %c : !bp.message<[2], 3, linear, f32>, !bp.shift<[]>
  return
}

// -----

// A shift comes out of bp.normalize where one goes in.
func.func @f(%h: !bp.message<[2], 3, linear, f32>, %c: !bp.shift<[2]>) {
  // expected-error @+1 {{'bp.normalize' op expects a shift as a result where it takes one, and only there}}
  %n = "bp.normalize"(%h, %c) : (!bp.message<[2], 3, linear, f32>, !bp.shift<[2]>) -> !bp.message<[2], 3, linear, f32>
  return
}

// -----

// C1 of bp.weigh: level 0.
func.func @f(%h: !bp.message<[2], 3, linear, f32>) {
  // expected-error @+1 {{'bp.weigh' op expects a message of the root, got one of level 1}}
  %b = bp.weigh %h dense<0.5> : tensor<3xf64> : !bp.message<[2], 3, linear, f32>
  return
}

// -----

// C1 of bp.weigh: prior.
func.func @f(%h: !bp.message<[], 3, linear, f32>) {
  // expected-error @+1 {{'bp.weigh' op expects a prior of type 'tensor<3xf64>', got 'tensor<2xf64>'}}
  %b = bp.weigh %h dense<0.5> : tensor<2xf64> : !bp.message<[], 3, linear, f32>
  return
}

// -----

// C1 of bp.weigh: one type.
func.func @f(%h: !bp.message<[], 3, linear, f32>) {
  // expected-error @+1 {{failed to verify that all of {input, message} have same type}}
  %b = "bp.weigh"(%h) {prior = dense<0.5> : tensor<3xf64>} : (!bp.message<[], 3, linear, f32>) -> !bp.message<[], 3, log, f32>
  return
}

// -----

// C1 of bp.prior: level 0.
func.func @f() {
  // expected-error @+1 {{'bp.prior' op expects a message of the root, got one of level 2}}
  %p = bp.prior dense<0.5> : tensor<3xf64> -> !bp.message<[2, 2], 3, linear, f32>
  return
}

// -----

// C1 of bp.prior: prior.
func.func @f() {
  // expected-error @+1 {{'bp.prior' op expects a prior of type 'tensor<3xf64>', got 'tensor<3xf32>'}}
  %p = bp.prior dense<0.5> : tensor<3xf32> -> !bp.message<[], 3, linear, f32>
  return
}

// -----

// C1 of bp.others: one type.
func.func @f(%q: !bp.message<[2], 3, linear, f32>, %p: !bp.message<[], 3, linear, f32>) {
  // expected-error @+1 {{failed to verify that all of {siblings, message} have same type}}
  %w = "bp.others"(%q, %p) : (!bp.message<[2], 3, linear, f32>, !bp.message<[], 3, linear, f32>) -> !bp.message<[], 3, linear, f32>
  return
}

// -----

// C1 of bp.others: one level above.
func.func @f(%q: !bp.message<[2, 2], 3, linear, f32>, %p: !bp.message<[], 3, linear, f32>) {
  // expected-error @+1 {{'bp.others' op expects a message from above of type '!bp.message<[2], 3, linear, f32>', got '!bp.message<[], 3, linear, f32>'}}
  %w = bp.others %q, %p : !bp.message<[2, 2], 3, linear, f32>, !bp.message<[], 3, linear, f32>
  return
}

// -----

// C1 of bp.others: the root has no siblings.
func.func @f(%q: !bp.message<[], 3, linear, f32>, %p: !bp.message<[], 3, linear, f32>) {
  // expected-error @+1 {{'bp.others' op expects messages below the root}}
  %w = bp.others %q, %p : !bp.message<[], 3, linear, f32>, !bp.message<[], 3, linear, f32>
  return
}

// -----

// C1 of bp.down: one domain.
func.func @f(%w: !bp.message<[2], 3, linear, f32>) {
  // expected-error @+1 {{'bp.down' op expects a result of type '!bp.message<[2], 4, linear, f32>', got '!bp.message<[2], 4, log, f32>'}}
  %p = bp.down %w dense<0.5> : tensor<2x3x4xf64> : !bp.message<[2], 3, linear, f32> -> !bp.message<[2], 4, log, f32>
  return
}

// -----

// C1 of bp.down: input has the parent's states.
func.func @f(%w: !bp.message<[2], 3, linear, f32>) {
  // expected-error @+1 {{'bp.down' op expects a kernel of type 'tensor<2x3x4xf64>', got 'tensor<2x4x3xf64>'}}
  %p = bp.down %w dense<0.5> : tensor<2x4x3xf64> : !bp.message<[2], 3, linear, f32> -> !bp.message<[2], 4, linear, f32>
  return
}

// -----

// C2 of bp.down: count.
func.func @f(%w: !bp.message<[2, 3], 3, linear, f32>) {
  // expected-error @+1 {{'bp.down' op expects a kernel of type 'tensor<3x3x4xf64>', got 'tensor<2x3x4xf64>'}}
  %p = bp.down %w dense<0.5> : tensor<2x3x4xf64>
    : !bp.message<[2, 3], 3, linear, f32> -> !bp.message<[2, 3], 4, linear, f32>
  return
}

// -----

// C3 of bp.down.
func.func @f(%w: !bp.message<[2], 3, linear, f32>) {
  // expected-error @+1 {{'bp.down' op expects messages in the log domain where it is rowwise}}
  %p = bp.down %w rowwise dense<0.5> : tensor<2x3x4xf64>
    : !bp.message<[2], 3, linear, f32> -> !bp.message<[2], 4, linear, f32>
  return
}

// -----

// C1 of bp.belief.
func.func @f(%p: !bp.message<[2], 3, linear, f32>, %h: !bp.message<[2], 4, linear, f32>) {
  // expected-error @+1 {{failed to verify that all of {above, below, message} have same type}}
  %b = "bp.belief"(%p, %h) : (!bp.message<[2], 3, linear, f32>, !bp.message<[2], 4, linear, f32>) -> !bp.message<[2], 3, linear, f32>
  return
}

// -----

// C1 of bp.posterior: states.
func.func @f(%b: !bp.message<[2], 4, linear, f32>) {
  // expected-error @+1 {{'bp.posterior' op expects a posterior of type 'tensor<2x4x?xf32>', got 'tensor<2x3x?xf32>'}}
  %p = bp.posterior %b : !bp.message<[2], 4, linear, f32> -> tensor<2x3x?xf32>
  return
}

// -----

// C1 of bp.posterior: batch.
func.func @f(%b: !bp.message<[2], 4, linear, f32>) {
  // expected-error @+1 {{'bp.posterior' op expects a posterior of type 'tensor<2x4x?xf32>', got 'tensor<2x4xf32>'}}
  %p = bp.posterior %b : !bp.message<[2], 4, linear, f32> -> tensor<2x4xf32>
  return
}

// -----

// C1 of bp.expect: values.
func.func @f(%p: tensor<2x4x?xf32>) {
  // expected-error @+1 {{'bp.expect' op expects values of type 'tensor<4x1xf64>', got 'tensor<2x1xf64>'}}
  %m = bp.expect %p dense<1.0> : tensor<2x1xf64> : tensor<2x4x?xf32> -> tensor<2x1x?xf32>
  return
}

// -----

// C1 of bp.expect: the result.
func.func @f(%p: tensor<2x4x?xf32>) {
  // expected-error @+1 {{'bp.expect' op expects a mean of type 'tensor<2x3x?xf32>', got 'tensor<2x1x?xf32>'}}
  %m = bp.expect %p dense<1.0> : tensor<4x3xf64> : tensor<2x4x?xf32> -> tensor<2x1x?xf32>
  return
}

// -----

// C1 of bp.expect: a posterior has states and batch.
func.func @f(%p: tensor<?xf32>) {
  // expected-error @+1 {{'bp.expect' op expects a posterior with states and batch, got 'tensor<?xf32>'}}
  %m = bp.expect %p dense<1.0> : tensor<4x3xf64> : tensor<?xf32> -> tensor<3x?xf32>
  return
}

// -----

// C1 of bp.loglik: the belief's level.
func.func @f(%b: !bp.message<[2], 4, linear, f32>, %c: !bp.shift<[]>) {
  // expected-error @+1 {{'bp.loglik' op expects the belief and the shift of the root}}
  %l = bp.loglik %b, %c minus 0.0 : !bp.message<[2], 4, linear, f32>, !bp.shift<[]> -> tensor<?xf64>
  return
}

// -----

// C1 of bp.loglik: the shift's level.
func.func @f(%b: !bp.message<[], 4, linear, f32>, %c: !bp.shift<[2]>) {
  // expected-error @+1 {{'bp.loglik' op expects the belief and the shift of the root}}
  %l = bp.loglik %b, %c minus 0.0 : !bp.message<[], 4, linear, f32>, !bp.shift<[2]> -> tensor<?xf64>
  return
}

// -----

// C1 of bp.loglik: the result.
func.func @f(%b: !bp.message<[], 4, linear, f32>, %c: !bp.shift<[]>) {
  // expected-error @+1 {{'bp.loglik' op expects a result of type 'tensor<?xf64>', got 'tensor<?xf32>'}}
  %l = bp.loglik %b, %c minus 0.0 : !bp.message<[], 4, linear, f32>, !bp.shift<[]> -> tensor<?xf32>
  return
}
