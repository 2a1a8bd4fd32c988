// Every op and type of tfg, in every form, prints as text that reads back the same.
// RUN: espalier-opt %s | espalier-opt | FileCheck %s

// CHECK-LABEL: tfg.model @sequence attributes {description = "two levels"} {
tfg.model @sequence attributes {description = "two levels"} {
  // CHECK: %[[ROOT:.*]] = tfg.root dense<[5.000000e-01, 2.500000e-01]> : tensor<2xf64> -> <[], 2>
  %root = tfg.root dense<[0.5, 0.25]> : tensor<2xf64> -> !tfg.nodes<[], 2>
  // CHECK: %[[MIDDLE:.*]] = tfg.children %[[ROOT]] patch [2] sharing rank dense<{{.*}}> : tensor<2x2x3xf64>
  // CHECK-SAME: : <[], 2> -> <[2], 3>
  %middle = tfg.children %root patch [2] sharing rank
    dense<[[[0.1, 0.2, 0.7], [1.0, 0.0, 0.0]], [[0.3, 0.3, 0.4], [0.0, 2.0, 0.0]]]> : tensor<2x2x3xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 3>
  // CHECK: %[[LEAVES:.*]] = tfg.children %[[MIDDLE]] patch [3] sharing level dense<1.000000e+00> : tensor<1x3x1xf64>
  // CHECK-SAME: : <[2], 3> -> <[6], 1>
  %leaves = tfg.children %middle patch [3] sharing level dense<1.0> : tensor<1x3x1xf64>
    : !tfg.nodes<[2], 3> -> !tfg.nodes<[6], 1>
  // CHECK: tfg.observe %[[LEAVES]] symbol dense<0.000000e+00> : tensor<1x1xf64> : <[6], 1>
  tfg.observe %leaves symbol dense<0.0> : tensor<1x1xf64> : !tfg.nodes<[6], 1>
  // CHECK: tfg.query classify %[[ROOT]] : <[], 2>
  tfg.query classify %root : !tfg.nodes<[], 2>
  // CHECK: tfg.query loglik %[[ROOT]] : <[], 2>
  tfg.query loglik %root : !tfg.nodes<[], 2>
  // CHECK: tfg.query denoise %[[LEAVES]] : <[6], 1>
  tfg.query denoise %leaves : !tfg.nodes<[6], 1>
  // CHECK: tfg.query marginals %[[LEAVES]] : <[6], 1>
  tfg.query marginals %leaves : !tfg.nodes<[6], 1>
}

// An image, one kernel per edge out of a resource, and vectors as observations.
// CHECK-LABEL: tfg.model @image {
tfg.model @image {
  %root = tfg.root dense<1.0> : tensor<1xf64> -> !tfg.nodes<[], 1>
  // CHECK: %[[PIXELS:.*]] = tfg.children %{{.*}} patch [1, 2] sharing none dense_resource<kernel_1> : tensor<2x1x2xf64>
  // CHECK-SAME: : <[], 1> -> <[1, 2], 2>
  %pixels = tfg.children %root patch [1, 2] sharing none dense_resource<kernel_1> : tensor<2x1x2xf64>
    : !tfg.nodes<[], 1> -> !tfg.nodes<[1, 2], 2>
  // CHECK: tfg.observe %[[PIXELS]] gaussian vectors dense<{{.*}}> : tensor<2x3xf64> : <[1, 2], 2>
  tfg.observe %pixels gaussian vectors dense<[[0.0, 0.5, 1.0], [-1.0, 0.0, 0.0]]> : tensor<2x3xf64>
    : !tfg.nodes<[1, 2], 2>
}

// CHECK: kernel_1: "0x08000000000000000000E03F000000000000E03F000000000000D03F000000000000E83F"
{-#
  dialect_resources: {
    builtin: {
      kernel_1: "0x08000000000000000000E03F000000000000E03F000000000000D03F000000000000E83F"
    }
  }
#-}
