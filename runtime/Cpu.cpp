//===- Cpu.cpp - Whether this machine can run a model ---------------*- C++ -*-===//
//
// The compiler's builtin wants literal names, hence the table. It also asks the operating system whether it saves the
// wide registers.
//
//===----------------------------------------------------------------------===//

#include "runtime/Cpu.h"

#include "runtime/Error.h"

#include <string_view>

using namespace espalier;

namespace {

struct Feature {
  std::string_view name; ///< LLVM's
  bool (*present)();
};

#define FEATURE(llvm, gcc) {llvm, [] { return __builtin_cpu_supports(gcc) != 0; }}

/// Everything that a code generator may turn into instructions of a kernel.
const Feature features[] = {
    FEATURE("cmov", "cmov"),
    FEATURE("mmx", "mmx"),
    FEATURE("sse", "sse"),
    FEATURE("sse2", "sse2"),
    FEATURE("sse3", "sse3"),
    FEATURE("ssse3", "ssse3"),
    FEATURE("sse4.1", "sse4.1"),
    FEATURE("sse4.2", "sse4.2"),
    FEATURE("sse4a", "sse4a"),
    FEATURE("popcnt", "popcnt"),
    FEATURE("aes", "aes"),
    FEATURE("pclmul", "pclmul"),
    FEATURE("avx", "avx"),
    FEATURE("f16c", "f16c"),
    FEATURE("fma", "fma"),
    FEATURE("fma4", "fma4"),
    FEATURE("xop", "xop"),
    FEATURE("bmi", "bmi"),
    FEATURE("bmi2", "bmi2"),
    FEATURE("lzcnt", "lzcnt"),
    FEATURE("movbe", "movbe"),
    FEATURE("adx", "adx"),
    FEATURE("sha", "sha"),
    FEATURE("gfni", "gfni"),
    FEATURE("vaes", "vaes"),
    FEATURE("vpclmulqdq", "vpclmulqdq"),
    FEATURE("avx2", "avx2"),
    FEATURE("avxvnni", "avxvnni"),
    FEATURE("avx512f", "avx512f"),
    FEATURE("avx512cd", "avx512cd"),
    FEATURE("avx512bw", "avx512bw"),
    FEATURE("avx512dq", "avx512dq"),
    FEATURE("avx512vl", "avx512vl"),
    FEATURE("avx512ifma", "avx512ifma"),
    FEATURE("avx512vbmi", "avx512vbmi"),
    FEATURE("avx512vbmi2", "avx512vbmi2"),
    FEATURE("avx512vnni", "avx512vnni"),
    FEATURE("avx512bitalg", "avx512bitalg"),
    FEATURE("avx512vpopcntdq", "avx512vpopcntdq"),
    FEATURE("avx512vp2intersect", "avx512vp2intersect"),
    FEATURE("avx512bf16", "avx512bf16"),
    FEATURE("avx512fp16", "avx512fp16"),
};

#undef FEATURE

bool isMissing(std::string_view name) {
  for (const Feature &feature : features)
    if (feature.name == name)
      return !feature.present();
  return false;
}

} // namespace

std::vector<std::string> runtime::missingFeatures(const std::vector<std::string> &wanted) {
  __builtin_cpu_init();
  std::vector<std::string> missing;
  for (std::string_view name : wanted) {
    if (name.starts_with('-'))
      continue;
    if (name.starts_with('+'))
      name.remove_prefix(1);
    if (isMissing(name))
      missing.emplace_back(name);
  }
  return missing;
}

void runtime::requireFeatures(const std::vector<std::string> &wanted, const std::string &what) {
  std::vector<std::string> missing = missingFeatures(wanted);
  if (missing.empty())
    return;
  std::string list;
  for (const std::string &name : missing)
    list += (list.empty() ? "" : ", ") + name;
  throw Error(what + " was compiled for a processor with " + list + ", which this machine lacks");
}
