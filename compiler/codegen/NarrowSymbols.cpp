//===- NarrowSymbols.cpp - Exact symbols in few bits ----------------------===//
//
// Programs take symbols as i32, as users have them. A tile of them is laid out anew in any case, and where all fit into
// a byte it is brought in, kept and read as bytes: a quarter of the cache, and of the loads of the transposition.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace espalier {
#define GEN_PASS_DEF_NARROWSYMBOLS
#include "compiler/codegen/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

struct NarrowSymbols : espalier::impl::NarrowSymbolsBase<NarrowSymbols> {
  using NarrowSymbolsBase::NarrowSymbolsBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal() || function.getNumArguments() == 0)
      return;
    BlockArgument symbols = function.getArgument(0);
    auto type = dyn_cast<RankedTensorType>(symbols.getType());
    if (!type || !type.getElementType().isInteger() || type.getElementTypeBitWidth() <= bits)
      return;
    Type narrow = IntegerType::get(&getContext(), bits);
    symbols.setType(type.clone(narrow));
    SmallVector<Type> inputs(function.getArgumentTypes());
    inputs[0] = symbols.getType();
    function.setFunctionType(FunctionType::get(&getContext(), inputs, function.getResultTypes()));
    for (OpOperand &use : symbols.getUses())
      if (auto reader = dyn_cast<linalg::GenericOp>(use.getOwner()))
        widen(reader.getMatchingBlockArgument(&use), narrow, type.getElementType());
  }

  /// Bodies go on with the wide type: what they compute of symbols may take more bits.
  static void widen(BlockArgument symbol, Type narrow, Type wide) {
    symbol.setType(narrow);
    OpBuilder builder = OpBuilder::atBlockBegin(symbol.getOwner());
    auto widened = arith::ExtUIOp::create(builder, symbol.getLoc(), wide, symbol);
    symbol.replaceAllUsesExcept(widened, widened);
  }
};

} // namespace
