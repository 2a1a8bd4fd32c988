//===- Main.cpp - Catch2's main for the tests of the oracle ---------------===//
//
// In a file of its own because it takes long to compile and never changes.
//
//===----------------------------------------------------------------------===//

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
