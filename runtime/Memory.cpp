//===- Memory.cpp - What memory there is, and what is short of it ---*- C++ -*-===//

#include "runtime/Memory.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>

#include <sys/resource.h>
#include <unistd.h>

using namespace espalier;
using namespace espalier::runtime;

namespace {

constexpr uint64_t unknown = std::numeric_limits<uint64_t>::max();

/// What the system would give without swapping.
uint64_t machineMemory() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  for (uint64_t kibibytes = 0; file >> key >> kibibytes; std::getline(file, unit))
    if (key == "MemAvailable:")
      return kibibytes * 1024;
  return unknown;
}

/// What is left of the process's address space.
uint64_t addressSpace() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return unknown;
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  uint64_t used = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

} // namespace

uint64_t runtime::memoryAtHand() { return std::min(machineMemory(), addressSpace()); }

std::string runtime::bytesText(uint64_t bytes) {
  constexpr const char *units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024)
    return std::to_string(bytes) + " bytes";
  auto value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %s", value, units[unit]);
  return text;
}

OutOfMemory::OutOfMemory(const std::string &what, uint64_t bytes)
    : text(what + " takes " + bytesText(bytes) + ", " + bytesText(memoryAtHand()) + " are at hand") {}
