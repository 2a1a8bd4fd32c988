//===- TensorCheck.h - Shapes and entries, held against a spec ----*- C++ -*-===//
//
// The checks that nested arrays and .npy files share.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_TENSORCHECK_H
#define ESPALIER_COMPILER_FRONTEND_TENSORCHECK_H

#include "compiler/frontend/Tensor.h"

#include <functional>

namespace espalier {

/// Errors about one value: the first few are reported in full, the rest is counted and told in a note.
class ErrorGroup {
public:
  ErrorGroup(Reader &reader, int64_t limit) : reader(reader), limit(limit) {}
  /// The error, or null beyond the limit.
  Diagnostic *add(Place place, const std::string &message);
  /// Adds the note about errors beyond the limit, and tells whether there was no error at all. To be called once,
  /// directly after the last `add`.
  bool finish();

private:
  Reader &reader;
  int64_t limit;
  int64_t count = 0;
  Diagnostic *last = nullptr;
};

/// The spec for an array of `rank` axes: without the last axis where that is optional and missing.
TensorSpec forRank(TensorSpec spec, size_t rank);

/// Whether `shape` is what `spec` expects; reports at `place` where not.
bool checkShape(Reader &reader, Place place, const TensorSpec &spec, const std::vector<int64_t> &shape);

/// Whether all entries are finite and, for weights, fit. `placeAt` gives the place of the entry or row at an offset;
/// `limit` is the number of errors reported in full.
bool checkEntries(Reader &reader, const TensorSpec &spec, const Tensor &tensor,
                  const std::function<Place(int64_t offset, bool isRow)> &placeAt, int64_t limit);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_TENSORCHECK_H
