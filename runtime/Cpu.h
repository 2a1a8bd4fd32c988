//===- Cpu.h - Whether this machine can run a model -----------------*- C++ -*-===//
//
// Compiled for one machine and started on another, a model must say so rather than die of an illegal instruction.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_CPU_H
#define ESPALIER_RUNTIME_CPU_H

#include <string>
#include <vector>

namespace espalier::runtime {

/// The features (named as LLVM does, a leading '+' allowed) that this machine, or its operating system, lacks. Names
/// that say nothing about the instructions of kernels (such as "cx8" or tuning flags) are taken to be there.
std::vector<std::string> missingFeatures(const std::vector<std::string> &features);

/// Throws Error, in one sentence on `what` that names what is missing, where missingFeatures() is not empty.
void requireFeatures(const std::vector<std::string> &features, const std::string &what = "this model");

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_CPU_H
