//===- ProgressBar.cpp - How far long work has come -----------------*- C++ -*-===//
//
// Workers never wait for each other here: whoever finds the bar in use leaves it alone.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/ProgressBar.h"

#include <iostream>

#include <unistd.h>

using namespace espalier::runtime;

ProgressBar::ProgressBar(std::string label)
    : label(std::move(label)), terminal(::isatty(STDERR_FILENO)), next(Clock::now() + std::chrono::milliseconds(500)) {}

void ProgressBar::clear() {
  std::lock_guard lock(mutex);
  if (shown)
    std::cerr << "\r\x1b[K" << std::flush;
  shown = false;
}

Progress ProgressBar::callback() {
  if (!terminal)
    return {};
  return [this](int64_t done, int64_t total) { show(done, total); };
}

void ProgressBar::show(int64_t done, int64_t total) {
  std::unique_lock lock(mutex, std::try_to_lock);
  if (!lock || Clock::now() < next)
    return;
  next = Clock::now() + std::chrono::milliseconds(100);
  shown = true;
  constexpr int64_t width = 40;
  int64_t filled = total > 0 ? done * width / total : width;
  std::cerr << "\r\x1b[K" << label << " [" << std::string(filled, '#') << std::string(width - filled, '.') << "] "
            << (total > 0 ? done * 100 / total : 100) << "%" << std::flush;
}
