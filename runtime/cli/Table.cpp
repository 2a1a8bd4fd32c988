//===- Table.cpp - An array for people ------------------------------*- C++ -*-===//
//
// Eight lines of ten values: enough to see that something sensible came out.
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/Table.h"

#include "runtime/Npy.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

using namespace espalier::runtime;

void espalier::runtime::printTable(std::ostream &out, const std::string &title, const Array &array) {
  constexpr int64_t maxRows = 8, maxColumns = 10;
  int64_t batch = array.shape()[0];
  int64_t width = batch == 0 ? 0 : array.size() / batch;
  std::ostringstream text;
  text << title << ": " << shapeText(array.shape()) << " " << typeName(array.type()) << "\n";
  visitType(array.type(), [&](auto zero) {
    const auto *values = array.data<decltype(zero)>();
    for (int64_t i = 0; i < std::min(batch, maxRows); ++i) {
      text << std::setw(6) << i << " |" << std::setprecision(5);
      for (int64_t k = 0; k < std::min(width, maxColumns); ++k)
        text << " " << std::setw(11) << values[i * width + k];
      text << (width > maxColumns ? " ...\n" : "\n");
    }
  });
  if (batch > maxRows)
    text << "   ... and " << batch - maxRows << " more (--output writes all)\n";
  out << text.str();
}
