//===- ProgressBar.h - How far long work has come -------------------*- C++ -*-===//
//
// A bar on the last line of a terminal; nothing where standard error is no terminal or the work is short.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_CLI_PROGRESSBAR_H
#define ESPALIER_RUNTIME_CLI_PROGRESSBAR_H

#include "runtime/Tiles.h"

#include <chrono>
#include <mutex>
#include <string>

namespace espalier::runtime {

class ProgressBar {
public:
  explicit ProgressBar(std::string label);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar &) = delete;
  ProgressBar &operator=(const ProgressBar &) = delete;

  /// To be handed to the work; empty where nothing will be shown. The bar must outlive it.
  Progress callback();
  /// Takes the bar away until there is more progress, so that something else can be printed.
  void clear();

private:
  using Clock = std::chrono::steady_clock;

  void show(int64_t done, int64_t total);

  std::string label;
  bool terminal;
  bool shown = false;
  std::mutex mutex;
  Clock::time_point next;
};

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_CLI_PROGRESSBAR_H
