//===- Link.h - From object files to an executable ---------------*- C++ -*-===//
//
// Links compiled models: with the runtime and its command line into an executable, or alone into a shared library
// or one object file.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_LINK_H
#define ESPALIER_COMPILER_DRIVER_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <string>

namespace espalier {

enum class LinkKind { Executable, Shared, Object };

/// Links `objects` to the file `output`, which appears only on success. Symbols that are hidden cannot be seen from
/// outside of it. The error names what is missing or what the linker said.
llvm::Error link(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects, LinkKind kind, const std::string &output);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_LINK_H
