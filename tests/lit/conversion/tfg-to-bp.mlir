// The exact program of a model: which functions there are, in which domain and type, and where messages are normalized.
// RUN: espalier-opt %s -convert-tfg-to-bp -split-input-file | FileCheck %s

// A positive kernel: linear messages in the arrays' own type, up from the leaves and back down. No message of so small
// a tree can leave the range, so nothing is normalized on the way up.
tfg.model @positive {
  %root = tfg.root dense<[0.25, 0.75]> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %middle = tfg.children %root patch [2] sharing level dense<[[[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]]]> : tensor<1x2x3xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 3>
  %leaves = tfg.children %middle patch [3] sharing level dense<[[[0.5, 0.5], [0.25, 0.75], [0.875, 0.125]]]> : tensor<1x3x2xf64>
    : !tfg.nodes<[2], 3> -> !tfg.nodes<[6], 2>
  tfg.observe %leaves gaussian dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[6], 2>
  tfg.query classify %root : !tfg.nodes<[], 2>
  tfg.query denoise %leaves : !tfg.nodes<[6], 2>
}

// The model stays.
// CHECK: tfg.model @positive
// CHECK-LABEL: @bp_up_gaussian
// CHECK-SAME: (%[[Z:.*]]: tensor<2x3x1x?xf32>, %[[LAMBDA:.*]]: f64, %[[SIGMA:.*]]: f64) -> (tensor<2x?xf32>, tensor<?xf64>)
// CHECK-NOT: bp.normalize
// CHECK: %[[H2:.*]], %[[C2:.*]] = bp.observe_gaussian %[[Z]], %[[LAMBDA]], %[[SIGMA]] {{.*}} -> <[2, 3], 2, linear, f32>, <[2, 3]>
// CHECK: %[[Q2:.*]] = bp.up %[[H2]] dense<{{.*}}> : tensor<3x3x2xf64> : <[2, 3], 2, linear, f32> -> <[2, 3], 3, linear, f32>
// CHECK: %[[H1:.*]] = bp.combine %[[Q2]] : <[2, 3], 3, linear, f32> -> <[2], 3, linear, f32>
// CHECK: %[[C1:.*]] = bp.combine_shift %[[C2]] : <[2, 3]> -> <[2]>
// CHECK: %[[Q1:.*]] = bp.up %[[H1]] dense<{{.*}}> : tensor<2x2x3xf64> : <[2], 3, linear, f32> -> <[2], 2, linear, f32>
// CHECK: %[[H0:.*]] = bp.combine %[[Q1]] : <[2], 2, linear, f32> -> <[], 2, linear, f32>
// CHECK: %[[C0:.*]] = bp.combine_shift %[[C1]] : <[2]> -> <[]>
// CHECK: %[[B:.*]] = bp.weigh %[[H0]]
// CHECK: %[[POSTERIOR:.*]] = bp.posterior %[[B]] : <[], 2, linear, f32> -> tensor<2x?xf32>
// CHECK: %[[LOGLIK:.*]] = bp.loglik %[[B]], %[[C0]] minus {{.*}} -> tensor<?xf64>
// CHECK: return %[[POSTERIOR]], %[[LOGLIK]]

// Likelihoods may be of any size: they are normalized before anything else, and what that took away is kept.
// CHECK-LABEL: @bp_up_soft
// CHECK: %[[W:.*]] = bp.observe_soft
// CHECK: %[[NOTHING:.*]] = bp.zero_shift : <[2, 3]>
// CHECK: %[[H2:.*]], %[[C2:.*]] = bp.normalize %[[W]], %[[NOTHING]]
// CHECK: bp.up %[[H2]]
// CHECK: bp.combine_shift %[[C2]]

// Down: what the parent knows from elsewhere, the kernel, and the belief of every level.
// CHECK-LABEL: @bp_updown_gaussian
// CHECK-SAME: -> (tensor<2x?xf32>, tensor<2x3x?xf32>, tensor<2x3x2x?xf32>, tensor<2x3x1x?xf32>, tensor<?xf64>)
// CHECK: %[[H2:[^ ,]*]], %{{.*}} = bp.observe_gaussian
// CHECK: %[[Q2:.*]] = bp.up %[[H2]]
// CHECK: %[[H1:.*]] = bp.combine %[[Q2]]
// CHECK: %[[Q1:.*]] = bp.up %[[H1]]
// CHECK: %[[P0:.*]] = bp.prior
// CHECK: %[[W1:.*]] = bp.others %[[Q1]], %[[P0]]
// CHECK: %[[P1:.*]] = bp.down %[[W1]] dense<{{.*}}> : tensor<2x2x3xf64>
// CHECK: %[[B1:.*]] = bp.belief %{{.*}}, %[[H1]]
// CHECK: bp.posterior %[[B1]]
// CHECK: %[[W2:.*]] = bp.others %[[Q2]]
// CHECK: bp.down %[[W2]] dense<{{.*}}> : tensor<3x3x2xf64>
// CHECK: %[[B2:.*]] = bp.belief %{{.*}}, %[[H2]]
// CHECK: %[[POSTERIOR2:.*]] = bp.posterior %[[B2]]
// CHECK: bp.expect %[[POSTERIOR2]]
// CHECK: bp.loglik
// CHECK-LABEL: @bp_updown_soft

// -----

