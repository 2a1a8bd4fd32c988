//===- TFGModel.cpp - The model that a module states ----------------------===//

#include "compiler/analysis/TFGModel.h"

#include "dialects/support/Tables.h"

using namespace mlir;

namespace espalier {

FailureOr<tfg::ModelOp> findModel(ModuleOp module) {
  auto models = llvm::to_vector(module.getOps<tfg::ModelOp>());
  if (models.size() != 1)
    return module.emitError() << "expects one tfg.model in the module, got " << models.size();
  return models.front();
}

static Sharing sharingOf(tfg::SharingKind kind) {
  switch (kind) {
  case tfg::SharingKind::Rank:
    return Sharing::Rank;
  case tfg::SharingKind::Level:
    return Sharing::Level;
  case tfg::SharingKind::None:
    return Sharing::None;
  }
  llvm_unreachable("all kinds are covered");
}

static NetworkSpec networkOf(tfg::ModelOp op) {
  NetworkSpec network;
  if (op.getActivation() == "relu")
    network.activation = Activation::Relu;
  if (op.getTolerance())
    network.tolerance = op.getTolerance()->convertToDouble();
  if (std::optional<ArrayRef<double>> box = op.getBox()) {
    network.z = {(*box)[0], (*box)[1]};
    network.sigma = {(*box)[2], (*box)[3]};
    network.lambda = {(*box)[4], (*box)[5]};
  }
  return network;
}

void stateNetwork(tfg::ModelOp op, const NetworkSpec &network) {
  op.setActivation(StringRef(network.activation == Activation::Relu ? "relu" : "exact"));
  op.setTolerance(APFloat(network.tolerance));
  op.setBox(ArrayRef<double>{network.z.low, network.z.high, network.sigma.low, network.sigma.high, network.lambda.low,
                             network.lambda.high});
}

Model readModel(tfg::ModelOp op) {
  Model model;
  model.name = op.getSymName().str();
  model.description = op.getDescription().value_or("").str();
  model.network = networkOf(op);
  for (Operation &part : op.getBody().front()) {
    // The verifiers have read every table before.
    if (auto root = dyn_cast<tfg::RootOp>(part)) {
      model.rootStates = root.getNodes().getType().getStates();
      model.prior = *readTable(root.getPrior());
    } else if (auto children = dyn_cast<tfg::ChildrenOp>(part)) {
      Level level;
      level.patch = children.getPatch().vec();
      level.states = children.getNodes().getType().getStates();
      level.sharing = sharingOf(children.getSharing());
      level.kernel = *readTable(children.getKernel());
      model.levels.push_back(std::move(level));
    } else if (auto observe = dyn_cast<tfg::ObserveOp>(part)) {
      model.channel = observe.getChannel() == tfg::ChannelKind::Gaussian ? Channel::Gaussian : Channel::Symbol;
      model.values = *readTable(observe.getValues());
      model.valueSize = tableShape(observe.getValues())[1];
      model.valuesAreVectors = observe.getVectors();
    }
  }
  return model;
}

bool asks(tfg::ModelOp op, ArrayRef<tfg::QueryKind> queries) {
  return llvm::any_of(op.getBody().getOps<tfg::QueryOp>(),
                      [&](tfg::QueryOp query) { return llvm::is_contained(queries, query.getQuery()); });
}

} // namespace espalier
