//===- NpyTest.cpp - NumPy's file format ----------------------------*- C++ -*-===//
//
// Round trips, every kind of element that NumPy writes, and files that must be refused.
//
//===----------------------------------------------------------------------===//

#include "TempDirectory.h"

#include "runtime/Error.h"
#include "runtime/Npy.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <numeric>

#include <sys/stat.h>
#include <unistd.h>

using namespace espalier;
using namespace espalier::runtime;
using espalier::runtime::tests::TempDirectory;

namespace {

std::string file(const std::string &dictionary, const std::string &data, int major = 1) {
  std::string text = dictionary + "\n";
  std::string length(major == 1 ? 2 : 4, '\0');
  for (size_t i = 0; i < length.size(); ++i)
    length[i] = static_cast<char>(text.size() >> 8 * i & 255);
  return std::string("\x93NUMPY") + static_cast<char>(major) + std::string(1, '\0') + length + text + data;
}

std::string header(const std::string &descr, const std::string &shape, const std::string &fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

template <typename T> std::string bytes(std::initializer_list<T> values, bool swap = false) {
  std::string result;
  for (T value : values) {
    std::string one(sizeof(T), '\0');
    std::memcpy(one.data(), &value, sizeof(T));
    result += swap ? std::string(one.rbegin(), one.rend()) : one;
  }
  return result;
}

template <typename T> std::vector<T> values(const Array &array) {
  return std::vector<T>(array.data<T>(), array.data<T>() + array.size());
}

std::string errorOf(const std::string &path) {
  try {
    readNpy(path);
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

} // namespace

TEMPLATE_TEST_CASE("npy: what is written is read back", "[npy]", int32_t, int64_t, float, double) {
  TempDirectory directory;
  for (const std::vector<int64_t> &shape :
       {std::vector<int64_t>{}, {0}, {1}, {7}, {3, 5}, {0, 4}, {2, 3, 4, 5}, {1000, 500}}) {
    Array array(elementTypeOf<TestType>(), shape);
    std::iota(array.data<TestType>(), array.data<TestType>() + array.size(), TestType(-3));
    writeNpy(directory.path("a.npy"), array);
    Array back = readNpy(directory.path("a.npy"));
    REQUIRE(back.type() == array.type());
    REQUIRE(back.shape() == shape);
    REQUIRE(values<TestType>(back) == values<TestType>(array));
  }
  REQUIRE(directory.fileCount() == 1);
}

TEST_CASE("npy: data begins at a multiple of 64 bytes and the header is the one NumPy writes", "[npy]") {
  TempDirectory directory;
  Array array(ElementType::F32, {3});
  std::fill_n(array.data<float>(), 3, 1.0f);
  writeNpy(directory.path("a.npy"), array);
  std::ifstream in(directory.path("a.npy"), std::ios::binary);
  std::string all((std::istreambuf_iterator<char>(in)), {});
  REQUIRE(all.size() == 128 + 12);
  REQUIRE(all.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  REQUIRE(all.substr(10, 59) == "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }  ");
  REQUIRE(all[127] == '\n');
}

TEST_CASE("npy: every kind of number becomes the nearest of ours", "[npy]") {
  TempDirectory directory;
  auto read = [&](const std::string &descr, const std::string &data, const std::string &shape = "(2,)") {
    return readNpy(directory.write("a.npy", file(header(descr, shape), data)));
  };
  REQUIRE(values<int32_t>(read("|b1", bytes<uint8_t>({1, 0}))) == std::vector<int32_t>{1, 0});
  REQUIRE(read("|b1", bytes<uint8_t>({1, 0})).holdsBooleans());
  REQUIRE_FALSE(read("|i1", bytes<int8_t>({1, 0})).holdsBooleans());
  REQUIRE(values<int32_t>(read("|i1", bytes<int8_t>({-1, 127}))) == std::vector<int32_t>{-1, 127});
  REQUIRE(values<int32_t>(read("|u1", bytes<uint8_t>({255, 7}))) == std::vector<int32_t>{255, 7});
  REQUIRE(values<int32_t>(read("<i2", bytes<int16_t>({-300, 5}))) == std::vector<int32_t>{-300, 5});
  REQUIRE(values<int32_t>(read(">u2", bytes<uint16_t>({65535, 5}, true))) == std::vector<int32_t>{65535, 5});
  REQUIRE(values<int32_t>(read(">i4", bytes<int32_t>({-70000, 5}, true))) == std::vector<int32_t>{-70000, 5});
  REQUIRE(values<int64_t>(read("<u4", bytes<uint32_t>({4000000000u, 5}))) == std::vector<int64_t>{4000000000, 5});
  REQUIRE(values<int64_t>(read(">i8", bytes<int64_t>({-5000000000, 5}, true))) == std::vector<int64_t>{-5000000000, 5});
  REQUIRE(values<int64_t>(read("<u8", bytes<uint64_t>({5000000000, 5}))) == std::vector<int64_t>{5000000000, 5});
  REQUIRE(values<float>(read(">f4", bytes<float>({0.5f, -2.25f}, true))) == std::vector<float>{0.5f, -2.25f});
  REQUIRE(values<double>(read(">f8", bytes<double>({0.1, -2e300}, true))) == std::vector<double>{0.1, -2e300});
  // Halves: 1, -2, the largest, the least subnormal, infinity.
  REQUIRE(values<float>(read("<f2", bytes<uint16_t>({0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00}), "(5,)")) ==
          std::vector<float>{1, -2, 65504, 0x1p-24f, INFINITY});
  REQUIRE(std::isnan(values<float>(read("<f2", bytes<uint16_t>({0x7e00, 0}))).front()));
}

TEST_CASE("npy: Fortran order is reordered", "[npy]") {
  TempDirectory directory;
  std::string data = bytes<int32_t>({0, 3, 1, 4, 2, 5});
  Array array = readNpy(directory.write("a.npy", file(header("<i4", "(2, 3)", "True"), data)));
  REQUIRE(values<int32_t>(array) == std::vector<int32_t>{0, 1, 2, 3, 4, 5});
  data = bytes<int32_t>({0, 4, 2, 6, 1, 5, 3, 7});
  array = readNpy(directory.write("a.npy", file(header("<i4", "(2, 2, 2)", "True"), data)));
  REQUIRE(values<int32_t>(array) == std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("npy: versions 2 and 3, other spacing and order of keys", "[npy]") {
  TempDirectory directory;
  std::string text = "{ \"shape\":(2L,) ,'fortran_order' :False,  'descr': '<f4' }";
  for (int version : {1, 2, 3}) {
    Array array = readNpy(directory.write("a.npy", file(text, bytes<float>({1, 2}), version)));
    REQUIRE(values<float>(array) == std::vector<float>{1, 2});
  }
}

TEST_CASE("npy: conversion to the kind asked for", "[npy]") {
  TempDirectory directory;
  std::string path = directory.write("a.npy", file(header("<i8", "(2,)"), bytes<int64_t>({1, -1})));
  REQUIRE(values<int32_t>(readNpy(path, ElementType::I32)) == std::vector<int32_t>{1, -1});
  REQUIRE_THROWS_WITH(readNpy(path, ElementType::F32), path + ": error: expects reals, got int64");
  path = directory.write("a.npy", file(header("<i8", "(2,)"), bytes<int64_t>({1, 1l << 40})));
  REQUIRE_THROWS_WITH(readNpy(path, ElementType::I32),
                      path + ": error: expects integers of 32 bits, got value 1099511627776 at [1]");
  path = directory.write("a.npy", file(header("<f4", "(2,)"), bytes<float>({1, 0.5})));
  REQUIRE(values<double>(readNpy(path, ElementType::F64)) == std::vector<double>{1, 0.5});
  REQUIRE_THROWS_WITH(readNpy(path, ElementType::I64), path + ": error: expects integers, got float32");
}

TEST_CASE("npy: malformed files are errors that name the file", "[npy]") {
  TempDirectory directory;
  std::string good = file(header("<f4", "(2,)"), bytes<float>({1, 2}));
  struct {
    std::string content, message;
  } files[] = {
      {"", "expects a .npy file, got 0 bytes"},
      {"\x93NUM", "expects a .npy file, got 4 bytes"},
      {"PK\x03\x04 this is an archive", "expects a .npy file, got something else"},
      {std::string("\x93NUMPY\x09\x00\x10\x00 and more", 20), "expects .npy version 1, 2 or 3, got 9"},
      {std::string("\x93NUMPY\x01\x00\xff\xff{}", 12), "expects a header of 65535 bytes, got 2"},
      {std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14), "expects a header of 4294967295 bytes, got 2"},
      {std::string("\x93NUMPY\x02\x00\xff\xff", 10), "expects 4 more bytes, got the end of the file"},
      {good.substr(0, good.size() - 1), "expects 8 bytes of data for shape 2, got 7"},
      {good + "x", "expects 8 bytes of data for shape 2, got 9"},
      {file("", ""), "got no '{' where one belongs"},
      {file("{", ""), "no quoted text"},
      {file("{'descr", ""), "got an open quotation"},
      {file("{'descr': '<f4'}", ""), "not all of the keys"},
      {file("{'descr': '<f4', 'descr': '<f4'}", ""), "key 'descr' twice"},
      {file("{'descr': '<f4' 'shape': (2,)}", ""), "no comma"},
      {file("{'colour': 'red'}", ""), "got the key 'colour'"},
      {file(header("<f4", "(2,)") + " or so", ""), "text after the closing brace"},
      {file(header("<f4", "(2,)", "Perhaps"), ""), "neither True nor False"},
      {file(header("<c8", "(2,)"), ""), "got elements of type '<c8'"},
      {file(header("<f3", "(2,)"), ""), "got elements of type '<f3'"},
      {file(header("|O", "(2,)"), ""), "got elements of type '|O'"},
      {file(header("<i99999999999999999999", "(2,)"), ""), "got elements of type"},
      {file(header("", "(2,)"), ""), "got elements of type ''"},
      {file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", ""), "records with named fields"},
      {file(header("<f4", "(-2,)"), ""), "the negative extent -2"},
      {file(header("<f4", "(2, x)"), ""), "an extent that is no integer"},
      {file(header("<f4", "(2 3)"), ""), "shape without its closing parenthesis"},
      {file(header("<f4", "(99999999999999999999,)"), ""), "an extent beyond 64 bits"},
      {file(header("<f4", "(9223372036854775807, 9223372036854775807)"), ""), "more elements than any file can hold"},
      {file(header("<f4", "(1000000000000,)"), ""), "expects 4000000000000 bytes of data"},
      {file(header("<u8", "(1,)"), bytes<uint64_t>({~0ull})), "got value 18446744073709551615 at [0]"},
  };
  for (const auto &[content, message] : files) {
    std::string path = directory.write("bad.npy", content);
    std::string error = errorOf(path);
    INFO(error);
    CHECK(error.starts_with(path + ": error: "));
    CHECK(error.find(message) != std::string::npos);
  }
  std::string transposed = file(header("<u8", "(2, 3)", "True"), bytes<uint64_t>({0, 0, 0, 0, ~0ull, 0}));
  CHECK(errorOf(directory.write("bad.npy", transposed)).find("615 at [0, 2]") != std::string::npos);
  CHECK(errorOf(directory.write("bad.npy", file(header("\x1b[2J", "(1,)"), ""))).find("type '?[2J'") !=
        std::string::npos);
  std::string axes = "(" + std::string(200, '1');
  for (size_t i = 2; i < axes.size(); i += 2)
    axes[i] = ',';
  CHECK(errorOf(directory.write("bad.npy", file(header("<f4", axes + ")"), ""))).find("more than 64 axes") !=
        std::string::npos);
}

TEST_CASE("npy: any cut through a good file is an error, never a crash", "[npy]") {
  TempDirectory directory;
  std::string good = file(header("<f4", "(2, 3)"), bytes<float>({1, 2, 3, 4, 5, 6}), 2);
  for (size_t length = 0; length < good.size(); ++length)
    CHECK(errorOf(directory.write("cut.npy", good.substr(0, length))) != "no error");
  for (size_t at = 8; at < good.size() - 24; ++at) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    errorOf(directory.write("damaged.npy", damaged)); // A changed space may be harmless.
  }
  CHECK(errorOf(directory.write("good.npy", good)) == "no error");
}

TEST_CASE("npy: what is no regular file is refused", "[npy]") {
  TempDirectory directory;
  CHECK(errorOf(directory.path("")) == directory.path("") + ": error: expects a file, got a directory");
  CHECK(errorOf(directory.path("none.npy")).find("No such file") != std::string::npos);
  REQUIRE(::mkfifo(directory.path("pipe").c_str(), 0600) == 0);
  CHECK(errorOf(directory.path("pipe")).find("expects a regular file") != std::string::npos);
}

TEST_CASE("npy: output appears only on success", "[npy]") {
  TempDirectory directory;
  Array array(ElementType::I32, {2});
  std::fill_n(array.data<int32_t>(), 2, 5);
  CHECK_THROWS_WITH(writeNpy(directory.path("no/such/a.npy"), array),
                    Catch::Contains("a.npy: error: cannot be written"));
  CHECK_THROWS_WITH(writeNpy(directory.path(""), array), Catch::Contains("directory"));
  // A device takes no part in renaming, and this one is always full.
  CHECK_THROWS_WITH(writeNpy("/dev/full", array), "/dev/full: error: cannot be written: no space left on device");
  REQUIRE(directory.fileCount() == 0);
  {
    OutputFile file(directory.path("abandoned.npy"));
    writeNpy(file, array);
    REQUIRE_FALSE(std::filesystem::exists(directory.path("abandoned.npy")));
  }
  REQUIRE(directory.fileCount() == 0);
}

TEST_CASE("npy: writing goes through a link and keeps it", "[npy]") {
  TempDirectory directory;
  Array array(ElementType::I32, {2});
  std::fill_n(array.data<int32_t>(), 2, 5);
  writeNpy(directory.path("target.npy"), Array(ElementType::I32, {0}));
  std::filesystem::create_symlink("target.npy", directory.path("link.npy"));
  writeNpy(directory.path("link.npy"), array);
  REQUIRE(std::filesystem::is_symlink(directory.path("link.npy")));
  REQUIRE(values<int32_t>(readNpy(directory.path("target.npy"))) == std::vector<int32_t>{5, 5});
}
