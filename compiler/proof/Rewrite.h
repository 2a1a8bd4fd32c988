//===- Rewrite.h - Normal forms of terms -------------------------*- C++ -*-===//
//
// A rule replaces a term by an equal one; a normal form is what no rule applies to. Networks and message-passing
// programs have rules of their own, and share those that move factors. docs/proof.md states every rule, its side
// condition and why it is sound; the tests evaluate both sides of each on random tensors.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_PROOF_REWRITE_H
#define ESPALIER_COMPILER_PROOF_REWRITE_H

#include "compiler/proof/Term.h"

#include <map>
#include <span>

namespace espalier::proof {

struct Rule {
  const char *name;
  /// An equal term; null where the rule does not apply.
  TermRef (*apply)(Terms &terms, TermRef term);
};

/// Rules about products and factors.
std::span<const Rule> sharedRules();
/// Rules about the layers of networks.
std::span<const Rule> networkRules();
/// Rules about the steps of message-passing programs.
std::span<const Rule> messageRules();

/// How often each rule was used.
using RuleCounts = std::map<std::string, int64_t>;

/// Rewrites terms of one program until no rule applies.
class Normalizer {
public:
  Normalizer(Terms &terms, std::span<const Rule> own, RuleCounts &counts) : terms(terms), own(own), counts(counts) {}

  /// The normal form. Terms are best normalized as they are made: recursion is then as deep as a rule's result.
  TermRef normalize(TermRef term);

  Terms &terms;

private:
  TermRef step(TermRef term);

  std::span<const Rule> own;
  RuleCounts &counts;
  std::unordered_map<TermRef, TermRef> normal;
};

} // namespace espalier::proof

#endif // ESPALIER_COMPILER_PROOF_REWRITE_H
