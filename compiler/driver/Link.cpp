//===- Link.cpp - From object files to an executable ----------------------===//
//
// All that linking writes stands in one folder beside the output until that is whole.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Link.h"

#include "compiler/driver/RunProgram.h"
#include "runtime/Error.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ELF/ELFConfig.h"
#include "llvm/ObjCopy/ELF/ELFObjcopy.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>

using namespace llvm;
using espalier::runtime::OutputFile;

namespace espalier {

/// The runtime's library beside the tools: ../lib from where this program stands.
static std::string findRuntime(StringRef name) {
  static int anchor = 0;
  SmallString<256> path(sys::fs::getMainExecutable(nullptr, &anchor));
  sys::path::remove_filename(path);
  sys::path::append(path, "..", "lib", name);
  sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  if (!sys::fs::exists(path))
    throw runtime::Error("expects the runtime library at " + path.str().str() + ", found no such file");
  return path.str().str();
}

static void writeObject(ArrayRef<char> bytes, const std::string &path, const OutputFile &output) {
  std::error_code error;
  raw_fd_ostream stream(path, error);
  if (!error) {
    stream.write(bytes.data(), bytes.size());
    stream.close();
    error = stream.error();
    stream.clear_error();
  }
  if (error)
    output.fail(error.value());
}

/// Throws what the linker's words come to: often that there is no room for the output.
[[noreturn]] static void failWith(StringRef words, const OutputFile &output) {
  for (int code : {ENOSPC, EDQUOT, EFBIG})
    if (words.contains(std::system_category().message(code)))
      output.fail(code);
  throw runtime::Error("linking failed: " + words.rtrim().str());
}

static object::OwningBinary<object::ObjectFile> readObject(const std::string &path) {
  Expected<object::OwningBinary<object::ObjectFile>> object = object::ObjectFile::createObjectFile(path);
  if (!object)
    throw runtime::Error(path, "cannot be read: " + toString(object.takeError()));
  return std::move(*object);
}

/// Hidden symbols of an object file are still global to the linker: makes them local, so that they cannot clash with
/// those of another model.
static void writeLocalized(const std::string &path, OutputFile &output) {
  object::OwningBinary<object::ObjectFile> object = readObject(path);
  objcopy::CommonConfig common;
  objcopy::ELFConfig elf;
  elf.LocalizeHidden = true;
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  if (Error error = objcopy::elf::executeObjcopyOnBinary(common, elf,
                                                         cast<object::ELFObjectFileBase>(*object.getBinary()), stream))
    throw runtime::Error("linking failed: " + toString(std::move(error)));
  output.write(bytes.data(), bytes.size());
  output.commit();
}

/// The files that an executable needs beside the model, and flags for them.
static void addRuntime(std::vector<std::string> &arguments, const OutputFile &output) {
  for (StringRef name : {"libespalier_main.a", "libespalier_runtime.a"}) {
    arguments.push_back(findRuntime(name));
    output.expectOther(arguments.back(), "the library");
  }
  SmallVector<StringRef> flags;
  StringRef(ESPALIER_LINK_FLAGS).split(flags, ' ', -1, /*KeepEmpty=*/false);
  arguments.insert(arguments.end(), flags.begin(), flags.end());
}

void link(ArrayRef<SmallVector<char, 0>> objects, LinkKind kind, OutputFile &output) {
  ErrorOr<std::string> compiler = sys::findProgramByName(ESPALIER_LINKER);
  if (!compiler)
    throw runtime::Error("linking needs a C++ compiler: found no " ESPALIER_LINKER " on the PATH");
  std::unique_ptr<runtime::Temporary> folder = output.makeScratch();
  const std::string linked = folder->path() + "/linked";
  std::vector<std::string> arguments = {*compiler, "-o", linked};
  for (const auto &[index, object] : enumerate(objects)) {
    arguments.push_back(folder->path() + "/" + std::to_string(index) + ".o");
    writeObject(object, arguments.back(), output);
  }
  if (kind == LinkKind::Shared)
    arguments.push_back("-shared");
  else if (kind == LinkKind::Object)
    arguments.insert(arguments.end(), {"-r", "-nostdlib"});
  else
    addRuntime(arguments, output);
  if (FinishedProgram linker = runProgram(arguments, folder->path()); !linker.succeeded)
    failWith(linker.words, output);
  if (kind == LinkKind::Object)
    writeLocalized(linked, output);
  else
    output.adopt(linked, /*isExecutable=*/kind == LinkKind::Executable);
}

} // namespace espalier
