//===- Centre.cpp - Values about a number near all of them ----------------===//

#include "compiler/conversion/support/Centre.h"

#include <algorithm>
#include <cmath>

namespace espalier {

std::vector<double> centresOf(llvm::ArrayRef<double> values, int64_t size) {
  std::vector<double> centres;
  for (int64_t k = 0; k < size; ++k) {
    double least = values[k], most = values[k];
    for (size_t i = k; i < values.size(); i += size) {
      least = std::min(least, values[i]);
      most = std::max(most, values[i]);
    }
    // Halves, since a range may be twice the largest double.
    bool near = std::max(std::abs(least), std::abs(most)) / 4 <= most / 2 - least / 2;
    centres.push_back(near ? 0 : values[k]);
  }
  return centres;
}

std::vector<double> centred(llvm::ArrayRef<double> values, llvm::ArrayRef<double> centres) {
  std::vector<double> result(values);
  for (size_t i = 0; i < result.size(); ++i)
    result[i] -= centres[i % centres.size()];
  return result;
}

} // namespace espalier
