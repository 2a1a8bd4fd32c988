//===- Link.h - From object files to an executable ---------------*- C++ -*-===//
//
// Links compiled models: with the runtime and its command line into an executable, or alone into a shared library
// or one object file.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_LINK_H
#define ESPALIER_COMPILER_DRIVER_LINK_H

#include "runtime/File.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace espalier {

enum class LinkKind { Executable, Shared, Object };

/// Links `objects` to `output` and commits it. Symbols that are hidden cannot be seen from outside of it. Throws
/// runtime::Error, which names what is missing, what keeps the output from being written, or what the linker said.
void link(llvm::ArrayRef<llvm::SmallVector<char, 0>> objects, LinkKind kind, runtime::OutputFile &output);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_LINK_H
