// Every numbered invariant of tfg is enforced: each part breaks one and expects the verifier's sentence.
// RUN: espalier-opt %s -split-input-file -verify-diagnostics

// tfg.nodes: states.
// expected-error @+1 {{expects at least 1 state, got 0}}
func.func private @nodes(!tfg.nodes<[2], 0>)

// -----

// tfg.nodes: positive extents.
// expected-error @+1 {{expects a shape of at most two positive extents, got [2, 0]}}
func.func private @nodes(!tfg.nodes<[2, 0], 3>)

// -----

// tfg.nodes: at most two extents.
// expected-error @+1 {{expects a shape of at most two positive extents, got [2, 2, 2]}}
func.func private @nodes(!tfg.nodes<[2, 2, 2], 3>)

// -----

// C1 of tfg.model: a root is missing.
// expected-error @+1 {{'tfg.model' op expects a tfg.root}}
tfg.model @model {
}

// -----

// C1 of tfg.model: two roots.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  // expected-error @+1 {{'tfg.root' op expects to be the only root of its model}}
  %other = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
}

// -----

// C1 of tfg.model: the channel is missing.
// expected-error @+1 {{'tfg.model' op expects a tfg.observe after its last level}}
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
}

// -----

// C1 of tfg.model: two channels.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
  tfg.observe %leaves symbol dense<1.0> : tensor<1x1xf64> : !tfg.nodes<[2], 1>
  // expected-error @+1 {{'tfg.observe' op expects to be the only channel and to see the last level}}
  tfg.observe %leaves symbol dense<1.0> : tensor<1x1xf64> : !tfg.nodes<[2], 1>
}

// -----

// C2 of tfg.model: the channel sees a level in the middle.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %middle = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
  %leaves = tfg.children %middle patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[2], 1> -> !tfg.nodes<[4], 1>
  // expected-error @+1 {{'tfg.observe' op expects to be the only channel and to see the last level}}
  tfg.observe %middle symbol dense<1.0> : tensor<1x1xf64> : !tfg.nodes<[2], 1>
}

// -----

// C2 of tfg.model: a level below the channel.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %middle = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
  // expected-error @+1 {{'tfg.observe' op expects to be the only channel and to see the last level}}
  tfg.observe %middle symbol dense<1.0> : tensor<1x1xf64> : !tfg.nodes<[2], 1>
  %leaves = tfg.children %middle patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[2], 1> -> !tfg.nodes<[4], 1>
}

// -----

// C2 of tfg.model: two sets of children.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
  // expected-error @+1 {{'tfg.children' op expects the level above as its parent: a level has one set of children}}
  %others = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
}

// -----

// A model without levels.
// expected-error @+1 {{'tfg.model' op expects at least one level below the root}}
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  tfg.observe %root symbol dense<1.0> : tensor<1x1xf64> : !tfg.nodes<[], 1>
}

// -----

// What is no part of a model.
tfg.model @model {
  // expected-error @+1 {{'arith.constant' op does not belong into a tfg.model}}
  %one = arith.constant 1.0 : f64
}

// -----

// C1 of tfg.root: shape.
tfg.model @model {
  // expected-error @+1 {{'tfg.root' op expects a prior of type 'tensor<3xf64>', got 'tensor<2xf64>'}}
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 3>
}

// -----

// C1 of tfg.root: element type.
tfg.model @model {
  // expected-error @+1 {{'tfg.root' op expects a prior of type 'tensor<2xf64>', got 'tensor<2xf32>'}}
  %root = tfg.root dense<1.0> : tensor<2xf32> -> !tfg.nodes<[], 2>
}

// -----

// C1 of tfg.root: entries >= 0.
tfg.model @model {
  // expected-error @+1 {{'tfg.root' op expects a prior with finite entries >= 0, got -5.000000e-01}}
  %root = tfg.root dense<[1.0, -0.5]> : tensor<2xf64> -> !tfg.nodes<[], 2>
}

// -----

// C1 of tfg.root: finite entries.
tfg.model @model {
  // expected-error @+1 {{'tfg.root' op expects a prior with finite entries >= 0, got INF}}
  %root = tfg.root dense<[1.0, 0x7FF0000000000000]> : tensor<2xf64> -> !tfg.nodes<[], 2>
}

// -----

// C1 of tfg.root: not all zero.
tfg.model @model {
  // expected-error @+1 {{'tfg.root' op expects a prior without all-zero rows}}
  %root = tfg.root dense<0.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
}

// -----

// C1 of tfg.root: a resource without data.
tfg.model @model {
  // expected-error @+1 {{'tfg.root' op expects a prior with 2 entries, got 0}}
  %root = tfg.root dense_resource<nowhere> : tensor<2xf64> -> !tfg.nodes<[], 2>
}

// -----

// C2 of tfg.root.
tfg.model @model {
  // expected-error @+1 {{'tfg.root' op expects a result of shape [], got [4]}}
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[4], 2>
}

// -----

// C1 of tfg.children: one matrix per rank.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  // expected-error @+1 {{'tfg.children' op expects a kernel of type 'tensor<3x2x4xf64>', got 'tensor<1x2x4xf64>'}}
  %leaves = tfg.children %root patch [3] sharing rank dense<1.0> : tensor<1x2x4xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[3], 4>
}

// -----

// C1 of tfg.children: one matrix per level.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  // expected-error @+1 {{'tfg.children' op expects a kernel of type 'tensor<1x2x4xf64>', got 'tensor<3x2x4xf64>'}}
  %leaves = tfg.children %root patch [3] sharing level dense<1.0> : tensor<3x2x4xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[3], 4>
}

