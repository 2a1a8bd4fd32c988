//===- Error.h - What the runtime reports ---------------------------*- C++ -*-===//
//
// The one exception of the runtime: something a user gave is wrong. Its text is a finished line, so that whoever
// catches it only has to print it. The library layer itself never prints.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_ERROR_H
#define ESPALIER_RUNTIME_ERROR_H

#include <cctype>
#include <stdexcept>
#include <string>
#include <system_error>

namespace espalier::runtime {

/// what() is "error: message", or "place: error: message" where a file is at fault.
class Error : public std::runtime_error {
public:
  explicit Error(const std::string &message) : std::runtime_error("error: " + message) {}
  Error(const std::string &place, const std::string &message)
      : std::runtime_error(place.empty() ? "error: " + message : place + ": error: " + message) {}
};

/// What the system says of an error number, in our style: "no space left on device".
inline std::string systemReason(int code) {
  std::string text = std::system_category().message(code);
  text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_ERROR_H