// A kernel with zeros bounds nothing: log messages in double precision whatever the arrays, with a maximum per sum where
// the zeros are and a shared one where there are none, normalized at every node.
tfg.model @zeros {
  %root = tfg.root dense<[0.25, 0.75]> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %middle = tfg.children %root patch [2] sharing level dense<[[[0.75, 0.25], [0.25, 0.75]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
  %leaves = tfg.children %middle patch [2] sharing level dense<[[[1.0, 0.0], [0.5, 0.5]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[2], 2> -> !tfg.nodes<[4], 2>
  tfg.observe %leaves gaussian dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[4], 2>
  tfg.query marginals %leaves : !tfg.nodes<[4], 2>
}

// CHECK: tfg.model @zeros
// CHECK-NOT: @bp_up_
// CHECK-LABEL: @bp_updown_gaussian
// CHECK-SAME: tensor<2x2x1x?xf32>
// CHECK: bp.up %{{.*}} rowwise dense<{{.*}}> : <[2, 2], 2, log, f64> -> <[2, 2], 2, log, f64>
// CHECK: bp.combine
// CHECK: bp.normalize {{.*}} : !bp.message<[2], 2, log, f64>, !bp.shift<[2]>
// CHECK: bp.up %{{[^ ]*}} dense<{{.*}}> : <[2], 2, log, f64> -> <[2], 2, log, f64>
// CHECK: bp.combine
// CHECK: bp.normalize {{.*}} : !bp.message<[], 2, log, f64>, !bp.shift<[]>
// CHECK: bp.down %{{[^ ]*}} dense<{{.*}}> : <[2], 2, log, f64> -> <[2], 2, log, f64>
// CHECK: bp.normalize {{.*}} : !bp.message<[2], 2, log, f64>
// CHECK: bp.down %{{.*}} rowwise dense<{{.*}}> : <[2, 2], 2, log, f64> -> <[2, 2], 2, log, f64>
// CHECK: bp.posterior %{{.*}} : <[2, 2], 2, log, f64> -> tensor<2x2x2x?xf32>

// -----

// Two children that disagree by a factor of 1e20 each: too much for linear messages in single precision, not in double.
tfg.model @wide {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %leaves = tfg.children %root patch [2] sharing level dense<[[[1.0, 1.0e-20], [1.0e-20, 1.0]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
  tfg.observe %leaves gaussian dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[2], 2>
  tfg.query classify %root : !tfg.nodes<[], 2>
}

// CHECK-LABEL: @bp_up_gaussian
// CHECK-SAME: tensor<2x1x?xf32>
// CHECK: bp.up {{.*}} : <[2], 2, linear, f64> -> <[2], 2, linear, f64>
// CHECK: bp.posterior {{.*}} : <[], 2, linear, f64> -> tensor<2x?xf32>
// CHECK-NOT: @bp_updown

// -----

// Exact symbols: what they send is looked up, and their own message is written only for the way down. Deep trees are
// normalized just where a product could leave the range, here at level 1, and nowhere else.
tfg.model @deep {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %1 = tfg.children %root patch [2] sharing level dense<[[[0.99, 0.01], [0.01, 0.99]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
  %2 = tfg.children %1 patch [2] sharing level dense<[[[0.99, 0.01], [0.01, 0.99]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[2], 2> -> !tfg.nodes<[4], 2>
  %3 = tfg.children %2 patch [2] sharing level dense<[[[0.99, 0.01], [0.01, 0.99]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[4], 2> -> !tfg.nodes<[8], 2>
  %4 = tfg.children %3 patch [2] sharing level dense<[[[0.99, 0.01], [0.01, 0.99]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[8], 2> -> !tfg.nodes<[16], 2>
  tfg.observe %4 symbol dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[16], 2>
  tfg.query loglik %root : !tfg.nodes<[], 2>
  tfg.query marginals %4 : !tfg.nodes<[16], 2>
}

// CHECK-LABEL: @bp_up_symbol
// CHECK-SAME: tensor<2x2x2x2x?xi32>
// CHECK-NOT: bp.observe_symbol
// CHECK-NOT: bp.normalize
// CHECK: bp.look_up
// CHECK-NOT: bp.normalize
// CHECK: %[[PRODUCT:.*]] = bp.combine {{.*}} -> <[2], 2, linear, f32>
// CHECK: %[[NOTHING:.*]] = bp.zero_shift : <[2]>
// CHECK: %[[H:.*]], %[[C:.*]] = bp.normalize %[[PRODUCT]], %[[NOTHING]]
// CHECK: bp.up %[[H]]
// CHECK: %[[C0:.*]] = bp.combine_shift %[[C]] : <[2]> -> <[]>
// CHECK-NOT: bp.normalize
// CHECK: bp.loglik %{{.*}}, %[[C0]]
// CHECK-LABEL: @bp_up_soft
// CHECK-LABEL: @bp_updown_symbol
// CHECK: bp.observe_symbol
// CHECK: bp.look_up

// -----

// One matrix per edge stays one per edge; image patches become ranks.
tfg.model @image {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  %patches = tfg.children %root patch [1, 2] sharing rank dense<1.0> : tensor<2x1x3xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[1, 2], 3>
  %pixels = tfg.children %patches patch [2, 2] sharing none dense<1.0> : tensor<8x3x2xf64>
    : !tfg.nodes<[1, 2], 3> -> !tfg.nodes<[2, 4], 2>
  tfg.observe %pixels gaussian vectors dense<1.0> : tensor<2x3xf64> : !tfg.nodes<[2, 4], 2>
  tfg.query classify %root : !tfg.nodes<[], 1>
}

// CHECK-LABEL: @bp_up_gaussian
// CHECK-SAME: tensor<2x4x3x?xf32>
// CHECK: bp.up {{.*}} : tensor<8x3x2xf64> : <[2, 4], 2, linear, f32> -> <[2, 4], 3, linear, f32>
// CHECK: bp.up {{.*}} : tensor<2x1x3xf64> : <[2], 3, linear, f32> -> <[2], 1, linear, f32>
