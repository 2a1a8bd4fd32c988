// The networks of a model: a ConvNet for the root, a U-Net for every level, in the layers of math.md.
// RUN: espalier-opt %s -convert-tfg-to-net -split-input-file | FileCheck %s

// Positive kernels: the network as the paper draws it, in the arrays' own type.
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

// The ConvNet: two encoder blocks between stem and heads.
// CHECK-LABEL: @net_up_gaussian
// CHECK-SAME: (%[[Z:.*]]: tensor<?x1x6xf32>, %[[LAMBDA:.*]]: f64, %[[SIGMA:.*]]: f64) -> (tensor<?x2x1xf32>, tensor<?xf64>)
// CHECK-SAME: net.branching = [array<i64: 2>, array<i64: 3>]
// CHECK-NOT: net.cast
// CHECK: %[[H2:.*]], %[[C2:.*]] = net.gaussian_stem %[[Z]], %[[LAMBDA]], %[[SIGMA]]
// CHECK: %[[E2:.*]] = net.exp %[[H2]] : tensor<?x2x6xf32>
// CHECK: %[[K2:.*]] = net.conv %[[E2]] patch [3] weights {{.*}} : tensor<3x3x2xf64> : tensor<?x2x6xf32> -> tensor<?x9x2xf32>
// CHECK: %[[Q2:.*]] = net.log %[[K2]] : tensor<?x9x2xf32>
// CHECK: %[[S2:.*]] = net.sum_pool %[[Q2]] groups 3 : tensor<?x9x2xf32> -> tensor<?x3x2xf32>
// CHECK: %[[H1:.*]], %[[D1:.*]] = net.norm %[[S2]] : tensor<?x3x2xf32>, tensor<?x2xf64>
// CHECK: %[[C1:.*]] = net.shift_pool %[[C2]], %[[D1]] patch [3]
// CHECK: %[[E1:.*]] = net.exp %[[H1]]
// CHECK: %[[K1:.*]] = net.conv %[[E1]] patch [2] weights {{.*}} : tensor<2x2x3xf64> : tensor<?x3x2xf32> -> tensor<?x4x1xf32>
// CHECK: %[[Q1:.*]] = net.log %[[K1]]
// CHECK: %[[S1:.*]] = net.sum_pool %[[Q1]] groups 2
// CHECK: %[[H0:.*]], %[[D0:.*]] = net.norm %[[S1]]
// CHECK: %[[C0:.*]] = net.shift_pool %[[C1]], %[[D0]] patch [2]
// CHECK: %[[B:.*]] = net.bias %[[H0]] log
// CHECK: %[[POSTERIOR:.*]] = net.softmax %[[B]]
// CHECK: %[[LOGLIK:.*]] = net.evidence %[[B]], %[[C0]] minus
// CHECK: return %[[POSTERIOR]], %[[LOGLIK]]
// CHECK-LABEL: @net_up_soft
// CHECK: net.soft_stem

// The U-Net: the same encoder; a decoder block per level subtracts the long skip q and adds the long skip h.
// CHECK-LABEL: @net_updown_gaussian
// CHECK-SAME: -> (tensor<?x2x1xf32>, tensor<?x3x2xf32>, tensor<?x2x6xf32>, tensor<?x1x6xf32>, tensor<?xf64>)
// CHECK-NOT: sibling_sum
// CHECK: %[[H2:.*]], %{{.*}} = net.gaussian_stem
// CHECK: net.conv %{{.*}} patch [3]
// CHECK: %[[Q2:.*]] = net.log
// CHECK: net.sum_pool
// CHECK: %[[H1:.*]], %{{.*}} = net.norm
// CHECK: net.conv %{{.*}} patch [2]
// CHECK: %[[Q1:.*]] = net.log
// CHECK: net.bias
// CHECK: net.softmax
// CHECK-NOT: sibling_sum
// CHECK: %[[U1:.*]] = net.upsample %{{.*}} groups 2 : tensor<?x2x1xf32> -> tensor<?x4x1xf32>
// CHECK: %[[A1:.*]] = net.subtract %[[U1]], %[[Q1]]
// CHECK: %[[E1:.*]] = net.exp %[[A1]]
// CHECK: %[[T1:.*]] = net.conv_transpose %[[E1]] patch [2] weights {{.*}} : tensor<?x4x1xf32> -> tensor<?x3x2xf32>
// CHECK: %[[L1:.*]] = net.log %[[T1]]
// CHECK: %[[N1:.*]] = net.norm %[[L1]]
// CHECK: %[[M1:.*]] = net.add %[[N1]], %[[H1]]
// CHECK: %[[B1:.*]] = net.norm %[[M1]]
// CHECK: net.softmax %[[B1]] : tensor<?x3x2xf32>
// CHECK: %[[U2:.*]] = net.upsample %[[B1]] groups 3
// CHECK: %[[A2:.*]] = net.subtract %[[U2]], %[[Q2]]
// CHECK: %[[E2:.*]] = net.exp %[[A2]]
// CHECK: %[[T2:.*]] = net.conv_transpose %[[E2]] patch [3]
// CHECK: %[[L2:.*]] = net.log %[[T2]]
// CHECK: %[[N2:.*]] = net.norm %[[L2]]
// CHECK: %[[M2:.*]] = net.add %[[N2]], %[[H2]]
// CHECK: %[[B2:.*]] = net.norm %[[M2]]
// CHECK: %[[P2:.*]] = net.softmax %[[B2]] : tensor<?x2x6xf32>
// CHECK: net.readout %[[P2]] values
// CHECK-NOT: sibling_sum
// CHECK-LABEL: @net_updown_soft

