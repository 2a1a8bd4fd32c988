//===- Peak.cpp - What the machine could do -------------------------*- C++ -*-===//
//
// One loop of independent multiply-adds per instruction set, chosen at run time: the rest of the runtime is built for
// the baseline machine. Twelve chains cover the latency of two units; more would not fit the smaller register files.
//
//===----------------------------------------------------------------------===//

#include "runtime/Peak.h"

#include <algorithm>
#include <chrono>

using namespace espalier;
using namespace espalier::runtime;

namespace {

constexpr int chains = 12;
constexpr int64_t rounds = 100000;

using Loop = void (*)();

template <typename Real, int bytes> struct Vector {
  typedef Real Type __attribute__((vector_size(bytes)));
};

// GCC fuses multiplications and additions, and keeps the loop in registers, only where asked to; clang does by itself.
#ifdef __clang__
#define ESPALIER_OPTIMIZE(...)
#else
#define ESPALIER_OPTIMIZE(...) __attribute__((optimize(__VA_ARGS__)))
#endif

// Macros, because a target attribute does not reach into what a function calls, and named variables, because an array
// would stay in memory. The empty assembly makes every round happen; factor and addend keep the values finite.
#define ESPALIER_CHAINS(step)                                                                                          \
  step(0) step(1) step(2) step(3) step(4) step(5) step(6) step(7) step(8) step(9) step(10) step(11)
#define ESPALIER_DECLARE(i) Values v##i = addend * Real(i);
#define ESPALIER_ADVANCE(i) v##i = v##i * factor + addend;
#define ESPALIER_PEAK_LOOP(name, attributes, bytes)                                                                    \
  template <typename Real> attributes void name() {                                                                    \
    using Values = typename Vector<Real, bytes>::Type;                                                                 \
    Values factor = {}, addend = {};                                                                                   \
    factor += Real(0.5);                                                                                               \
    addend += Real(0.25);                                                                                              \
    ESPALIER_CHAINS(ESPALIER_DECLARE)                                                                                  \
    for (int64_t round = 0; round < rounds; ++round) {                                                                 \
      ESPALIER_CHAINS(ESPALIER_ADVANCE)                                                                                \
      asm volatile(""                                                                                                  \
                   : "+x"(v0), "+x"(v1), "+x"(v2), "+x"(v3), "+x"(v4), "+x"(v5), "+x"(v6), "+x"(v7), "+x"(v8),         \
                     "+x"(v9), "+x"(v10), "+x"(v11));                                                                  \
    }                                                                                                                  \
  }

ESPALIER_PEAK_LOOP(loop512, __attribute__((target("avx512f"))) ESPALIER_OPTIMIZE("O3", "fp-contract=fast"), 64)
ESPALIER_PEAK_LOOP(loop256, __attribute__((target("avx2,fma"))) ESPALIER_OPTIMIZE("O3", "fp-contract=fast"), 32)
ESPALIER_PEAK_LOOP(loop128, ESPALIER_OPTIMIZE("O3"), 16)

#undef ESPALIER_OPTIMIZE
#undef ESPALIER_PEAK_LOOP
#undef ESPALIER_ADVANCE
#undef ESPALIER_DECLARE
#undef ESPALIER_CHAINS

template <typename Real> double measure(Loop loop, int64_t bytes) {
  double best = 0;
  double operations = 2.0 * chains * rounds * (bytes / static_cast<int64_t>(sizeof(Real)));
  for (int repeat = 0; repeat < 200; ++repeat) {
    auto start = std::chrono::steady_clock::now();
    loop();
    std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, operations / elapsed.count());
  }
  return best / 1e9;
}

template <typename Real> double measureWidest() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    return measure<Real>(loop512<Real>, 64);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return measure<Real>(loop256<Real>, 32);
  return measure<Real>(loop128<Real>, 16);
}

} // namespace

double runtime::measurePeak(ElementType type) {
  return visitReal(type, [](auto zero) { return measureWidest<decltype(zero)>(); });
}
