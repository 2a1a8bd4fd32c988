//===- RandomKernel.h - Kernels drawn from a Dirichlet law --------*- C++ -*-===//
//
// `random = { concentration, seed }` of a model file: rows drawn independently from the symmetric Dirichlet law. The
// generator and every step from its bits to a row are fixed here, not taken from the standard library's
// distributions, so that a model file means the same kernels on every platform (up to the last bits of log and exp).
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_RANDOMKERNEL_H
#define ESPALIER_COMPILER_FRONTEND_RANDOMKERNEL_H

#include <cstdint>
#include <random>
#include <vector>

namespace espalier {

/// Random numbers from std::mt19937_64, whose output the C++ standard fixes, seeded through std::seed_seq with the
/// 32-bit words {low word of seed, high word of seed, level}.
class KernelSampler {
public:
  KernelSampler(uint64_t seed, int64_t level);

  /// Uniform on the open interval (0, 1): the upper 53 bits, centred between multiples of 2^-53.
  double uniform();
  /// Standard normal, by Marsaglia's polar method; the second of each pair is used on the next call.
  double normal();
  /// The logarithm of a Gamma(shape, 1) variate for shape >= 1 (Marsaglia and Tsang, "A simple method for generating
  /// gamma variables", 2000). A logarithm because variates of small shapes underflow.
  double logGamma(double shape);
  /// Fills row[0..size) with a draw from the symmetric Dirichlet law: finite, >= 0, sum 1 up to rounding; at least
  /// one entry is >= 1 / size however small the concentration, which must be finite and > 0.
  void dirichlet(double concentration, double *row, int64_t size);

private:
  std::mt19937_64 engine;
  double spare = 0;
  bool hasSpare = false;
};

/// `rows` x `columns` entries, row-major.
std::vector<double> randomRows(int64_t rows, int64_t columns, double concentration, uint64_t seed, int64_t level);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_RANDOMKERNEL_H
