//===- Verify.h - Compiled programs against the oracle ------------*- C++ -*-===//
//
// The product's promise, checked: every program, query and number type of a compiled model gives what the oracle
// gives, on samples of the model seen at several noise levels and on the corners. Evidence comes from the runtime
// (Cases.h), answers and the order of nodes from the parsed model alone.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_DRIVER_VERIFY_H
#define ESPALIER_COMPILER_DRIVER_VERIFY_H

#include "compiler/analysis/Model.h"
#include "compiler/proof/Report.h"
#include "runtime/Model.h"

#include <algorithm>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace espalier {

/// One program x query x number type, over all cases.
struct Check {
  std::string query;   ///< "classify" | "marginals" | "denoise" | "loglik"
  int64_t level = -1;  ///< of marginals; -1 elsewhere
  std::string program; ///< "bp" | "net"
  std::string dtype;   ///< "f32" | "f64"
  std::string method;  ///< the oracle's: "enumeration" | "reference"
  /// Largest difference; for loglik it is divided by max(1, |loglik|). The largest double where a program answered
  /// NaN or infinity.
  double maxAbs = 0;
  /// Largest total variation between two posteriors of one node; denoise: of the leaf posteriors that it averages
  /// e over; loglik: 0.
  double maxTv = 0;
  double tolerance = 0;
  int64_t wrongFlags = 0; ///< samples reported possible where they are not, or the other way round
  std::string worstCase;  ///< the case that maxAbs, or the first wrong flag, was found in
  /// For networks of ReLUs, whose tolerance is the certified error: the largest that a search for bad evidence found,
  /// where maxAbs and maxTv are over samples. -1 for what has no certificate.
  double searched = -1;
  bool isCertified() const { return searched >= 0; }
  double measured() const { return isCertified() ? std::max(searched, query == "denoise" ? maxAbs : maxTv) : maxAbs; }
  bool pass() const { return wrongFlags == 0 && measured() <= tolerance; }
};

struct Verification {
  std::string model;
  std::vector<Check> checks;
  int64_t cases = 0;
  int64_t samplesPerCase = 0;
  bool pass() const;
  /// The failing check that is furthest beyond its tolerance, wrong flags first; null where all pass.
  const Check *worst() const;
};

/// What a network of ReLUs may be wrong by; its number type's rounding included.
struct CertifiedBounds {
  double classify = 0, denoise = 0, marginals = 0;
};

struct VerifyOptions {
  /// Per case. Without a value: affordableSamples.
  std::optional<int64_t> samples;
  uint64_t seed = 0;
  /// Called with finished and all cases, from any thread, several at once.
  std::function<void(int64_t done, int64_t total)> progress;
  /// For every compiled model, where its networks are of ReLUs; empty where none are.
  std::vector<CertifiedBounds> bounds;
};

/// Samples for each of `cases` cases: 64, or as many as the oracle answers in about ten seconds of one thread for all
/// cases together, but at least one. An estimate, so that the same model always sees the same evidence.
int64_t affordableSamples(const Model &model, int64_t cases);

/// `compiled`: the same model for one or more number types; all see the same evidence, which fits the narrowest.
/// Programs that a compiled model lacks are not checked. Throws runtime::Error where a run is refused.
Verification verifyCompiled(const Model &model, const std::vector<const runtime::Model *> &compiled,
                            const VerifyOptions &options);

/// A line per check, and a last one that says how it went.
void printTable(std::ostream &out, const Verification &verification);

/// The JSON document of `verify --json`, with a final newline; with `proof` where one was asked for.
std::string jsonText(const Verification &verification, const proof::Report *proof = nullptr);

} // namespace espalier

#endif // ESPALIER_COMPILER_DRIVER_VERIFY_H
