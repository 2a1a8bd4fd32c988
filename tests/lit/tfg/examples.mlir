// The examples in dialects/tfg/TFGOps.td are valid.
// RUN: espalier-opt %s | FileCheck %s

// CHECK-LABEL: tfg.model @coin
tfg.model @coin {
  %0 = tfg.root dense<[0.5, 0.5]> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %1 = tfg.children %0 patch [2] sharing level dense<[[[0.9, 0.1], [0.1, 0.9]]]> : tensor<1x2x2xf64>
         : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
  tfg.observe %1 symbol dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[2], 2>
  tfg.query classify %0 : !tfg.nodes<[], 2>
}

// CHECK-LABEL: func.func private @nodes(!tfg.nodes<[8, 8], 16>)
func.func private @nodes(!tfg.nodes<[8, 8], 16>)
