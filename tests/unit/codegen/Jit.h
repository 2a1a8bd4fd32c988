//===- Jit.h - Runs a function of one operation -------------------*- C++ -*-===//
//
// Puts one math operation into a loop over vectors, lowers it with the code generator's own pipeline and compiles it
// into this process.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_CODEGEN_JIT_H
#define ESPALIER_TESTS_UNIT_CODEGEN_JIT_H

#include "llvm/ExecutionEngine/Orc/LLJIT.h"

#include <memory>
#include <string>

namespace espalier::test {

/// Elements that one call handles.
inline constexpr int64_t kChunk = 4096;

struct OperationSpec {
  std::string operation; ///< "math.exp" or "math.log"
  int64_t lanes;         ///< 0: on scalars
  bool fma;              ///< the machine has fused multiply-adds
};

/// `operation` on kChunk numbers of type Real, float or double.
template <typename Real> class CompiledOperation {
public:
  explicit CompiledOperation(const OperationSpec &spec);
  void operator()(const Real *x, Real *y) const { function(x, y); }

private:
  std::unique_ptr<llvm::orc::LLJIT> jit;
  void (*function)(const Real *, Real *);
};

} // namespace espalier::test

#endif // ESPALIER_TESTS_UNIT_CODEGEN_JIT_H
