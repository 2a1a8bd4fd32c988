//===- Link.h - From an object file to an executable -------------*- C++ -*-===//
//
// Links compiled models: with the runtime and its command line into an executable, or alone into a shared library.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_LINK_H
#define ESPALIER_COMPILER_DRIVER_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace espalier {

enum class LinkKind { Executable, Shared };

/// Links `object` to the file `output`, which appears only on success. The error names what is missing or what the
/// linker said.
llvm::Error link(llvm::ArrayRef<char> object, LinkKind kind, const std::string &output);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_LINK_H
