//===- OutputStream.h - LLVM's streams into output files ---------*- C++ -*-===//
//
// What MLIR and LLVM print, written to a runtime::OutputFile.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_OUTPUTSTREAM_H
#define ESPALIER_COMPILER_DRIVER_OUTPUTSTREAM_H

#include "runtime/Error.h"
#include "runtime/File.h"

#include "llvm/Support/raw_ostream.h"

#include <exception>

namespace espalier {

/// LLVM's code must not be left by an exception, so an error waits for finish().
class OutputStream : public llvm::raw_ostream {
public:
  explicit OutputStream(runtime::OutputFile &file) : file(file) {}
  ~OutputStream() override { flush(); }

  /// Throws runtime::Error where not all that was printed could be written.
  void finish() {
    flush();
    if (problem)
      std::rethrow_exception(problem);
  }

private:
  void write_impl(const char *data, size_t size) override {
    position += size;
    try {
      if (!problem)
        file.write(data, size);
    } catch (const runtime::Error &) {
      problem = std::current_exception();
    }
  }

  uint64_t current_pos() const override { return position; }

  runtime::OutputFile &file;
  std::exception_ptr problem;
  uint64_t position = 0;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_OUTPUTSTREAM_H
