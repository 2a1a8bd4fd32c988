//===- Memory.h - What memory there is, and what is short of it -----*- C++ -*-===//
//
// Large models and batches are refused with a sentence that says what would take how much, rather than by the system in
// the middle of the work.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_MEMORY_H
#define ESPALIER_RUNTIME_MEMORY_H

#include <cstdint>
#include <new>
#include <string>

namespace espalier::runtime {

/// Bytes that this process can still have: what the machine has, within the process's own limits.
uint64_t memoryAtHand();

/// "512 bytes", "1.5 GiB".
std::string bytesText(uint64_t bytes);

/// Memory is short. what() is a sentence without a start: "a 1000x64 array takes ...".
class OutOfMemory : public std::bad_alloc {
public:
  /// `what` would take `bytes`.
  OutOfMemory(const std::string &what, uint64_t bytes);
  explicit OutOfMemory(std::string text) : text(std::move(text)) {}

  const char *what() const noexcept override { return text.c_str(); }

private:
  std::string text;
};

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_MEMORY_H
