//===- StepWriter.h - One step at one node ----------------------*- C++ -*-===//
//
// Writes a step as linalg ops on the slices of the node that the walk stands at.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_SCHEDULE_STEPWRITER_H
#define ESPALIER_COMPILER_CODEGEN_SCHEDULE_STEPWRITER_H

#include "compiler/codegen/schedule/Frame.h"

namespace espalier {

class StepWriter {
public:
  StepWriter(Steps &steps, Frame &frame, mlir::OpBuilder &builder)
      : steps(steps), frame(frame), builder(builder), loc(steps.function().getLoc()) {}

  /// What a step's accumulators start from.
  void writeInit(Step &step);
  void writeStep(Step &step);
  void writeInitAndStep(Step &step);

  /// `partial` (null: where the gather starts) and one more child, into the gather's result or a buffer of its own.
  mlir::Value writePartial(Step &gather, mlir::Value partial, mlir::Value child, bool isLast);

  /// At the parent, before its children: for each of them the product of those behind it. Two children need none: each
  /// one's others are the other.
  void writeSuffixes(Step &step);

private:
  /// Running products over siblings: of those behind each child, and of those before the current one.
  struct Scan {
    Buffer suffixes;
    mlir::Value prefix;
  };

  void writeOthers(Step &step);
  void writeCombined(Step &step, mlir::ValueRange inputs, mlir::Value result);
  mlir::Value siblingSlice(Step &step, mlir::Value rank);
  mlir::Value fillOf(Step &step);
  void askAhead(mlir::linalg::GenericOp op, Step &kept, unsigned operand);
  void askAheadOfInputs(mlir::linalg::GenericOp op, Step &step);
  std::pair<mlir::Value, mlir::AffineMap> operandSlice(Step &step, mlir::OpOperand *operand);
  void cloneBody(Step &step, mlir::OpBuilder &nested, mlir::ValueRange arguments);

  Steps &steps;
  Frame &frame;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  llvm::DenseMap<Step *, Scan> scans;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_SCHEDULE_STEPWRITER_H
