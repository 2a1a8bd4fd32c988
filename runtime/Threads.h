//===- Threads.h - How many threads ---------------------------------*- C++ -*-===//
//
// One rule for every loop over samples.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_THREADS_H
#define ESPALIER_RUNTIME_THREADS_H

#include <algorithm>

#include <tbb/info.h>

namespace espalier::runtime {

/// `requested`, but no more than this process may run at once; 0 asks for all of them.
inline int threadCount(int requested) {
  int available = tbb::info::default_concurrency();
  return requested > 0 ? std::min(requested, available) : available;
}

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_THREADS_H
