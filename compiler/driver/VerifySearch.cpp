//===- VerifySearch.cpp - Evidence that makes errors large ----------------===//

#include "compiler/driver/VerifySearch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace espalier {
namespace {

/// Random starts, and all evaluations of the oracle: a second or so, within limits.
constexpr int kStarts = 4;
constexpr double kSeconds = 1;
constexpr int64_t kLeast = 40, kMost = 2000;

class Search {
public:
  Search(const Model &model, const reference::Oracle &oracle, const runtime::Model &compiled, const Question &question,
         uint64_t seed)
      : model(model), oracle(oracle), compiled(compiled), question(question), random(seed) {
    left = std::clamp<int64_t>(static_cast<int64_t>(kSeconds / oracleSecondsPerSample(model)), kLeast, kMost);
  }

  double run() {
    double most = 0;
    const int64_t each = left / kStarts;
    for (int start = 0; start < kStarts; ++start) {
      left = each;
      most = std::max(most, climb());
    }
    return most;
  }

private:
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); }
  int64_t below(int64_t count) { return std::uniform_int_distribution<int64_t>(0, count - 1)(random); }

  /// Either end of an interval, or a point between.
  double within(const std::array<double, 2> &interval) {
    int64_t choice = below(3);
    return choice == 2 ? uniform(interval[0], interval[1]) : interval[choice];
  }

  /// Another value for one component of one leaf: a symbol, or z at a state, at an end of the box or in it; or nothing.
  double candidate() {
    if (model.channel == Channel::Symbol)
      return static_cast<double>(below(model.leafStates() + 1) - 1);
    int64_t choice = below(8);
    if (choice == 0)
      return std::numeric_limits<double>::quiet_NaN();
    double z = choice < 4 ? within(compiled.relu->z)
                          : seen.lambda * model.values[below(static_cast<int64_t>(model.values.size()))];
    return std::clamp(z, compiled.relu->z[0], compiled.relu->z[1]);
  }

  void write(int64_t place, double value) {
    runtime::visitType(seen.evidence.type(), [&](auto zero) {
      using T = decltype(zero);
      seen.evidence.data<T>()[place] = static_cast<T>(value);
    });
    // A double between two floats may round out of the box.
    if (model.channel == Channel::Gaussian)
      seen.evidence = runtime::clipped(compiled, seen);
  }

  double read(int64_t place) const {
    return runtime::visitType(seen.evidence.type(), [&](auto zero) {
      return static_cast<double>(seen.evidence.data<decltype(zero)>()[place]);
    });
  }

  double error() {
    --left;
    runtime::Request request;
    request.program = runtime::Program::Net;
    request.query = question.query;
    request.evidence = seen.kind;
    request.level = question.level;
    request.lambda = seen.lambda;
    request.sigma = seen.sigma;
    request.threads = 1;
    Deviation deviation = compare(model, question, runtime::run(compiled, request, seen.evidence),
                                  {oracle.infer(fieldsOf(model, seen, 0))});
    return question.query == runtime::Query::Denoise ? deviation.maxAbs : deviation.maxTv;
  }

  /// From random evidence, leaf by leaf, keeping every change that makes the error larger.
  double climb() {
    seen.kind = compiled.ownEvidence();
    if (seen.kind == runtime::EvidenceKind::Gaussian) {
      seen.lambda = within(compiled.relu->lambda);
      seen.sigma = within(compiled.relu->sigma);
    }
    std::vector<int64_t> shape = compiled.evidenceShape(seen.kind);
    shape.insert(shape.begin(), 1);
    seen.evidence = runtime::Array(compiled.evidenceType(seen.kind), shape);
    std::fill_n(seen.evidence.raw(), seen.evidence.sizeInBytes(), std::byte{0});
    for (int64_t place = 0; place < seen.evidence.size(); ++place)
      write(place, candidate());
    double most = error();
    while (left > 0) {
      const int64_t place = below(seen.evidence.size());
      const double before = read(place);
      write(place, candidate());
      const double now = error();
      if (now >= most)
        most = now;
      else
        write(place, before);
    }
    return most;
  }

  const Model &model;
  const reference::Oracle &oracle;
  const runtime::Model &compiled;
  const Question &question;
  std::mt19937_64 random;
  int64_t left;
  runtime::Case seen;
};

} // namespace

double searchWorst(const Model &model, const reference::Oracle &oracle, const runtime::Model &compiled,
                   const Question &question, uint64_t seed) {
  return Search(model, oracle, compiled, question, seed).run();
}

} // namespace espalier
