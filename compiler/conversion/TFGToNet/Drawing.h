//===- Drawing.h - What both kinds of network are drawn with -----*- C++ -*-===//
//
// Types, tables and layers that the network of exps and logs and the network of ReLUs have in common.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_TFGTONET_DRAWING_H
#define ESPALIER_COMPILER_CONVERSION_TFGTONET_DRAWING_H

#include "compiler/conversion/support/Programs.h"
#include "dialects/net/NetOps.h"

namespace espalier {

class Drawing {
public:
  /// Feature maps of type `real`; evidence and heads of type `arrays`.
  Drawing(const Model &model, const ProgramSpec &spec, mlir::FloatType real, mlir::FloatType arrays)
      : model(model), spec(spec), real(real), arrays(arrays), context(arrays.getContext()), builder(context),
        loc(mlir::UnknownLoc::get(context)) {}

protected:
  /// The function @net_..., and the builder in it: posteriors of every level (of the root alone without a downward
  /// pass) and the posterior mean as results, then `others`.
  mlir::func::FuncOp createFunction(mlir::ModuleOp module, mlir::Location location, mlir::TypeRange others);

  /// Batch, channels and the positions of level l; one position for the root.
  mlir::RankedTensorType mapType(int64_t l, int64_t channels, mlir::Type type = nullptr) const;
  /// Batch and positions, without channels.
  mlir::RankedTensorType flatType(int64_t l, mlir::Type type) const;
  mlir::RankedTensorType shiftType(int64_t l) { return flatType(l, builder.getF64Type()); }
  mlir::DenseI64ArrayAttr patch(int64_t l) { return builder.getDenseI64ArrayAttr(model.levels[l - 1].patch); }
  mlir::ElementsAttr prior();
  mlir::ElementsAttr values();

  mlir::Value norm(mlir::Value map);
  /// The posterior of level l, in the arrays' type.
  mlir::Value head(int64_t l, mlir::Value belief);
  mlir::Value readout(mlir::Value leaves);

  const Model &model;
  const ProgramSpec &spec;
  mlir::FloatType real, arrays;
  mlir::MLIRContext *context;
  mlir::OpBuilder builder;
  mlir::Location loc;

private:
  mlir::Type evidenceType();
  mlir::ArrayAttr branching();
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_TFGTONET_DRAWING_H
