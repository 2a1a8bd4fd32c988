//===- BuildTFG.cpp - From a parsed model to the tfg dialect --------------===//

#include "compiler/frontend/BuildTFG.h"

#include "dialects/support/Tables.h"
#include "dialects/tfg/TFGOps.h"

#include "mlir/IR/Builders.h"

using namespace mlir;

namespace espalier {

static tfg::SharingKind kindOf(Sharing sharing) {
  switch (sharing) {
  case Sharing::Rank:
    return tfg::SharingKind::Rank;
  case Sharing::Level:
    return tfg::SharingKind::Level;
  case Sharing::None:
    return tfg::SharingKind::None;
  }
  llvm_unreachable("all kinds are covered");
}

/// One level below `parent`.
static Value buildLevel(OpBuilder &builder, Location loc, const Model &model, int64_t l, Value parent) {
  const Level &level = model.levels[l - 1];
  auto type = tfg::NodesType::get(builder.getContext(), model.shape(l), level.states);
  ElementsAttr kernel = makeTable(builder.getContext(), {model.kernelCount(l), model.states(l - 1), level.states},
                                  level.kernel, "kernel_" + std::to_string(l));
  return tfg::ChildrenOp::create(builder, loc, type, parent, level.patch, kindOf(level.sharing), kernel);
}

OwningOpRef<ModuleOp> buildTFG(const Model &model, StringRef file, MLIRContext *context) {
  OpBuilder builder(context);
  Location loc = FileLineColLoc::get(builder.getStringAttr(file), 1, 1);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto op = tfg::ModelOp::create(builder, loc, model.name,
                                 model.description.empty() ? StringAttr() : builder.getStringAttr(model.description));
  builder.setInsertionPointToStart(&op.getBody().emplaceBlock());

  auto rootType = tfg::NodesType::get(context, {}, model.rootStates);
  Value root = tfg::RootOp::create(builder, loc, rootType, makeTable(context, {model.rootStates}, model.prior, "prior"));
  Value leaves = root;
  for (int64_t l = 1; l <= model.depth(); ++l)
    leaves = buildLevel(builder, loc, model, l, leaves);
  tfg::ObserveOp::create(builder, loc, leaves,
                         model.channel == Channel::Gaussian ? tfg::ChannelKind::Gaussian : tfg::ChannelKind::Symbol,
                         model.valuesAreVectors,
                         makeTable(context, {model.leafStates(), model.valueSize}, model.values, "values"));
  tfg::QueryOp::create(builder, loc, tfg::QueryKind::Classify, root);
  tfg::QueryOp::create(builder, loc, tfg::QueryKind::Loglik, root);
  tfg::QueryOp::create(builder, loc, tfg::QueryKind::Denoise, leaves);
  tfg::QueryOp::create(builder, loc, tfg::QueryKind::Marginals, leaves);
  return module;
}

} // namespace espalier
