//===- Values.h - Values of options ---------------------------------*- C++ -*-===//
//
// Options that say what they expect and what they got: integers in a range, reals, and words of a list.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_CLI_VALUES_H
#define ESPALIER_RUNTIME_CLI_VALUES_H

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace espalier::runtime {

/// Both ends belong to it.
struct IntegerRange {
  uint64_t low = 0;
  uint64_t high = std::numeric_limits<uint64_t>::max();
};

/// "an integer in 0 .. 2^64 - 1".
std::string rangeText(IntegerRange range);

/// The value of the option `name`: decimal digits, also such as 1e6 and 2.5e3 that are integers. Throws Error where it
/// is none or out of range.
uint64_t parseInteger(const std::string &name, const std::string &text, IntegerRange range);

/// A number, nan and inf included. Throws Error where it is none, or where a double holds 0 or an infinity in its
/// place.
double parseReal(const std::string &name, const std::string &text);

/// The index of a word of a list. Throws Error where it is none of them.
size_t parseChoice(const std::string &name, const std::string &text, std::span<const std::string_view> words);

/// The range must fit T, which may be optional.
template <typename T>
CLI::Option *addInteger(CLI::App &command, const std::string &name, T &target, IntegerRange range,
                        const std::string &help) {
  auto set = [name, &target, range](const std::string &text) {
    const uint64_t value = parseInteger(name, text, range);
    if constexpr (requires { typename T::value_type; })
      target = static_cast<typename T::value_type>(value);
    else
      target = static_cast<T>(value);
  };
  return command.add_option_function<std::string>(name, set, help)->type_name("N");
}

CLI::Option *addReal(CLI::App &command, const std::string &name, double &target, const std::string &help);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_CLI_VALUES_H
