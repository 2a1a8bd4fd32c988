//===- Random.h - Reproducible random numbers -----------------------*- C++ -*-===//
//
// One generator per sample, seeded by (seed, purpose, sample): results do not depend on the number of threads, and
// sample i is the same whatever the number of samples. xoshiro256++ (Blackman and Vigna, "Scrambled linear
// pseudorandom number generators", 2021), its state filled by splitmix64. Distributions are our own because those of
// the standard library differ between implementations.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_RANDOM_H
#define ESPALIER_RUNTIME_RANDOM_H

#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

namespace espalier::runtime {

class Random {
public:
  /// What the numbers are for: streams of different purposes are unrelated.
  enum class Purpose : uint64_t { Sample = 1, Channel = 2, Cases = 3 };

  Random(uint64_t seed, Purpose purpose, uint64_t index) {
    uint64_t key = mix(mix(seed) + static_cast<uint64_t>(purpose)) + mix(index);
    for (uint64_t &word : words)
      word = mix(key += increment);
  }

  uint64_t bits() {
    uint64_t result = std::rotl(words[0] + words[3], 23) + words[0];
    uint64_t shifted = words[1] << 17;
    words[2] ^= words[0];
    words[3] ^= words[1];
    words[1] ^= words[2];
    words[0] ^= words[3];
    words[2] ^= shifted;
    words[3] = std::rotl(words[3], 45);
    return result;
  }

  /// Uniform on [0, 1), a multiple of 2^-53.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform on 0 .. count - 1; the bias of 2^-53 * count is of no consequence here.
  int64_t below(int64_t count) { return static_cast<int64_t>(uniform() * static_cast<double>(count)); }

  /// Standard normal, by Box and Muller; every second call returns the pair's other half.
  double normal() {
    if (std::exchange(hasSpare, !hasSpare))
      return spare;
    double radius = std::sqrt(-2 * std::log(1 - uniform()));
    double angle = 2 * M_PI * uniform();
    spare = radius * std::sin(angle);
    return radius * std::cos(angle);
  }

  /// An index drawn with probability proportional to `weights`, which sum to `total` up to rounding. An entry of
  /// weight zero is never drawn.
  int64_t choose(const double *weights, int64_t count, double total = 1) {
    double rest = uniform() * total;
    int64_t last = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (weights[i] <= 0)
        continue;
      last = i;
      rest -= weights[i];
      if (rest < 0)
        break;
    }
    return last;
  }

private:
  static constexpr uint64_t increment = 0x9e3779b97f4a7c15;

  /// The output function of splitmix64.
  static uint64_t mix(uint64_t value) {
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
  }

  uint64_t words[4];
  double spare = 0;
  bool hasSpare = false;
};

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_RANDOM_H
