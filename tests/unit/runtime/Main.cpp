//===- Main.cpp - Runner of the runtime's unit tests ----------------*- C++ -*-===//
//
// The test framework's own main().
//
//===----------------------------------------------------------------------===//

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
