//===- Link.cpp - From object files to an executable ----------------------===//

#include "compiler/driver/Link.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ELF/ELFConfig.h"
#include "llvm/ObjCopy/ELF/ELFObjcopy.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace espalier {

/// The runtime's library beside the tools: ../lib from where this program stands.
static Expected<std::string> findRuntime(StringRef name) {
  static int anchor = 0;
  SmallString<256> path(sys::fs::getMainExecutable(nullptr, &anchor));
  sys::path::remove_filename(path);
  sys::path::append(path, "..", "lib", name);
  sys::path::remove_dots(path, /*remove_dot_dot=*/true);
  if (!sys::fs::exists(path))
    return createStringError("expects the runtime library at " + path + ", found no such file");
  return path.str().str();
}

static Error writeBytes(ArrayRef<char> bytes, StringRef path) {
  std::error_code error;
  raw_fd_ostream stream(path, error);
  if (!error) {
    stream.write(bytes.data(), bytes.size());
    stream.close();
    error = stream.error();
  }
  if (error)
    return createStringError(path + ": " + error.message());
  return Error::success();
}

static Error runLinker(ArrayRef<std::string> arguments) {
  SmallString<128> log;
  if (std::error_code error = sys::fs::createTemporaryFile("espalier-link", "txt", log))
    return createStringError("the linker's messages need a temporary file: " + error.message());
  FileRemover removeLog(log);
  SmallVector<StringRef> words(arguments.begin(), arguments.end());
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log), StringRef(log)};
  std::string problem;
  int status = sys::ExecuteAndWait(words[0], words, std::nullopt, redirects, 0, 0, &problem);
  if (status == 0)
    return Error::success();
  if (auto text = MemoryBuffer::getFile(log))
    problem += (*text)->getBuffer().rtrim().str();
  return createStringError("linking failed: " + problem);
}

/// Says what keeps `output` from being written, before any work is done for it.
static Error checkOutput(const std::string &output) {
  if (sys::fs::is_directory(output))
    return createStringError(output + ": is a directory");
  StringRef parent = sys::path::parent_path(output);
  if (!parent.empty() && !sys::fs::is_directory(parent))
    return createStringError(output + ": no such directory: " + parent);
  return Error::success();
}

/// Hidden symbols of an object file are still global to the linker: makes them local, so that they cannot clash with
/// those of another model.
static Error localizeHidden(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path);
  if (!file)
    return createStringError(path + ": " + file.getError().message());
  Expected<std::unique_ptr<object::ObjectFile>> object = object::ObjectFile::createELFObjectFile(**file);
  if (!object)
    return object.takeError();
  objcopy::CommonConfig common;
  objcopy::ELFConfig elf;
  elf.LocalizeHidden = true;
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  if (Error error =
          objcopy::elf::executeObjcopyOnBinary(common, elf, cast<object::ELFObjectFileBase>(**object), stream))
    return error;
  return writeBytes(bytes, path);
}

/// The files that an executable needs beside the model, and flags for them.
static Error addRuntime(std::vector<std::string> &arguments) {
  for (StringRef name : {"libespalier_main.a", "libespalier_runtime.a"}) {
    Expected<std::string> library = findRuntime(name);
    if (!library)
      return library.takeError();
    arguments.push_back(*library);
  }
  SmallVector<StringRef> flags;
  StringRef(ESPALIER_LINK_FLAGS).split(flags, ' ', -1, /*KeepEmpty=*/false);
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return Error::success();
}

Error link(ArrayRef<SmallVector<char, 0>> objects, LinkKind kind, const std::string &output) {
  if (Error error = checkOutput(output))
    return error;
  ErrorOr<std::string> compiler = sys::findProgramByName("c++");
  if (!compiler)
    return createStringError("linking needs a C++ compiler: found no c++ on the PATH");
  SmallString<128> folder, linked(output);
  if (std::error_code error = sys::fs::createUniqueDirectory("espalier", folder))
    return createStringError("linking needs a temporary directory: " + error.message());
  scope_exit removeFolder([&] { sys::fs::remove_directories(folder); });
  linked += ".tmp";
  FileRemover removeLinked(linked);
  std::vector<std::string> arguments = {*compiler, "-o", linked.str().str()};
  for (const auto &[index, object] : enumerate(objects)) {
    SmallString<128> path(folder);
    sys::path::append(path, std::to_string(index) + ".o");
    if (Error error = writeBytes(object, path))
      return error;
    arguments.push_back(path.str().str());
  }
  if (kind == LinkKind::Shared)
    arguments.push_back("-shared");
  else if (kind == LinkKind::Object)
    arguments.insert(arguments.end(), {"-r", "-nostdlib"});
  else if (Error error = addRuntime(arguments))
    return error;
  if (Error error = runLinker(arguments))
    return error;
  if (kind == LinkKind::Object)
    if (Error error = localizeHidden(linked))
      return error;
  if (std::error_code error = sys::fs::rename(linked, output))
    return createStringError(output + ": " + error.message());
  removeLinked.releaseFile();
  return Error::success();
}

} // namespace espalier
