//===- FakeModel.h - Compiled models without a compiler -------------*- C++ -*-===//
//
// Small models whose kernels are written by hand: a plain belief propagation in double precision, sample by sample.
// They make the runtime testable alone.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_TESTS_UNIT_RUNTIME_FAKEMODEL_H
#define ESPALIER_TESTS_UNIT_RUNTIME_FAKEMODEL_H

#include "runtime/ABI.h"
#include "runtime/Array.h"
#include "runtime/Model.h"

#include <limits>
#include <string>
#include <vector>

namespace espalier::runtime::tests {

/// An EspalierModel and the memory it points to.
struct FakeModel {
  FakeModel() = default;
  FakeModel(FakeModel &&) = default; ///< What `compiled` points to stays where it is.

  std::string description;
  std::vector<double> tables;
  std::vector<EspalierKernel> kernels;
  std::vector<EspalierVariant> variants;
  EspalierModel compiled = {};
  Model model;
};

/// 2 x 4 images in two levels (patches 2 x 2, then 1 x 2), states 3, 2, 4, gaussian with e a list of numbers, f32,
/// tile 8.
const FakeModel &imageModel();

/// Sequences of 6 in two levels, states 2, 3, 3, symbols, f64, tile 5. Some transitions have probability 0: leaf
/// state 2 cannot follow a parent in state 0.
const FakeModel &sequenceModel();

/// Sequences of 3 in one level, gaussian with e of 3 components, f64, tile 4.
const FakeModel &vectorModel();

/// The image model with a network that is wrong in one query: denoise.
const FakeModel &brokenModel();

/// Names and features, best first.
using Processors = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// Features that no processor ever had all of.
inline const std::vector<std::string> exoticFeatures = {"xop", "fma4", "avx512vp2intersect", "avx512fp16"};

/// The image model with a variant for each of the processors, or with one program only.
FakeModel builtFor(const Processors &processors);
FakeModel withoutNetwork();

/// Whether two arrays agree in type, shape and every byte.
bool same(const Array &left, const Array &right);

/// log 0 is minus this.
inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// Whether every pointer that a kernel ever got was 64-byte aligned.
bool allAligned();

} // namespace espalier::runtime::tests

#endif // ESPALIER_TESTS_UNIT_RUNTIME_FAKEMODEL_H
