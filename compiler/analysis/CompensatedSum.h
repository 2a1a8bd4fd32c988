//===- CompensatedSum.h - Sums that keep what they round away -----*- C++ -*-===//
//
// Neumaier's variant of Kahan's summation (ZAMM 54, 1974): the error of each addition is kept beside the sum. The
// result is off by one rounding of itself, and n^2 eps^2 of the sum of magnitudes, where a plain sum is off by n eps of
// it.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_COMPENSATEDSUM_H
#define ESPALIER_COMPILER_ANALYSIS_COMPENSATEDSUM_H

#include <cmath>

namespace espalier {

template <typename Real> class CompensatedSum {
public:
  void add(Real term) {
    Real next = sum + term;
    if (std::isfinite(next))
      rest += std::abs(sum) >= std::abs(term) ? (sum - next) + term : (term - next) + sum;
    sum = next;
  }

  /// Infinite where a term was.
  Real value() const { return sum + rest; }

private:
  Real sum = 0, rest = 0;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_ANALYSIS_COMPENSATEDSUM_H
