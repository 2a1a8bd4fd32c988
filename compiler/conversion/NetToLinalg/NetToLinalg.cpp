//===- NetToLinalg.cpp - Networks on the tree's index space ---------------===//
//
// A feature map's positions are the nodes of a level, so a map with C channels on level l becomes a tensor
// `ranks of level l x C x batch`, and one with a channel group per child rank becomes `ranks of level l+1 x C x batch`:
// strided and transposed convolutions only move between the two. Layers on logarithms are computed as drawn; layers on
// weights are products and sums, as in message passing.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/NetToLinalg/NetLowering.h"
#include "compiler/conversion/Passes.h"
#include "compiler/conversion/support/Programs.h"

namespace espalier {
#define GEN_PASS_DEF_CONVERTNETTOLINALG
#include "compiler/conversion/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

/// The ranks of every level that `net.branching` states.
FailureOr<SmallVector<int64_t>> branchingOf(func::FuncOp function) {
  SmallVector<int64_t> ranks;
  auto patches = function->getAttrOfType<ArrayAttr>("net.branching");
  if (!patches || patches.empty() || !llvm::all_of(patches, llvm::IsaPred<DenseI64ArrayAttr>))
    return function.emitError() << "expects the attribute 'net.branching', the patch of every level";
  for (Attribute patch : patches)
    ranks.push_back(llvm::product_of(cast<DenseI64ArrayAttr>(patch).asArrayRef()));
  return ranks;
}

struct ConvertNetToLinalg : espalier::impl::ConvertNetToLinalgBase<ConvertNetToLinalg> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.getOps<net::SoftmaxOp>().empty() && function.getOps<net::ProportionOp>().empty())
        continue;
      FailureOr<SmallVector<int64_t>> branching = branchingOf(function);
      if (failed(branching) || failed(checkProgram(function, /*leastResults=*/1)) ||
          failed(NetLowering(function, *branching).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