// -----

// Zeros in the last kernel: there, exp, convolution and log are one layer and the skip carries the siblings; the level
// above keeps the paper's form. Features are in double precision, evidence and heads in the arrays' type.
tfg.model @zeros {
  %root = tfg.root dense<[0.25, 0.75]> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %middle = tfg.children %root patch [2] sharing level dense<[[[0.75, 0.25], [0.25, 0.75]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
  %leaves = tfg.children %middle patch [3] sharing level dense<[[[1.0, 0.0], [0.5, 0.5]]]> : tensor<1x2x2xf64>
    : !tfg.nodes<[2], 2> -> !tfg.nodes<[6], 2>
  tfg.observe %leaves symbol dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[6], 2>
  tfg.query marginals %leaves : !tfg.nodes<[6], 2>
}

// CHECK-NOT: @net_up_
// CHECK-LABEL: @net_updown_symbol
// CHECK-SAME: (%[[X:.*]]: tensor<?x6xi32>
// CHECK-SAME: -> (tensor<?x2x1xf32>, tensor<?x2x2xf32>, tensor<?x2x6xf32>, tensor<?x1x6xf32>, tensor<?xf64>)
// CHECK: net.symbol_stem %[[X]] : tensor<?x6xi32> -> tensor<?x2x6xf64>
// CHECK-LABEL: @net_updown_soft
// CHECK-SAME: (%[[W:.*]]: tensor<?x2x6xf64>
// CHECK: net.soft_stem %[[W]] : tensor<?x2x6xf64> -> tensor<?x2x6xf64>, tensor<?x6xf64>
// CHECK: %[[Q2:.*]] = net.logsumexp_conv %{{.*}} patch [3] weights {{.*}} : tensor<?x2x6xf64> -> tensor<?x6x2xf64>
// CHECK: net.conv %{{.*}} patch [2]
// CHECK: %[[Q1:.*]] = net.log
// CHECK: %[[ROOT:.*]] = net.softmax {{.*}} : tensor<?x2x1xf64>
// CHECK: net.cast %[[ROOT]] : tensor<?x2x1xf64> -> tensor<?x2x1xf32>
// CHECK: net.subtract %{{.*}}, %[[Q1]]
// CHECK: net.conv_transpose %{{.*}} patch [2]
// CHECK: %[[U2:.*]] = net.upsample %[[TOLD:.*]] groups 3
// CHECK: %[[S2:.*]] = net.sibling_sum %[[Q2]] groups 3
// CHECK: %[[A2:.*]] = net.add %[[U2]], %[[S2]]
// CHECK: net.logsumexp_conv_transpose %[[A2]] patch [3]
// CHECK: %[[P2:.*]] = net.cast {{.*}} : tensor<?x2x6xf64> -> tensor<?x2x6xf32>
// CHECK: net.readout %[[P2]] values

// -----

// Images: kernel and stride are the patch; positions have two axes; a matrix per edge is a locally connected layer.
tfg.model @image {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %patches = tfg.children %root patch [1, 2] sharing rank dense<1.0> : tensor<2x2x3xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[1, 2], 3>
  %pixels = tfg.children %patches patch [2, 2] sharing none dense<1.0> : tensor<8x3x2xf64>
    : !tfg.nodes<[1, 2], 3> -> !tfg.nodes<[2, 4], 2>
  tfg.observe %pixels gaussian vectors dense<1.0> : tensor<2x3xf64> : !tfg.nodes<[2, 4], 2>
  tfg.query classify %root : !tfg.nodes<[], 2>
}

// CHECK-LABEL: @net_up_gaussian
// CHECK-SAME: tensor<?x3x2x4xf32>
// CHECK-SAME: net.branching = [array<i64: 1, 2>, array<i64: 2, 2>]
// CHECK: net.conv %{{.*}} patch [2, 2] weights {{.*}} : tensor<8x3x2xf64> : tensor<?x2x2x4xf32> -> tensor<?x12x1x2xf32>
// CHECK: net.sum_pool %{{.*}} groups 4 : tensor<?x12x1x2xf32> -> tensor<?x3x1x2xf32>
// CHECK: net.conv %{{.*}} patch [1, 2] weights {{.*}} : tensor<2x2x3xf64> : tensor<?x3x1x2xf32> -> tensor<?x4x1x1xf32>
