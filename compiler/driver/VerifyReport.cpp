//===- VerifyReport.cpp - A verification, for people and programs ---------===//
//
// The table that `espalier verify` prints and the JSON that it writes.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Verify.h"

#include <iomanip>
#include <ostream>
#include <sstream>

#include <nlohmann/json.hpp>

namespace espalier {
namespace {

std::string queryText(const Check &check) {
  return check.level < 0 ? check.query : check.query + " level " + std::to_string(check.level);
}

std::string number(double value) {
  std::ostringstream text;
  text << std::scientific << std::setprecision(1) << value;
  return text.str();
}

void printRow(std::ostream &out, const std::vector<std::string> &cells) {
  static constexpr int widths[] = {6, 8, 20, 12, 12, 12, 6};
  std::ostringstream line;
  for (size_t i = 0; i < cells.size(); ++i)
    if (i < std::size(widths))
      line << std::left << std::setw(widths[i]) << cells[i];
    else
      line << cells[i];
  out << line.str() << '\n';
}

/// "net marginals level 3 in f32: differs by 2.0e-03, more than 1.0e-05, in case far outliers".
std::string failureText(const Check &check) {
  std::string text = check.program + " " + queryText(check) + " in " + check.dtype + ": ";
  if (check.wrongFlags > 0)
    text += std::to_string(check.wrongFlags) + " samples wrongly reported as impossible or possible";
  else
    text += "differs by " + number(check.measured()) + ", more than " + number(check.tolerance);
  return text + ", in case " + check.worstCase;
}

nlohmann::ordered_json jsonOf(const proof::Claim &claim) {
  nlohmann::ordered_json entry = {{"program", claim.program},
                                  {"dtype", claim.dtype},
                                  {"net_kernels", claim.network},
                                  {"bp_kernels", claim.messages},
                                  {"proved", claim.proved}};
  if (!claim.proved)
    entry["answer"] = claim.answer;
  if (!claim.difference.messages.empty()) {
    entry["bp"] = claim.difference.messages;
    entry["net"] = claim.difference.network;
  }
  return entry;
}

nlohmann::ordered_json jsonOf(const proof::Report &report) {
  nlohmann::ordered_json programs = nlohmann::ordered_json::array();
  for (const proof::Claim &claim : report.claims)
    programs.push_back(jsonOf(claim));
  return {{"proved", report.proved()}, {"programs", std::move(programs)}, {"rules", report.rules}};
}

/// Measured against certified, where there are networks of ReLUs.
void printCertified(std::ostream &out, const Verification &verification) {
  bool isFirst = true;
  for (const Check &check : verification.checks) {
    if (!check.isCertified())
      continue;
    if (isFirst)
      printRow(out, {"", "", "", "", "", "", ""});
    if (isFirst)
      printRow(out,
               {"dtype", "program", "certificate of", "sampled", "searched", "certified", "", "measured / certified"});
    isFirst = false;
    double sampled = check.query == "denoise" ? check.maxAbs : check.maxTv;
    printRow(out, {check.dtype, check.program, queryText(check), number(sampled), number(check.searched),
                   number(check.tolerance), check.pass() ? "ok" : "FAIL", number(check.measured() / check.tolerance)});
  }
}

} // namespace

void printTable(std::ostream &out, const Verification &verification) {
  printRow(out, {"dtype", "program", "query", "max abs", "max tv", "tolerance", "", "worst case"});
  for (const Check &check : verification.checks)
    printRow(out, {check.dtype, check.program, queryText(check), number(check.maxAbs), number(check.maxTv),
                   number(check.tolerance), check.pass() ? "ok" : "FAIL", check.worstCase});
  printCertified(out, verification);
  out << verification.model << ": " << verification.checks.size() << " checks over " << verification.cases
      << " cases of " << verification.samplesPerCase << " samples";
  if (!verification.checks.empty())
    out << " against " << verification.checks.front().method;
  if (const Check *worst = verification.worst())
    out << "; the worst failing check is " << failureText(*worst) << '\n';
  else
    out << "; all pass\n";
}

std::string jsonText(const Verification &verification, const proof::Report *proof) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const Check &check : verification.checks) {
    nlohmann::ordered_json entry = {{"query", check.query},         {"program", check.program},
                                    {"dtype", check.dtype},         {"against", "oracle"},
                                    {"method", check.method},       {"max_abs", check.maxAbs},
                                    {"max_tv", check.maxTv},        {"tolerance", check.tolerance},
                                    {"pass", check.pass()},         {"wrong_flags", check.wrongFlags},
                                    {"worst_case", check.worstCase}};
    if (check.isCertified()) {
      entry["searched"] = check.searched;
      entry["certified"] = check.tolerance;
      entry["ratio"] = check.measured() / check.tolerance;
    }
    if (check.level >= 0)
      entry["level"] = check.level;
    checks.push_back(std::move(entry));
  }
  nlohmann::ordered_json document = {{"model", verification.model},
                                     {"pass", verification.pass()},
                                     {"samples", verification.samplesPerCase},
                                     {"cases", verification.cases},
                                     {"checks", std::move(checks)}};
  if (proof)
    document["proof"] = jsonOf(*proof);
  return document.dump(2) + "\n";
}

} // namespace espalier
