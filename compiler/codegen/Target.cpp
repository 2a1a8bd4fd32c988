//===- Target.cpp - The CPU that code is made for -------------------------===//

#include "compiler/codegen/Target.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

namespace espalier {

/// What compiled code can come to need and a CPU can lack; runtime/Cpu.cpp can check for each.
static constexpr llvm::StringLiteral kCheckedFeatures[] = {
    "sse3",       "ssse3",      "sse4.1",      "sse4.2",     "popcnt",       "avx",
    "avx2",       "fma",        "f16c",        "bmi",        "bmi2",         "lzcnt",
    "movbe",      "avx512f",    "avx512dq",    "avx512bw",   "avx512vl",     "avx512cd",
    "gfni",       "avx512vbmi", "avx512vbmi2", "avx512vnni", "avx512bitalg", "avx512vpopcntdq",
    "avx512bf16", "avx512ifma", "vpclmulqdq"};

bool Target::has(llvm::StringRef feature) const { return llvm::is_contained(features, feature); }

int64_t Target::vectorBytes() const {
  return has("avx512f") && has("avx512dq") && has("avx512vl") ? 64 : has("avx2") ? 32 : 16;
}

static llvm::Triple hostTriple() { return llvm::Triple(llvm::sys::getProcessTriple()); }

std::unique_ptr<llvm::TargetMachine> Target::createMachine() const {
  std::string error;
  const llvm::Target *registered = llvm::TargetRegistry::lookupTarget(hostTriple(), error);
  return std::unique_ptr<llvm::TargetMachine>(
      registered->createTargetMachine(hostTriple(), cpu, subtarget, llvm::TargetOptions(), llvm::Reloc::PIC_,
                                      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

static llvm::Expected<Target> createTarget(llvm::StringRef cpu) {
  llvm::Triple triple = hostTriple();
  std::string error;
  const llvm::Target *registered = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!registered)
    return llvm::createStringError(error);

  Target target;
  target.cpu = cpu.str();
  if (cpu == "native") {
    target.cpu = llvm::sys::getHostCPUName().str();
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      target.subtarget +=
          (target.subtarget.empty() ? "" : ",") + std::string(feature.second ? "+" : "-") + feature.first().str();
  }
  constexpr llvm::StringLiteral names = ": expects native, portable, x86-64-v2, x86-64-v3, x86-64-v4 or another name "
                                        "that LLVM knows";
  std::unique_ptr<llvm::MCSubtargetInfo> known(registered->createMCSubtargetInfo(triple, "", ""));
  if (!known->isCPUStringValid(target.cpu))
    return llvm::createStringError("unknown target CPU '" + cpu + "'" + names);
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      registered->createMCSubtargetInfo(triple, target.cpu, target.subtarget));
  // LLVM ends the process where it is to write 64-bit code for the others.
  if (!subtarget->checkFeatures("+64bit"))
    return llvm::createStringError("target CPU '" + cpu + "' has no 64-bit mode" + names);
  for (llvm::StringRef feature : kCheckedFeatures)
    if (subtarget->checkFeatures(("+" + feature).str()))
      target.features.push_back(feature.str());
  return target;
}

llvm::Expected<std::vector<Target>> createTargets(llvm::StringRef cpu) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  std::vector<llvm::StringRef> names = {cpu};
  if (cpu == kPortable)
    names = {"x86-64-v4", "x86-64-v3", "x86-64-v2"};
  std::vector<Target> targets;
  for (llvm::StringRef name : names) {
    llvm::Expected<Target> target = createTarget(name);
    if (!target)
      return target.takeError();
    targets.push_back(std::move(*target));
  }
  return targets;
}

} // namespace espalier
