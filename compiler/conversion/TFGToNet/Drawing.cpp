//===- Drawing.cpp - What both kinds of network are drawn with ------------===//

#include "compiler/conversion/TFGToNet/Drawing.h"

#include "dialects/support/Tables.h"

using namespace mlir;

namespace espalier {

func::FuncOp Drawing::createFunction(ModuleOp module, Location location, TypeRange others) {
  loc = location;
  int64_t depth = model.depth();
  SmallVector<Type> results;
  for (int64_t l = 0; l <= (spec.downward ? depth : 0); ++l)
    results.push_back(mapType(l, model.states(l), arrays));
  if (spec.downward)
    results.push_back(mapType(depth, model.valueSize, arrays));
  llvm::append_range(results, others);
  func::FuncOp function = createProgram(module, loc, "net", spec, evidenceType(), results);
  function->setAttr("net.branching", branching());
  builder.setInsertionPointToStart(&function.getBody().front());
  return function;
}

RankedTensorType Drawing::mapType(int64_t l, int64_t channels, Type type) const {
  SmallVector<int64_t> shape = {ShapedType::kDynamic, channels};
  llvm::append_range(shape, model.shape(l));
  return RankedTensorType::get(shape, type ? type : Type(real));
}

RankedTensorType Drawing::flatType(int64_t l, Type type) const {
  SmallVector<int64_t> shape = {ShapedType::kDynamic};
  llvm::append_range(shape, model.shape(l));
  return RankedTensorType::get(shape, type);
}

Type Drawing::evidenceType() {
  if (spec.evidence == Evidence::Symbol)
    return flatType(model.depth(), builder.getI32Type());
  if (spec.evidence == Evidence::Gaussian)
    return mapType(model.depth(), model.valueSize, arrays);
  // What is not 0 must not become 0 where it may be all that counts: doubles where features are.
  return mapType(model.depth(), model.leafStates());
}

ArrayAttr Drawing::branching() {
  SmallVector<Attribute> levels;
  for (const Level &level : model.levels)
    levels.push_back(builder.getDenseI64ArrayAttr(level.patch));
  return builder.getArrayAttr(levels);
}

ElementsAttr Drawing::prior() { return makeTable(context, {model.rootStates}, model.prior, "prior"); }

ElementsAttr Drawing::values() {
  return makeTable(context, {model.leafStates(), model.valueSize}, model.values, "values");
}

Value Drawing::norm(Value map) { return net::NormOp::create(builder, loc, TypeRange{map.getType()}, map).getResult(); }

Value Drawing::head(int64_t l, Value belief) {
  Value posterior = net::SoftmaxOp::create(builder, loc, belief.getType(), belief);
  if (real == arrays)
    return posterior;
  return net::CastOp::create(builder, loc, mapType(l, model.states(l), arrays), posterior);
}

Value Drawing::readout(Value leaves) {
  return net::ReadoutOp::create(builder, loc, mapType(model.depth(), model.valueSize, arrays), leaves, values());
}

} // namespace espalier
