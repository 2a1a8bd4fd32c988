//===- BuildTFG.cpp - From a parsed model to the tfg dialect --------------===//

#include "compiler/frontend/BuildTFG.h"

#include "compiler/analysis/TFGModel.h"
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
static Value buildLevel(OpBuilder &builder, mlir::Location loc, const Model &model, int64_t l, Value parent) {
  const Level &level = model.levels[l - 1];
  auto type = tfg::NodesType::get(builder.getContext(), model.shape(l), level.states);
  ElementsAttr kernel = makeTable(builder.getContext(), {model.kernelCount(l), model.states(l - 1), level.states},
                                  level.kernel, "kernel_" + std::to_string(l));
  return tfg::ChildrenOp::create(builder, loc, type, parent, level.patch, kindOf(level.sharing), kernel);
}

/// A place in the model file; its start where the user wrote nothing and a default holds.
static mlir::Location toMLIR(const espalier::Location &place, StringRef file, MLIRContext *context) {
  return FileLineColLoc::get(StringAttr::get(context, file), std::max<int64_t>(place.line, 1),
                             std::max<int64_t>(place.column, 1));
}

OwningOpRef<ModuleOp> buildTFG(const Model &model, const ModelLocations &places, StringRef file, MLIRContext *context) {
  OpBuilder builder(context);
  auto at = [&](const espalier::Location &place) { return toMLIR(place, file, context); };
  mlir::Location loc = at(places.tree);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto op = tfg::ModelOp::create(builder, loc, model.name,
                                 model.description.empty() ? StringAttr() : builder.getStringAttr(model.description),
                                 StringAttr(), FloatAttr(), DenseF64ArrayAttr());
  if (model.network != NetworkSpec())
    stateNetwork(op, model.network);
  builder.setInsertionPointToStart(&op.getBody().emplaceBlock());

  auto rootType = tfg::NodesType::get(context, {}, model.rootStates);
  Value root = tfg::RootOp::create(builder, at(places.prior), rootType,
                                   makeTable(context, {model.rootStates}, model.prior, "prior"));
  Value leaves = root;
  for (int64_t l = 1; l <= model.depth(); ++l)
    leaves = buildLevel(builder, at(places.levels[l - 1]), model, l, leaves);
  tfg::ObserveOp::create(builder, at(places.observation), leaves,
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
