//===- Compare.h - Where two normal forms differ -----------------*- C++ -*-===//
//
// Normal forms are equal where they are one term. Where they are not, the way down to the first pair that differs by
// itself and not only in what it is made of.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_PROOF_COMPARE_H
#define ESPALIER_COMPILER_PROOF_COMPARE_H

#include "compiler/proof/Term.h"

namespace espalier::proof {

/// Two terms as text.
struct Difference {
  std::string messages; ///< of the message-passing program
  std::string network;
};

/// Of two terms that are not the same one.
Difference firstDifference(TermRef messages, TermRef network);

/// A term as text, operands down to `depth` below it: "up@2(combine@2(...))", the number being the level.
std::string textOf(TermRef term, int depth);

} // namespace espalier::proof

#endif // ESPALIER_COMPILER_PROOF_COMPARE_H
