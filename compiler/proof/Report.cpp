//===- Report.cpp - What was proved ---------------------------------------===//

#include "compiler/proof/Report.h"

#include <algorithm>
#include <iomanip>
#include <ostream>

namespace espalier::proof {
namespace {

/// Whether a claim that two roundings keep from being proved is proved for other arrays.
bool isProvedElsewhere(const Report &report, const Claim &claim) {
  return claim.isRoundedOtherwise() && std::ranges::any_of(report.claims, [&](const Claim &other) {
           return other.proved && other.program == claim.program;
         });
}

const char *verdictOf(const Report &report, const Claim &claim) {
  return claim.proved ? "PROVED" : isProvedElsewhere(report, claim) ? "rounded otherwise" : "NOT PROVED";
}

void printClaim(std::ostream &out, const Report &report, const Claim &claim) {
  out << std::left << std::setw(6) << claim.dtype << std::setw(20) << claim.program << std::setw(8) << claim.network
      << std::setw(8) << claim.messages << verdictOf(report, claim) << '\n';
}

void printRules(std::ostream &out, const RuleCounts &rules) {
  constexpr size_t kWidth = 100;
  std::string line = "rules:";
  for (const auto &[name, count] : rules) {
    std::string word = " " + name + " " + std::to_string(count);
    if (line.size() + word.size() > kWidth) {
      out << line << '\n';
      line = "      ";
    }
    line += word;
  }
  out << line << '\n';
}

} // namespace

bool Report::proved() const { return !claims.empty() && !firstFailure(); }

const Claim *Report::firstFailure() const {
  auto found = std::ranges::find_if(
      claims, [&](const Claim &claim) { return !claim.proved && !isProvedElsewhere(*this, claim); });
  return found == claims.end() ? nullptr : &*found;
}

std::string failureText(const Claim &claim) {
  std::string text =
      "net_" + claim.program + " in " + claim.dtype + " is not bp_" + claim.program + ": " + claim.answer;
  if (claim.difference.messages.empty())
    return text;
  return text + " differs\n  bp:  " + claim.difference.messages + "\n  net: " + claim.difference.network;
}

void printReport(std::ostream &out, const Report &report) {
  out << std::left << std::setw(6) << "dtype" << std::setw(20) << "program" << std::setw(8) << "net" << std::setw(8)
      << "bp"
      << "proof\n";
  for (const Claim &claim : report.claims)
    printClaim(out, report, claim);
  printRules(out, report.rules);
  if (const Claim *failure = report.firstFailure())
    out << "NOT PROVED: " << failureText(*failure) << '\n';
  else
    out << (report.proved() ? "PROVED: the networks are belief propagation\n" : "NOT PROVED: there is no network\n");
}

} // namespace espalier::proof
