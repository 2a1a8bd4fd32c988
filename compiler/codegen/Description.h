//===- Description.h - What a compiled model says of itself ------*- C++ -*-===//
//
// The JSON text and the tables of runtime/ABI.h, from a model and the kernels that were compiled for it.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_DESCRIPTION_H
#define ESPALIER_COMPILER_CODEGEN_DESCRIPTION_H

#include "compiler/analysis/Model.h"
#include "compiler/codegen/Target.h"

namespace espalier {

/// A compiled kernel: its symbol in the object files, and what its name and its attribute say.
struct KernelInfo {
  std::string function, program, pass, evidence;
  int64_t workspace, tile;
  bool isDouble;
  bool takesDoubles;   ///< as evidence, where that is reals
  int64_t symbolBytes; ///< of one symbol of a tile; 0 where evidence is none
  /// With nodes in the lanes: their level, the lanes of what is computed above them, and the samples up to which the
  /// kernel is to be used. Level 0: samples stand in the lanes.
  int64_t positions = 0, lanes = 0, mostBatch = 0;
};

/// One variant of a model's kernels.
struct VariantInfo {
  Target target;
  std::vector<KernelInfo> kernels;
};

struct Description {
  std::string json;
  std::vector<double> tables;
};

Description describeModel(const Model &model, llvm::ArrayRef<VariantInfo> variants);

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_DESCRIPTION_H
