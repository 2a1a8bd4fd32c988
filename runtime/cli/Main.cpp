//===- Main.cpp - The executable of a compiled model ----------------*- C++ -*-===//
//
// Linked with one generated object, which brings the model.
//
//===----------------------------------------------------------------------===//

#include "runtime/Temporary.h"
#include "runtime/cli/CommandLine.h"

extern "C" const EspalierModel espalier_model;

int main(int argc, char **argv) {
  espalier::runtime::leaveNothingBehind();
  return espalier::runtime::runCommandLine(espalier_model, argc, argv);
}
