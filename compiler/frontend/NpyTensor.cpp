//===- NpyTensor.cpp - Arrays of numbers from .npy files ------------------===//
//
// The runtime's reader does the reading; this turns its complaints into diagnostics at the path's place.
//
//===----------------------------------------------------------------------===//

#include "compiler/frontend/Tensor.h"

#include "compiler/frontend/TensorCheck.h"
#include "compiler/frontend/Unicode.h"
#include "runtime/Error.h"
#include "runtime/Memory.h"
#include "runtime/Npy.h"

#include <filesystem>

namespace espalier {

namespace {

/// All errors would stand at the same place.
constexpr int64_t maxErrorsPerFile = 1;

/// Paths are shown in full, unlike other words of the user's.
std::string quotePath(const std::string &path) { return quote(path, path.size()); }

std::filesystem::path resolve(const Reader &reader, const std::string &name) {
  return std::filesystem::path(reader.path()).parent_path() / name;
}

/// The array in a file; reports at `place` where there is none that can be used.
std::optional<runtime::Array> loadArray(Reader &reader, Place place, const std::string &what, const std::string &path) {
  try {
    runtime::Array array = runtime::readNpy(path);
    if (runtime::isFloat(array.type()))
      return array;
    reader.error(place, what + " expects elements of type float32 or float64, got " + runtime::typeName(array.type()));
  } catch (const runtime::OutOfMemory &) {
    reader.error(place, "npy file " + quotePath(path) + " is larger than the memory at hand");
  } catch (const runtime::Error &error) {
    std::string_view reason = error.what();
    std::string head = path + ": error: ";
    if (reason.starts_with(head))
      reason.remove_prefix(head.size());
    reader.error(place, "npy file " + quotePath(path) + " " + std::string(reason));
  }
  return std::nullopt;
}

} // namespace

std::optional<Tensor> readNpyFile(Reader &reader, const toml::node &node, const TensorSpec &anyRank) {
  Place place = placeOf(node);
  auto name = reader.string(node, "npy");
  if (!name)
    return std::nullopt;
  if (name->empty() || name->find('\0') != std::string::npos) {
    reader.error(place, "npy expects the path of an .npy file, got " + quote(*name));
    return std::nullopt;
  }
  std::string path = resolve(reader, *name).string();
  reader.otherFiles.push_back(path);
  auto array = loadArray(reader, place, anyRank.what, path);
  if (!array)
    return std::nullopt;
  TensorSpec spec = forRank(anyRank, array->shape().size());
  if (!checkShape(reader, place, spec, array->shape()))
    return std::nullopt;
  Tensor tensor{array->shape(), {}};
  runtime::visitReal(array->type(), [&](auto zero) {
    const auto *data = array->data<decltype(zero)>();
    tensor.entries.assign(data, data + array->size());
  });
  if (!checkEntries(reader, spec, tensor, [&](int64_t, bool) { return place; }, maxErrorsPerFile))
    return std::nullopt;
  return tensor;
}

} // namespace espalier
