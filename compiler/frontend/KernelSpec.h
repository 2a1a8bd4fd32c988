//===- KernelSpec.h - A kernel as a model file writes it ----------*- C++ -*-===//
//
// The [kernel] table and the kernels of [[level]] overrides, read and checked as far as that is possible without the
// tree: which sharing, which source, and the numbers of `random` and `potts`.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_KERNELSPEC_H
#define ESPALIER_COMPILER_FRONTEND_KERNELSPEC_H

#include "compiler/analysis/Model.h"
#include "compiler/frontend/Reader.h"

#include <optional>
#include <string>

namespace espalier {

/// The keys of the table.
inline constexpr std::string_view kernelKeys[] = {"sharing", "random", "potts", "matrix", "npy"};

enum class SourceKind { Random, Potts, Matrix, Npy };

/// Where the entries of a kernel come from.
struct KernelSource {
  SourceKind kind = SourceKind::Random;
  /// The value: the table of `random`, the number of `potts`, the arrays of `matrix`, the path of `npy`.
  const toml::node *node = nullptr;
  double concentration = 1;
  uint64_t seed = 0;
  double potts = 0;
  /// False where an error has been reported about it.
  bool valid = true;
};

/// A source about which an error has been reported, at `node`.
KernelSource sourceInError(const toml::node &node);

struct KernelSpec {
  Place place{};
  std::optional<Sharing> sharing;
  Place sharingPlace{};
  std::optional<KernelSource> source;

  /// This spec with `other`'s sharing and source in place of its own, as far as `other` has them.
  KernelSpec overriddenBy(const KernelSpec &other) const;
};

/// "rank", "level" or "none".
std::string sharingName(Sharing sharing);

/// Reads a kernel's table; `where` names it, as in "[kernel]".
KernelSpec readKernelSpec(Reader &reader, const toml::node &node, const std::string &where);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_KERNELSPEC_H
