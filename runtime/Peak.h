//===- Peak.h - What the machine could do ---------------------------*- C++ -*-===//
//
// The rate of fused multiply-adds in registers: the ceiling against which kernels are measured.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_PEAK_H
#define ESPALIER_RUNTIME_PEAK_H

#include "runtime/Array.h"

namespace espalier::runtime {

/// Measures one thread's peak in GFLOP/s (10^9 operations a second, a fused multiply-add counting two) for F32 or
/// F64, with the widest vectors that this machine has. Takes about 0.1 s.
double measurePeak(ElementType type);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_PEAK_H
