tfg.model @model {
  %root = tfg.root dense<1.0> : tensor<2xf64> -> !tfg.nodes<[], 2>
  %leaves = tfg.children %root patch [2] sharing level dense<1.0> : tensor<1x2x2xf64>
    : !tfg.nodes<[], 2> -> !tfg.nodes<[2], 2>
  tfg.observe %leaves symbol dense<[[-1.0], [1.0]]> : tensor<2x1xf64> : !tfg.nodes<[2], 2>
  tfg.query classify %root : !tfg.nodes<[], 2>
}
func.func @main(%x: i32) -> i32 {
  return %x : i32
}
