//===- Verify.cpp - The network against the exact program -----------*- C++ -*-===//
//
// Cases are drawn in rounds of few samples, so that memory stays bounded for large models.
//
//===----------------------------------------------------------------------===//

#include "runtime/Verify.h"

#include "runtime/Cases.h"
#include "runtime/Error.h"
#include "runtime/Tolerance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

using namespace espalier;
using namespace espalier::runtime;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// |a - b|, infinite where either is NaN or the two are different infinities.
double distance(double a, double b) {
  if (a == b)
    return 0;
  double result = std::fabs(a - b);
  return std::isnan(result) ? infinity : result;
}

/// One sample's answer as distributions (or values) of `width` entries.
template <typename Real> Difference compareSample(const Real *left, const Real *right, int64_t size, int64_t width) {
  Difference result;
  for (int64_t begin = 0; begin < size; begin += width) {
    double sum = 0;
    for (int64_t i = begin; i < begin + width; ++i) {
      double gap = distance(left[i], right[i]);
      result.maxAbs = std::max(result.maxAbs, gap);
      sum += gap;
    }
    result.maxTv = std::max(result.maxTv, sum / 2);
  }
  return result;
}

Difference compareLoglik(double left, double right) {
  Difference result;
  result.maxAbs = distance(left, right) / std::max({1.0, std::fabs(left), std::fabs(right)});
  if (std::isnan(result.maxAbs))
    result.maxAbs = infinity;
  return result;
}

/// Every level of a tree of usual depth, the ends and the middle of a deep one.
std::vector<int64_t> levelsToCheck(const Model &model) {
  int64_t depth = model.depth();
  if (depth > 8)
    return {0, 1, depth / 2, depth - 1, depth};
  std::vector<int64_t> levels;
  for (int64_t l = 0; l <= depth; ++l)
    levels.push_back(l);
  return levels;
}

/// Samples per round: no array of a round takes much more than 64 MB.
int64_t roundSize(const Model &model, int64_t n) {
  int64_t width = std::max({*std::max_element(model.states.begin(), model.states.end()), model.valueSize});
  return std::clamp<int64_t>((int64_t{64} << 20) / (8 * width * model.leaves()), 1, std::max<int64_t>(n, 1));
}

/// The checks under way and what adds to them.
class Verifier {
public:
  explicit Verifier(const Model &model) : model(model), kinds{model.ownEvidence(), EvidenceKind::Soft} {
    for (Program program : {Program::BP, Program::Net})
      if (!model.hasProgram(program))
        throw Error(std::string("verification expects both programs, the model was compiled without '") +
                    name(program) + "'");
    for (EvidenceKind kind : kinds)
      for (Query query : queries)
        if (query != Query::Loglik || !model.isRelu(Program::Net, kind))
          checks.push_back({query, kind, {}, allowed(query, kind), {}, true});
  }

  void runCase(const Case &drawn) {
    for (Query query : queries) {
      std::vector<int64_t> levels = query == Query::Marginals ? levelsToCheck(model) : std::vector<int64_t>{-1};
      for (int64_t level : levels)
        add(drawn, query, level);
    }
  }

  std::vector<Check> finish() {
    for (Check &check : checks)
      check.pass = check.difference.disagreed == 0 && check.difference.maxAbs <= check.tolerance;
    return std::move(checks);
  }

private:
  /// What rounding explains, and for a network of ReLUs what it may be wrong by.
  double allowed(Query query, EvidenceKind kind) const {
    const std::span values(model.values, static_cast<size_t>(model.leafStates() * model.valueSize));
    return tolerance(model.dtype, query, values) + (model.isRelu(Program::Net, kind) ? model.relu->tolerance : 0);
  }

  void add(const Case &drawn, Query query, int64_t level) {
    const bool isRelu = model.isRelu(Program::Net, drawn.kind);
    if (isRelu && (query == Query::Loglik || !isCertified(model, drawn)))
      return;
    Request request{Program::BP, query, drawn.kind, level, drawn.lambda, drawn.sigma, 0};
    Outcome exact = run(model, request, isRelu ? clipped(model, drawn) : drawn.evidence);
    request.program = Program::Net;
    Outcome network = run(model, request, drawn.evidence);
    Difference difference = compare(model, query, exact, network);
    // Certificates of posteriors are about their total variation.
    if (isRelu)
      difference.maxAbs = std::max(difference.maxAbs, difference.maxTv);
    for (Check &check : checks) {
      if (check.query != query || check.evidence != drawn.kind)
        continue;
      bool worse = difference.maxAbs > check.difference.maxAbs || difference.disagreed > check.difference.disagreed;
      if (check.worst.empty() || worse)
        check.worst = drawn.name + (level >= 0 ? ", level " + std::to_string(level) : "");
      check.difference.include(difference);
    }
  }

  static constexpr Query queries[] = {Query::Classify, Query::Marginals, Query::Denoise, Query::Loglik};
  const Model &model;
  EvidenceKind kinds[2];
  std::vector<Check> checks;
};

} // namespace

void Difference::include(const Difference &other) {
  maxAbs = std::max(maxAbs, other.maxAbs);
  maxTv = std::max(maxTv, other.maxTv);
  disagreed += other.disagreed;
}

Difference runtime::compare(const Model &model, Query query, const Outcome &left, const Outcome &right) {
  Difference result;
  int64_t batch = static_cast<int64_t>(left.loglik.size());
  int64_t size = batch == 0 ? 0 : left.output.size() / batch;
  int64_t width = query == Query::Denoise ? model.valueSize : left.output.shape().back();
  for (int64_t i = 0; i < batch; ++i) {
    bool impossible = left.loglik[i] == -infinity;
    if (impossible != (right.loglik[i] == -infinity)) {
      ++result.disagreed;
    } else if (!impossible && query == Query::Loglik) {
      result.include(compareLoglik(left.loglik[i], right.loglik[i]));
    } else if (!impossible) {
      visitReal(left.output.type(), [&](auto zero) {
        using Real = decltype(zero);
        result.include(
            compareSample(left.output.data<Real>() + i * size, right.output.data<Real>() + i * size, size, width));
      });
    }
  }
  if (query == Query::Denoise)
    result.maxTv = 0;
  return result;
}

std::vector<Check> runtime::verify(const Model &model, int64_t n, uint64_t seed, const Progress &progress) {
  Verifier verifier(model);
  int64_t perRound = roundSize(model, n);
  int64_t cases = caseCount(model);
  for (int64_t index = 0; index < cases; ++index)
    for (int64_t done = 0; done < n; done += perRound) {
      int64_t count = std::min(perRound, n - done);
      verifier.runCase(drawCase(model, index, count, seed + static_cast<uint64_t>(done)));
      if (progress)
        progress(index * n + done + count, cases * n);
    }
  return verifier.finish();
}
