//===- Report.h - What was proved --------------------------------*- C++ -*-===//
//
// The outcome of comparing networks with message-passing programs, as plain data, and its text.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_PROOF_REPORT_H
#define ESPALIER_COMPILER_PROOF_REPORT_H

#include "compiler/proof/Compare.h"
#include "compiler/proof/Rewrite.h"

#include <iosfwd>

namespace espalier::proof {

/// One network and the program that it should be.
struct Claim {
  std::string program;  ///< "up_symbol", "updown_soft", ...
  std::string dtype;    ///< of the arrays: "f32" | "f64"
  std::string network;  ///< what the network's kernels were rounded to: "f32" | "f64"
  std::string messages; ///< what the kernels of the program that it was compared with were rounded to
  bool proved = false;
  std::string answer = {};    ///< where not proved: the first answer that differs, or what is missing
  Difference difference = {}; ///< of that answer; empty where a program is missing

  /// The two programs were rounded to different types, so that their kernels cannot be equal bit for bit.
  bool isRoundedOtherwise() const { return !proved && network != messages; }
};

struct Report {
  std::vector<Claim> claims;
  RuleCounts rules; ///< of both sides, over all claims

  /// All claims are proved but for those whose two programs are rounded to different types, and each of these is proved
  /// for another type of arrays; there is at least one claim.
  bool proved() const;
  /// The first claim that stands against it; null where `proved`.
  const Claim *firstFailure() const;
};

/// "net_up_symbol is not bp_up_symbol: posterior of level 0", and the two sides on lines of their own.
std::string failureText(const Claim &claim);

/// A line per claim, the rules used and how often, and the verdict.
void printReport(std::ostream &out, const Report &report);

} // namespace espalier::proof

#endif // ESPALIER_COMPILER_PROOF_REPORT_H
