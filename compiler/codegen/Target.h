//===- Target.h - The CPU that code is made for ------------------*- C++ -*-===//
//
// Resolves --target-cpu to one target or several, and says which of their features matter to the schedule and to the
// user.
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
  std::string cpu;
  /// The enabled instruction set extensions, as LLVM names them, that the runtime can check for.
  std::vector<std::string> features;
  /// All features that `cpu` does not stand for, enabled (+) and disabled (-), as LLVM reads them.
  std::string subtarget;

  /// A target machine of its own for whoever asks: they are not to be shared between threads.
  std::unique_ptr<llvm::TargetMachine> createMachine() const;
  bool has(llvm::StringRef feature) const;
  /// Bytes of the widest vector registers.
  int64_t vectorBytes() const;
};

/// The value of --target-cpu that stands for several targets.
inline constexpr llvm::StringLiteral kPortable = "portable";

/// What `cpu` stands for, best first: x86-64-v4, v3 and v2 for `portable`, otherwise the one target of that name
/// (`native`, or a name that LLVM knows, such as x86-64-v3). An error names what is wrong.
llvm::Expected<std::vector<Target>> createTargets(llvm::StringRef cpu);

} // namespace espalier

#endif // ESPALIER_COMPILER_CODEGEN_TARGET_H
