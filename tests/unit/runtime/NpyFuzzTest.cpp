//===- NpyFuzzTest.cpp - Mutants of good .npy files -----------------*- C++ -*-===//
//
// Thousands of small changes to the headers of good files, the same on every run: each is read as a sensible array of
// the file's size or refused in a sentence, never a crash, another exception or an allocation beyond the file.
//
//===----------------------------------------------------------------------===//

#include "TempDirectory.h"

#include "runtime/Error.h"
#include "runtime/Memory.h"
#include "runtime/Npy.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <string_view>

using namespace espalier::runtime;
using espalier::runtime::tests::TempDirectory;
using namespace std::string_view_literals;

namespace {

constexpr size_t dataBytes = 48;

std::string goodFile(int version, std::string_view dictionary) {
  std::string text = std::string(dictionary) + "\n";
  std::string file = std::string("\x93NUMPY") + static_cast<char>(version) + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    file += static_cast<char>(text.size() >> 8 * i & 255);
  file += text;
  for (size_t i = 0; i < dataBytes; ++i)
    file += static_cast<char>(i * 37);
  return file;
}

/// One byte or one number of the part before the data, changed in one of the ways that matter to a header.
std::string mutant(const std::string &good, std::mt19937_64 &random) {
  constexpr std::string_view meaningful = "0123456789-+<>=|fiubcU'\"{}[](),: LTrueFalse\n\0\x7f\xff"sv;
  constexpr std::string_view numbers[] = {
      "0",   "-1",   "1", "12", "4294967296", "9223372036854775807", "9223372036854775808", "99999999999999999999999",
      "1e3", "0x10", ""};
  std::string result = good;
  const size_t place = random() % (good.size() - dataBytes);
  const size_t number = std::min(good.find_first_of("0123456789", place), good.size() - dataBytes);
  switch (random() % 6) {
  case 0:
    result.erase(place, 1);
    break;
  case 1:
    result.insert(place, 1, result[place]);
    break;
  case 2:
    result[place] = meaningful[random() % meaningful.size()];
    break;
  case 3:
    result[place] = static_cast<char>(random() % 256);
    break;
  case 4:
    result.replace(number, 1, numbers[random() % std::size(numbers)]);
    break;
  default:
    std::swap(result[place], result[random() % (good.size() - dataBytes)]);
  }
  return result;
}

/// What is wrong with the outcome of reading the file, or nothing; counts what was read and what refused.
std::string findFault(const std::string &path, size_t fileSize, int &read, int &refused) {
  try {
    const Array array = readNpy(path);
    ++read;
    // The narrowest elements of a file take one byte there and the widest of ours eight.
    return array.sizeInBytes() <= 8 * fileSize ? "" : "an array larger than the file";
  } catch (const OutOfMemory &error) {
    return error.what();
  } catch (const Error &error) {
    ++refused;
    const std::string message = error.what(), head = path + ": error: ";
    bool wellFormed = message.starts_with(head) && message.size() > head.size() && !message.ends_with('.') &&
                      message.find('\n') == std::string::npos && message.find('\0') == std::string::npos;
    return wellFormed ? "" : "malformed: " + message;
  } catch (const std::exception &error) {
    return std::string("exception: ") + error.what();
  }
}

const std::string goodFiles[] = {
    goodFile(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"),
    goodFile(2, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3, 4), }"),
    goodFile(3, "{'descr': '|b1', 'fortran_order': False, 'shape': (48,), }"),
    goodFile(1, "{\"shape\": (6L,), 'fortran_order': True, 'descr': '<u8'}"),
};

} // namespace

TEST_CASE("npy: mutants of good headers are read or refused in a sentence", "[npy]") {
  TempDirectory directory;
  std::mt19937_64 random(2026);
  int read = 0, refused = 0;
  for (const std::string &good : goodFiles)
    for (int i = 0; i < 1500; ++i) {
      std::string text = mutant(good, random);
      for (uint64_t more = random() % 2; more > 0; --more)
        text = mutant(text, random);
      std::string fault = findFault(directory.write("mutant.npy", text), text.size(), read, refused);
      INFO(fault << " in " << text);
      REQUIRE(fault.empty());
    }
  CHECK(read > 30); // both outcomes must really occur
  CHECK(refused > 3000);
}

TEST_CASE("npy: every truncation is refused in a sentence", "[npy]") {
  TempDirectory directory;
  for (const std::string &good : goodFiles) {
    int read = 0, refused = 0;
    for (size_t length = 0; length < good.size(); ++length) {
      std::string fault = findFault(directory.write("cut.npy", good.substr(0, length)), length, read, refused);
      INFO(fault << " at " << length << " of " << good);
      REQUIRE(fault.empty());
    }
    CHECK(read == 0);
  }
}
