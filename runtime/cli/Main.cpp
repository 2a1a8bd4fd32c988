//===- Main.cpp - The executable of a compiled model ----------------*- C++ -*-===//
//
// Linked with one generated object, which brings the model.
//
//===----------------------------------------------------------------------===//

#include "runtime/File.h"
#include "runtime/cli/CommandLine.h"

extern "C" const EspalierModel espalier_model;

int main(int argc, char **argv) {
  espalier::runtime::leaveNothingBehind();
  espalier::runtime::StandardOutput output;
  return espalier::runtime::runCommandLine(espalier_model, argc, argv);
}
