//===- Describe.h - The command `espalier describe` --------------*- C++ -*-===//
//
// Shows a model to its author: the tree level by level, and the U-Net layer by layer.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_DESCRIBE_H
#define ESPALIER_COMPILER_DRIVER_DESCRIBE_H

#include "compiler/driver/Pipeline.h"

#include <string>

namespace espalier {

/// Prints the description to stdout, as tables or as JSON; the network as it is after `netOpt`. Fails after printing
/// what is wrong with the file.
llvm::LogicalResult describe(const std::string &model, bool json, NetOpt netOpt);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_DESCRIBE_H
