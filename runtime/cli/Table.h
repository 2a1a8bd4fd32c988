//===- Table.h - An array for people --------------------------------*- C++ -*-===//
//
// What commands print where no output file was asked for.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_RUNTIME_CLI_TABLE_H
#define ESPALIER_RUNTIME_CLI_TABLE_H

#include "runtime/Array.h"

#include <ostream>
#include <string>

namespace espalier::runtime {

/// Prints the array's shape and the first values of its first samples, one line each.
void printTable(std::ostream &out, const std::string &title, const Array &array);

} // namespace espalier::runtime

#endif // ESPALIER_RUNTIME_CLI_TABLE_H
