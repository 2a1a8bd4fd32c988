//===- RandomKernel.cpp - Kernels drawn from a Dirichlet law --------------===//
//
// A Dirichlet row is a row of independent gamma variates divided by its sum. For concentrations a < 1 a variate is
// Gamma(a + 1) * U^(1/a), whose logarithm log Gamma(a + 1) + log(U) / a overflows for tiny a; a * log Gamma(a) never
// does, and only differences of it are divided by a.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/RandomKernel.h"

#include <algorithm>
#include <cmath>

namespace espalier {

namespace {

std::mt19937_64 makeEngine(uint64_t seed, int64_t level) {
  std::seed_seq words = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), static_cast<uint32_t>(level)};
  return std::mt19937_64(words);
}

} // namespace

KernelSampler::KernelSampler(uint64_t seed, int64_t level) : engine(makeEngine(seed, level)) {}

double KernelSampler::uniform() { return (static_cast<double>(engine() >> 11) + 0.5) * 0x1p-53; }

double KernelSampler::normal() {
  if (hasSpare) {
    hasSpare = false;
    return spare;
  }
  double x, y, square;
  do {
    x = 2 * uniform() - 1;
    y = 2 * uniform() - 1;
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  double scale = std::sqrt(-2 * std::log(square) / square);
  spare = y * scale;
  hasSpare = true;
  return x * scale;
}

double KernelSampler::logGamma(double shape) {
  double d = shape - 1.0 / 3.0;
  double c = 1 / (3 * std::sqrt(d));
  while (true) {
    double x = normal();
    if (c * x <= -1)
      continue;
    double v = (1 + c * x) * (1 + c * x) * (1 + c * x);
    double logV = 3 * std::log1p(c * x);
    if (std::log(uniform()) < 0.5 * x * x + d * (1 - v + logV))
      return std::log(d) + logV;
  }
}

void KernelSampler::dirichlet(double concentration, double *row, int64_t size) {
  // The logarithms of the variates, times the concentration where that is small.
  bool isSmall = concentration < 1;
  auto logVariate = [&](double shape) {
    if (!isSmall)
      return logGamma(shape);
    double logTail = std::log(uniform());
    return shape * logGamma(shape + 1) + logTail;
  };
  for (int64_t i = 0; i < size; ++i)
    row[i] = logVariate(concentration);
  double largest = *std::max_element(row, row + size);
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    double difference = row[i] - largest;
    sum += row[i] = std::exp(isSmall ? difference / concentration : difference);
  }
  for (int64_t i = 0; i < size; ++i)
    row[i] /= sum;
}

std::vector<double> randomRows(int64_t rows, int64_t columns, double concentration, uint64_t seed, int64_t level) {
  KernelSampler sampler(seed, level);
  std::vector<double> entries(static_cast<size_t>(rows * columns));
  for (int64_t row = 0; row < rows; ++row)
    sampler.dirichlet(concentration, entries.data() + row * columns, columns);
  return entries;
}

} // namespace espalier