// -----

// C1 of tfg.children: one matrix per edge.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %middle = tfg.children %root patch [2] sharing none dense<1.0> : tensor<2x2x4xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 4>
  // expected-error @+1 {{'tfg.children' op expects a kernel of type 'tensor<6x4x5xf64>', got 'tensor<3x4x5xf64>'}}
  %leaves = tfg.children %middle patch [3] sharing none dense<1.0> : tensor<3x4x5xf64>
    : !tfg.nodes<[2], 4> -> !tfg.nodes<[6], 5>
}

// -----

// C1 of tfg.children: rows are parent states, columns the children's.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  // expected-error @+1 {{'tfg.children' op expects a kernel of type 'tensor<1x2x4xf64>', got 'tensor<1x4x2xf64>'}}
  %leaves = tfg.children %root patch [3] sharing level dense<1.0> : tensor<1x4x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[3], 4>
}

// -----

// C2 of tfg.children: entries >= 0.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  // expected-error @+1 {{'tfg.children' op expects a kernel with finite entries >= 0, got -1.000000e+00}}
  %leaves = tfg.children %root patch [2] sharing level dense<[[[1.0, -1.0]]]> : tensor<1x1x2xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 2>
}

// -----

// C2 of tfg.children: finite entries.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  // expected-error @+1 {{'tfg.children' op expects a kernel with finite entries >= 0, got nan}}
  %leaves = tfg.children %root patch [2] sharing level dense<[[[1.0, 0x7FF8000000000000]]]> : tensor<1x1x2xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 2>
}

// -----

// C2 of tfg.children: no row is all zero; the column may be.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  // expected-error @+1 {{'tfg.children' op expects a kernel without all-zero rows}}
  %leaves = tfg.children %root patch [2] sharing level dense<[[[1.0, 1.0], [0.0, 0.0]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
}

// -----

// C3 of tfg.children: a sequence.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %middle = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
  // expected-error @+1 {{'tfg.children' op expects a result of shape [6], got [5]}}
  %leaves = tfg.children %middle patch [3] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[2], 1> -> !tfg.nodes<[5], 1>
}

// -----

// C3 of tfg.children: an image.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  // expected-error @+1 {{'tfg.children' op expects a result of shape [2, 3], got [3, 2]}}
  %leaves = tfg.children %root patch [2, 3] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[3, 2], 1>
}

// -----

// C3 of tfg.children: images and sequences do not mix.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %middle = tfg.children %root patch [2, 2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2, 2], 1>
  // expected-error @+1 {{'tfg.children' op expects a patch of 2 extents like the level above, got 1}}
  %leaves = tfg.children %middle patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[2, 2], 1> -> !tfg.nodes<[4], 1>
}

// -----

// A patch has places.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  // expected-error @+1 {{'tfg.children' op expects a patch of one or two positive extents, got [0]}}
  %leaves = tfg.children %root patch [0] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[1], 1>
}

// -----

// C1 of tfg.observe: a row per state.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x3xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 3>
  // expected-error @+1 {{'tfg.observe' op expects values of type 'tensor<3x1xf64>', got 'tensor<2x1xf64>'}}
  tfg.observe %leaves gaussian dense<1.0> : tensor<2x1xf64> : !tfg.nodes<[2], 3>
}

// -----

// C1 of tfg.observe: p = 1 unless observations are vectors.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x3xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 3>
  // expected-error @+1 {{'tfg.observe' op expects values of type 'tensor<3x1xf64>', got 'tensor<3x2xf64>'}}
  tfg.observe %leaves gaussian dense<1.0> : tensor<3x2xf64> : !tfg.nodes<[2], 3>
}

// -----

// C1 of tfg.observe: finite entries.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x2xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 2>
  // expected-error @+1 {{'tfg.observe' op expects values with finite entries}}
  tfg.observe %leaves gaussian dense<[[1.0], [0x7FF0000000000000]]> : tensor<2x1xf64> : !tfg.nodes<[2], 2>
}

// -----

// C1 of tfg.observe: a resource without data.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x2xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 2>
  // expected-error @+1 {{'tfg.observe' op expects values with 2 entries, got 0}}
  tfg.observe %leaves gaussian dense_resource<nowhere> : tensor<2x1xf64> : !tfg.nodes<[2], 2>
}

// -----

// C1 of tfg.query: the root's question asked of the leaves.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
  tfg.observe %leaves symbol dense<1.0> : tensor<1x1xf64> : !tfg.nodes<[2], 1>
  // expected-error @+1 {{'tfg.query' op loglik expects the root}}
  tfg.query loglik %leaves : !tfg.nodes<[2], 1>
}

// -----

// C1 of tfg.query: the leaves' question asked of the root.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
  tfg.observe %leaves symbol dense<1.0> : tensor<1x1xf64> : !tfg.nodes<[2], 1>
  // expected-error @+1 {{'tfg.query' op denoise expects the leaves}}
  tfg.query denoise %root : !tfg.nodes<[], 1>
}

// -----

// C1 of tfg.query: the leaves' question asked of a level in the middle.
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %middle = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[2], 1>
  %leaves = tfg.children %middle patch [2] sharing level dense<1.0> : tensor<1x1x1xf64>
    : !tfg.nodes<[2], 1> -> !tfg.nodes<[4], 1>
  tfg.observe %leaves symbol dense<1.0> : tensor<1x1xf64> : !tfg.nodes<[4], 1>
  // expected-error @+1 {{'tfg.query' op marginals expects the leaves}}
  tfg.query marginals %middle : !tfg.nodes<[2], 1>
}
