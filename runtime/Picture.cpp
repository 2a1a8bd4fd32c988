//===- Picture.cpp - Arrays as images -------------------------------*- C++ -*-===//
//
// libpng's simplified interface needs no long jumps through C++.
//
//===----------------------------------------------------------------------===//

#include "runtime/Picture.h"

#include "runtime/Error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <png.h>

using namespace espalier;
using namespace espalier::runtime;

namespace {

using Colour = std::array<uint8_t, 3>;

constexpr Colour background = {226, 232, 240}; ///< neither black nor white, so that images have edges
constexpr Colour separator = {170, 170, 170};
constexpr Colour missing = {214, 62, 52};
constexpr int64_t gap = 3;           ///< pixels between images
constexpr int64_t maxSide = 1 << 16; ///< pixels; keeps typing errors from filling the memory
constexpr int64_t usualColumns = 16;
constexpr int64_t usualImageSide = 64; ///< pixels

class Canvas {
public:
  Canvas(int64_t width, int64_t height) : image{width, height, {}} {
    image.rgb.resize(static_cast<size_t>(width * height * 3), 255);
  }

  void fill(int64_t x, int64_t y, int64_t width, int64_t height, Colour colour) {
    for (int64_t row = y; row < y + height; ++row)
      for (int64_t column = x; column < x + width; ++column)
        std::copy(colour.begin(), colour.end(), image.rgb.begin() + (row * image.width + column) * 3);
  }

  Image image;
};

class Painter {
public:
  Painter(const Model &model, int64_t columns, int64_t scale) : model(model), leafShape(model.shape(model.depth())) {
    if (model.valueSize != 1 && model.valueSize != 3)
      throw Error("pictures expect a model whose e has 1 or 3 components, got " + std::to_string(model.valueSize));
    auto [least, largest] = std::minmax_element(model.values, model.values + model.leafStates() * model.valueSize);
    low = *least;
    high = *largest;
    cellRows = model.isImage() ? leafShape[0] : 1;
    cellColumns = leafShape.back();
    this->columns = columns;
    this->scale = scale > 0 ? scale : std::max<int64_t>(1, usualImageSide / cellColumns);
    cellHeight = model.isImage() ? this->scale : this->scale * std::max<int64_t>(1, cellColumns / 8);
  }

  Image draw(const std::vector<PictureRow> &rows) {
    for (const PictureRow &row : rows)
      checkRow(row);
    int64_t widest = 0;
    for (const PictureRow &row : rows)
      widest = std::max(widest, row.values.shape()[0]);
    columns = std::min(widest, columns > 0 ? columns : usualColumns);
    if (columns == 0)
      throw Error("a picture expects at least one sample, got none");
    int64_t imageWidth = cellColumns * scale, imageHeight = cellRows * cellHeight;
    if (columns > maxSide || imageWidth > maxSide || imageHeight > maxSide)
      throw Error(tooLarge());
    int64_t width = gap + columns * (imageWidth + gap);
    int64_t rowStep = imageHeight + 2 * gap + 1;
    int64_t height = static_cast<int64_t>(rows.size()) * rowStep - 1;
    if (width > maxSide || height > maxSide)
      throw Error(tooLarge());
    Canvas canvas(width, height);
    canvas.fill(0, 0, width, height, background);
    for (size_t r = 0; r < rows.size(); ++r) {
      int64_t top = static_cast<int64_t>(r) * rowStep;
      if (r > 0)
        canvas.fill(0, top - 1, width, 1, separator);
      for (int64_t i = 0; i < std::min(columns, rows[r].values.shape()[0]); ++i)
        drawImage(canvas, rows[r].values, i, gap + i * (imageWidth + gap), top + gap);
    }
    return std::move(canvas.image);
  }

private:
  static std::string tooLarge() {
    return "the picture would be more than " + std::to_string(maxSide) + " pixels wide or high";
  }

  /// The leaves' shape or the leaves in one axis, symbols without and values with the axis of e's components.
  void checkRow(const PictureRow &row) const {
    const std::vector<int64_t> &shape = row.values.shape();
    bool components = isFloat(row.values.type()) && model.vectorValues;
    int64_t leaves = 1;
    size_t end = shape.size() - (components && !shape.empty() ? 1 : 0);
    for (size_t axis = 1; axis < end; ++axis)
      leaves *= shape[axis];
    bool fits = end >= 2 && leaves == model.leaves() && (!components || shape.back() == model.valueSize);
    if (end == leafShape.size() + 1)
      fits = fits && std::equal(leafShape.begin(), leafShape.end(), shape.begin() + 1);
    else
      fits = fits && end == 2;
    if (!fits)
      throw Error(row.place, "expects a batch of " + shapeText(leafShape) + " leaves, got shape " + shapeText(shape));
    visitType(row.values.type(), [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_integral_v<T>)
        checkSymbols(row, row.values.data<T>());
    });
  }

  template <typename T> void checkSymbols(const PictureRow &row, const T *symbols) const {
    for (int64_t i = 0; i < row.values.size(); ++i)
      if (symbols[i] < -1 || symbols[i] >= model.leafStates())
        throw Error(row.place, "expects symbols in [-1, " + std::to_string(model.leafStates() - 1) + "], got value " +
                                   std::to_string(symbols[i]) + " at " + indexText(row.values.shape(), i));
  }

  void drawImage(Canvas &canvas, const Array &values, int64_t sample, int64_t left, int64_t top) const {
    for (int64_t leaf = 0; leaf < model.leaves(); ++leaf) {
      Colour shown = colour(values, sample * model.leaves() + leaf);
      canvas.fill(left + leaf % cellColumns * scale, top + leaf / cellColumns * cellHeight, scale, cellHeight, shown);
    }
  }

  Colour colour(const Array &values, int64_t leaf) const {
    return visitType(values.type(), [&](auto zero) {
      using T = decltype(zero);
      const T *data = values.data<T>();
      if constexpr (std::is_integral_v<T>)
        return data[leaf] < 0 ? missing : colour(model.values + data[leaf] * model.valueSize);
      else
        return colour(data + leaf * model.valueSize);
    });
  }

  template <typename T> Colour colour(const T *components) const {
    Colour result;
    for (int64_t k = 0; k < 3; ++k) {
      double value = components[model.valueSize == 3 ? k : 0];
      if (std::isnan(value))
        return missing;
      double share = high > low ? (value - low) / (high - low) : 0.5;
      result[k] = static_cast<uint8_t>(std::lround(255 * std::clamp(share, 0.0, 1.0)));
    }
    return result;
  }

  const Model &model;
  std::vector<int64_t> leafShape;
  double low, high;
  int64_t cellRows, cellColumns;
  int64_t columns, scale, cellHeight;
};

} // namespace

Image runtime::drawPicture(const Model &model, const std::vector<PictureRow> &rows, int64_t columns, int64_t scale) {
  return Painter(model, columns, scale).draw(rows);
}

void runtime::writePng(OutputFile &file, const Image &image) {
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  bool measured = png_image_write_to_memory(&png, nullptr, &size, 0, image.rgb.data(), 0, nullptr);
  std::vector<std::byte> bytes(size);
  if (!measured || !png_image_write_to_memory(&png, bytes.data(), &size, 0, image.rgb.data(), 0, nullptr))
    throw Error(std::string("the picture cannot be encoded: ") + png.message);
  file.write(bytes.data(), size);
}
