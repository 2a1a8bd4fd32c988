//===- Limits.cpp - What the machine could do -----------------------------===//
//
// Prints, as JSON, one thread's measured peak of fused multiply-adds and its measured memory bandwidth: the two sides
// of the roofline. Bandwidth is the best of reading (a sum) and of STREAM's triad, over arrays that no cache holds.
//
//===----------------------------------------------------------------------===//

#include "runtime/Peak.h"
#include "tests/bench/Timing.h"

#include <cstdint>
#include <cstdio>
#include <vector>

using namespace espalier;
using namespace espalier::bench;

namespace {

constexpr int64_t count = int64_t{1} << 26; // 256 MiB of floats
constexpr int64_t lanes = 256;
constexpr int repeats = 7;

double readSpeed(const std::vector<float> &a) {
  float partial[lanes] = {};
  double seconds = leastSeconds(
      [&] {
        for (int64_t i = 0; i < count; i += lanes)
          for (int64_t j = 0; j < lanes; ++j)
            partial[j] += a[i + j];
        asm volatile("" : : "r"(partial) : "memory");
      },
      repeats);
  return sizeof(float) * count / seconds / 1e9;
}

/// Counts what the program moves: two arrays read and one written.
double triadSpeed(std::vector<float> &a, const std::vector<float> &b, const std::vector<float> &c) {
  double seconds = leastSeconds(
      [&] {
        for (int64_t i = 0; i < count; ++i)
          a[i] = b[i] + 3.0f * c[i];
        asm volatile("" : : "r"(a.data()) : "memory");
      },
      repeats);
  return 3 * sizeof(float) * count / seconds / 1e9;
}

} // namespace

int main() {
  std::vector<float> a(count, 1), b(count, 2), c(count, 3);
  double read = readSpeed(a), triad = triadSpeed(a, b, c);
  std::printf("{\"peak_f32\": %.6g, \"peak_f64\": %.6g, \"read\": %.6g, \"triad\": %.6g}\n",
              runtime::measurePeak(runtime::ElementType::F32), runtime::measurePeak(runtime::ElementType::F64), read,
              triad);
  return 0;
}
