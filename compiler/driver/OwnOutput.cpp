//===- OwnOutput.cpp - What an earlier run wrote --------------------------===//

#include "compiler/driver/OwnOutput.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Object/ELFObjectFile.h"

namespace espalier {

static constexpr llvm::StringLiteral kModel = "espalier_model";
/// espalier::runtime::runCommandLine(const EspalierModel &, int, char **), which executables of others do not have.
static constexpr llvm::StringLiteral kCommandLine = "_ZN8espalier7runtime14runCommandLineERK13EspalierModeliPPc";

/// The names that a file defines for others; those with an underscore first are left out, as linkers add some.
template <typename Symbols> static llvm::StringSet<> definedBy(Symbols symbols) {
  llvm::StringSet<> names;
  for (llvm::object::ELFSymbolRef symbol : symbols) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (!flags || !name) {
      llvm::consumeError(flags.takeError());
      llvm::consumeError(name.takeError());
      continue;
    }
    bool isDefined = (*flags & llvm::object::SymbolRef::SF_Global) && !(*flags & llvm::object::SymbolRef::SF_Undefined);
    if (isDefined && (*name == kCommandLine || !name->starts_with("_")))
      names.insert(*name);
  }
  return names;
}

/// Libraries and object files of ours show their model alone; whoever links them to more shows more.
static bool showsModelAlone(const llvm::StringSet<> &names) { return names.size() == 1 && names.contains(kModel); }

static bool isOwnELF(const llvm::object::ELFObjectFileBase &file, Emit form) {
  if (form == Emit::Shared)
    return file.getEType() == llvm::ELF::ET_DYN && showsModelAlone(definedBy(file.getDynamicSymbolIterators()));
  llvm::StringSet<> names = definedBy(file.symbols());
  if (form == Emit::Object)
    return file.getEType() == llvm::ELF::ET_REL && showsModelAlone(names);
  bool isProgram = file.getEType() == llvm::ELF::ET_DYN || file.getEType() == llvm::ELF::ET_EXEC;
  return isProgram && names.contains(kModel) && names.contains(kCommandLine);
}

bool isOwnOutput(const std::string &path, Emit form) {
  if (form == Emit::ONNX)
    return isExportedOnnx(path);
  llvm::Expected<llvm::object::OwningBinary<llvm::object::ObjectFile>> object =
      llvm::object::ObjectFile::createObjectFile(path);
  if (!object) {
    llvm::consumeError(object.takeError());
    return false;
  }
  auto *file = llvm::dyn_cast<llvm::object::ELFObjectFileBase>(object->getBinary());
  bool isBinary = form == Emit::Executable || form == Emit::Shared || form == Emit::Object;
  return file && isBinary && isOwnELF(*file, form);
}

} // namespace espalier
