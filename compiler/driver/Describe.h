//===- Describe.h - The command `espalier describe` --------------*- C++ -*-===//
//
// Shows a model to its author: the tree level by level, and the U-Net layer by layer.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_DESCRIBE_H
#define ESPALIER_COMPILER_DRIVER_DESCRIBE_H

#include "compiler/driver/NetworkOptions.h"
#include "compiler/driver/Pipeline.h"

#include <string>

namespace espalier {

struct DescribeOptions {
  std::string model;
  bool json = false;
  NetOpt netOpt = NetOpt::None;
  std::string dtype; ///< empty: that of the programs that are there, f32 where there are none
  NetworkOptions network;
};

/// Prints the description to stdout, as tables or as JSON; the network as it is after `netOpt`, and its certificate if
/// it is made of ReLUs. Fails after printing what is wrong with the file.
llvm::LogicalResult describe(const DescribeOptions &options);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_DESCRIBE_H
