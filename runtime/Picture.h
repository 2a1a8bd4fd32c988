//===- Picture.h - Arrays as images ---------------------------------*- C++ -*-===//
//
// Draws batches of a model's leaves (clean, noisy, denoised ...) above each other as small images, for reports and
// for looking at what a model does.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_PICTURE_H
#define ESPALIER_RUNTIME_PICTURE_H

#include "runtime/Array.h"
#include "runtime/File.h"
#include "runtime/Model.h"

#include <cstdint>
#include <string>
#include <vector>

namespace espalier::runtime {

struct Image {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<uint8_t> rgb; ///< height x width x 3
};

/// One batch of leaves and the file it came from, for messages.
struct PictureRow {
  std::string place;
  Array values;
};

/// Draws each batch as one row of its first `columns` images, every value a square of `scale` pixels. Values are grey
/// between the least and the largest entry of e, clipped outside; colours where e has three components. Integers are
/// symbols and shown as their e. Missing values are red. Sequences become strips. `columns` and `scale` of 0 choose
/// themselves. Throws Error where an array is no batch of the model's leaves or the picture has no pixel.
Image drawPicture(const Model &model, const std::vector<PictureRow> &rows, int64_t columns, int64_t scale);

/// Writes a PNG to `file`, which the caller commits. Throws Error where writing fails.
void writePng(OutputFile &file, const Image &image);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_PICTURE_H
