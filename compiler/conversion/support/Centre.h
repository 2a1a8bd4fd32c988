//===- Centre.h - Values about a number near all of them ---------*- C++ -*-===//
//
// Values like 1000000.3, 1000001.1, 1000002.7 have an offset that says nothing, and squares and products that consist
// of little else. What is computed of them is computed of e - c and z - lambda c instead. Ordinary values, which lie
// about 0, have the centre 0 and stay as they are.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_CENTRE_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_CENTRE_H

#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace espalier {

/// For each of p components of `values` [states x p], a number c for which every e - c is a double: 0 where no value is
/// larger than twice their range, else the first value. Then all of them have its sign and at most twice its size or at
/// least half of it, and differences of such doubles are doubles (Sterbenz).
std::vector<double> centresOf(llvm::ArrayRef<double> values, int64_t size);

/// `values` [states x p] less their centres.
std::vector<double> centred(llvm::ArrayRef<double> values, llvm::ArrayRef<double> centres);

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_CENTRE_H
