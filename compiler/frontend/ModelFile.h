//===- ModelFile.h - Reading model files --------------------------*- C++ -*-===//
//
// From a TOML file, as the "Model file" section of the user's guide describes it, to a Model. Whatever is wrong with
// the file, or with the .npy files it names, becomes a diagnostic at its place; nothing is thrown.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_FRONTEND_MODELFILE_H
#define ESPALIER_COMPILER_FRONTEND_MODELFILE_H

#include "compiler/analysis/Model.h"
#include "compiler/frontend/Diagnostic.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace espalier {

/// Where the parts of a model stand in its file, for whoever makes IR of it. Parts that took their default have the
/// place of the file's start.
struct ModelLocations {
  Location tree;
  Location prior;
  Location observation;
  std::vector<Location> levels;   ///< [L] the level's entry of branching
  std::vector<Location> kernels;  ///< [L] the source of the level's kernel
  std::vector<std::string> files; ///< the .npy files that parts were read from
};

/// Whether a model's name can name its files: some text without '/' and control characters that does not begin with
/// '-', as an option of other programs does, and is neither '.' nor '..'.
bool canNameFile(std::string_view name);

/// Reads a model file. Gives the model, which satisfies every invariant that Model.h states, or nothing after adding
/// at least one error. Errors are added in the order of the file. `locations` is filled where it is given and there
/// is a model.
///
/// Paths of .npy files are relative to the model file. Their matrices for `sharing = "none"` are in rank order
/// (node = parent * ranks + rank), for images too.
std::optional<Model> parseModelFile(const std::string &path, std::vector<Diagnostic> &diagnostics,
                                    ModelLocations *locations = nullptr);

/// The same for a text that stands for the content of `path`, which need not exist.
std::optional<Model> parseModelText(std::string text, const std::string &path, std::vector<Diagnostic> &diagnostics,
                                    ModelLocations *locations = nullptr);

} // namespace espalier

#endif // ESPALIER_COMPILER_FRONTEND_MODELFILE_H
