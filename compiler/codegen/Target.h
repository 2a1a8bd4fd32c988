//===- Target.h - The CPU that code is made for ------------------*- C++ -*-===//
//
// Resolves --target-cpu to a target machine, and says which of its features matter to the schedule and to the user.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CODEGEN_TARGET_H
#define ESPALIER_COMPILER_CODEGEN_TARGET_H

#include "compiler/codegen/LowerToLLVM.h"

#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <string>
#include <vector>

namespace espalier {

struct Target {
  std::unique_ptr<llvm::TargetMachine> machine;
  std::string cpu;
  /// The enabled instruction set extensions, as LLVM names them, that the runtime can check for.
  std::vector<std::string> features;

  bool has(llvm::StringRef feature) const;
  /// Bytes of the widest vector registers.
  int64_t vectorBytes() const;
};

/// The target called `cpu` (`native`, or a name that LLVM knows, such as x86-64-v3). An error names what is wrong.
llvm::Expected<Target> createTarget(llvm::StringRef cpu);

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_TARGET_H
