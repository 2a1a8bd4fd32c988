// What cannot be lowered is said, not crashed on.
// RUN: not espalier-opt %s -convert-tfg-to-bp=dtype=f16 2>&1 | FileCheck %s --check-prefix=DTYPE
// RUN: not espalier-opt %s -convert-tfg-to-net=dtype=f16 2>&1 | FileCheck %s --check-prefix=DTYPE
// RUN: echo 'module {}' | not espalier-opt -convert-tfg-to-bp 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: echo 'module {}' | not espalier-opt -convert-tfg-to-net 2>&1 | FileCheck %s --check-prefix=NONE

// DTYPE: error: expects dtype f32 or f64, got f16
// NONE: error: expects one tfg.model in the module, got 0
tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x2x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
  tfg.observe %leaves symbol dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[2], 2>
  tfg.query classify %root : !tfg.nodes<[], 2>
}
