//===- Lines.h - The lines of a piecewise linear function ---------*- C++ -*-===//
//
// A convex function is the largest of its lines, a concave one the least. Of many lines, only two can hold in each of
// the *buckets* that the range is divided into: so narrow that none has two knots.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_LINES_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_LINES_H

#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace espalier {

/// offset + sum_j out[j] ReLU(in[j] x + bias[j]): vectors of one length.
struct Units {
  llvm::ArrayRef<double> in, bias, out;
  double offset = 0;

  double operator()(double x) const;
};

struct Line {
  double slope = 0, intercept = 0;
  double operator()(double x) const { return slope * x + intercept; }
};

/// What a function is on each of its pieces.
struct Lines {
  std::vector<double> knots; ///< ascending
  std::vector<Line> lines;   ///< left of the first knot, between knots, right of the last
  bool isConvex = true, isConcave = true;

  explicit Lines(const Units &units);
};

/// Intervals of x, and the lines left and right of the knot in each.
struct Buckets {
  /// By place, the bucket is (x - low) * scale, rounded down. By bits it is the difference of the bits of x and of
  /// `low`, taken as integers, without the last `shift` of them: buckets are the narrower the smaller x is, as pieces
  /// of log are.
  bool byBits = false;
  double low = 0, high = 0; ///< what x is clipped to
  double scale = 0;
  int64_t shift = 0;
  std::vector<std::array<Line, 2>> lines;

  /// The bucket of x, to the last bit what compiled code finds in that precision.
  int64_t operator()(double x, bool isSingle) const;
};

/// None where the table would not stay in the caches. `isSingle`: x is in single precision, as knots must be.
std::optional<Buckets> findBuckets(const Lines &lines, bool isSingle);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_LINES_H
