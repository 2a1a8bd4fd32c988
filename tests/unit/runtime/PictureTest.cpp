//===- PictureTest.cpp - Arrays as images ---------------------------*- C++ -*-===//
//
// Places and colours of pixels, and what is not a batch of leaves.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"
#include "TempDirectory.h"

#include "runtime/Error.h"
#include "runtime/Picture.h"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>

#include <png.h>

using namespace espalier;
using namespace espalier::runtime;
using namespace espalier::runtime::tests;

namespace {

using Colour = std::array<int, 3>;

const Colour background = {226, 232, 240};

Colour at(const Image &image, int64_t x, int64_t y) {
  const uint8_t *pixel = image.rgb.data() + (y * image.width + x) * 3;
  return {pixel[0], pixel[1], pixel[2]};
}

Array image(std::vector<int64_t> shape, std::vector<float> values) {
  Array array(ElementType::F32, std::move(shape));
  std::copy(values.begin(), values.end(), array.data<float>());
  return array;
}

} // namespace

TEST_CASE("picture: grey over the range of e, clipped, missing marked", "[picture]") {
  Array values = image({1, 2, 4}, {-1, 1, 0, -5, 5, NAN, -1, -1});
  Image picture = drawPicture(imageModel().model, {{"a.npy", values}}, 0, 2);
  // A gap of three pixels around 4 x 2 squares of two pixels.
  REQUIRE(picture.width == 3 + 8 + 3);
  REQUIRE(picture.height == 3 + 4 + 3);
  CHECK(at(picture, 0, 0) == background);
  CHECK(at(picture, 3, 3) == Colour{0, 0, 0});
  CHECK(at(picture, 5, 4) == Colour{255, 255, 255});
  CHECK(at(picture, 7, 3) == Colour{128, 128, 128});
  CHECK(at(picture, 10, 3) == Colour{0, 0, 0});
  CHECK(at(picture, 3, 5) == Colour{255, 255, 255});
  Colour missing = at(picture, 5, 6);
  CHECK(missing[0] > missing[1] + 100);
}

TEST_CASE("picture: symbols show their e, rows stand below each other", "[picture]") {
  Array symbols(ElementType::I32, {2, 8});
  for (int64_t i = 0; i < 16; ++i)
    symbols.data<int32_t>()[i] = static_cast<int32_t>(i % 4);
  Array values = image({1, 2, 4}, std::vector<float>(8, -1.0f));
  Image picture = drawPicture(imageModel().model, {{"s.npy", symbols}, {"v.npy", values}}, 5, 1);
  REQUIRE(picture.width == 3 + 4 + 3 + 4 + 3);
  REQUIRE(picture.height == (2 + 6) + 1 + (2 + 6));
  for (int64_t a = 0; a < 4; ++a) {
    int grey = static_cast<int>(std::lround(255 * (imageModel().model.values[a] + 1) / 2));
    CHECK(at(picture, 10 + a, 3) == Colour{grey, grey, grey});
  }
  CHECK(at(picture, 0, 8) == at(picture, 16, 8));
  CHECK(at(picture, 0, 8) != background);
  CHECK(at(picture, 3, 12) == Colour{0, 0, 0});
  CHECK(at(picture, 10, 12) == background); // The second row has one image only.
}

TEST_CASE("picture: three components are colours, sequences strips", "[picture]") {
  Array symbols(ElementType::I32, {1, 3});
  std::fill_n(symbols.data<int32_t>(), 3, 0);
  symbols.data<int32_t>()[2] = -1;
  Image picture = drawPicture(vectorModel().model, {{"s.npy", symbols}}, 0, 1);
  CHECK(at(picture, 3, 3) == Colour{255, 0, 0});
  CHECK(at(picture, 5, 3) == at(drawPicture(vectorModel().model, {{"s.npy", symbols}}, 0, 2), 7, 3));
}

TEST_CASE("picture: arrays that are no batch of leaves", "[picture]") {
  auto draw = [](Array values, int64_t columns = 0, int64_t scale = 0) {
    return drawPicture(imageModel().model, {{"a.npy", std::move(values)}}, columns, scale);
  };
  for (const std::vector<int64_t> &shape : std::vector<std::vector<int64_t>>{{8}, {1, 7}, {1, 4, 2}, {1, 2, 4, 1}, {}})
    CHECK_THROWS_WITH(draw(Array(ElementType::F32, shape)),
                      Catch::StartsWith("a.npy: error: expects a batch of 2x4 leaves, got shape "));
  CHECK_THROWS_WITH(draw(Array(ElementType::F32, {0, 2, 4})), "error: a picture expects at least one sample, got none");
  CHECK_THROWS_WITH(draw(image({1, 8}, std::vector<float>(8)), 0, 1 << 15), Catch::Contains("pixels wide or high"));
  Array symbols(ElementType::I64, {1, 8});
  std::fill_n(symbols.data<int64_t>(), 8, 0);
  symbols.data<int64_t>()[5] = 4;
  CHECK_THROWS_WITH(draw(symbols), "a.npy: error: expects symbols in [-1, 3], got value 4 at [0, 5]");
}

TEST_CASE("picture: a written file holds the pixels", "[picture]") {
  TempDirectory directory;
  Image written{2, 1, {255, 0, 0, 1, 2, 3}};
  OutputFile file(directory.path("a.png"));
  writePng(file, written);
  file.commit();
  png_image read = {};
  read.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&read, directory.path("a.png").c_str()));
  read.format = PNG_FORMAT_RGB;
  REQUIRE((read.width == 2 && read.height == 1));
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(read));
  REQUIRE(png_image_finish_read(&read, nullptr, pixels.data(), 0, nullptr));
  CHECK(pixels == written.rgb);
}
