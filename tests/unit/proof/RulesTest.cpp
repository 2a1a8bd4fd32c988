//===- RulesTest.cpp - Every rule on random tensors -----------------------===//
//
// Each rule is given a term that it applies to; both sides are evaluated with zeros in kernels and messages, on
// sequences and images of odd sizes. Where a side condition matters, a term that misses it is left as it is.
// Runs in the root of the repository, where docs/ is.
//
//===----------------------------------------------------------------------===//

#include "Evaluate.h"

#include "compiler/proof/Rewrite.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <fstream>
#include <functional>
#include <random>
#include <set>

using namespace espalier::proof;
using namespace espalier::proof::test;

namespace {

/// A random tree, evidence, and terms over them.
class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {
    static const std::vector<std::vector<int64_t>> lines = {{1}, {2}, {3}, {5}},
                                                   patches = {{1, 2}, {2, 2}, {3, 1}, {1, 1}};
    for (int l = 0; l < 2; ++l)
      world.patches.push_back((seed % 2 ? patches : lines)[pick(4)]);
    leafStates = states();
    world.lambda = 0.7;
    world.sigma = 0.9;
    for (int64_t v = 0; v < world.nodes(2); ++v) {
      world.symbols.push_back(pick(leafStates + 1));
      world.observations.push_back(pick(4) ? std::vector<double>{normal(), normal()} : std::vector<double>{});
    }
    world.likelihoods = message(world.nodes(2), leafStates);
  }

  int64_t pick(int64_t count) { return std::uniform_int_distribution<int64_t>(0, count - 1)(engine); }
  int64_t states() { return std::vector<int64_t>{1, 2, 3, 5, 17}[pick(5)]; }
  double normal() { return std::normal_distribution<double>()(engine); }

  /// Weights with zeros, but nowhere zero for all states.
  Tensor message(int64_t nodes, int64_t count) {
    Tensor x(nodes * count);
    for (double &weight : x)
      weight = pick(3) ? std::exp(2 * normal()) : 0;
    for (int64_t v = 0; v < nodes; ++v)
      x[v * count + pick(count)] = std::exp(normal());
    return x;
  }

  std::vector<int64_t> ranks() { return {world.ranks(1), world.ranks(2)}; }

  TermRef evidence(Channel channel) {
    if (channel != Channel::Gaussian)
      return terms.evidence(channel, {0}, ranks(), leafStates);
    Tensor values(leafStates * 2);
    for (double &value : values)
      value = normal();
    return terms.evidence(channel, {0, 1, 2}, ranks(), leafStates, terms.table({leafStates, 2}, values));
  }

  /// A term that stands for any message.
  TermRef weights(int64_t level, int64_t count) {
    TermRef x = variable(level, count);
    world.variables[x] = message(world.nodes(level), count);
    return x;
  }

  TermRef logs(int64_t level, int64_t count) { return terms.like(Kind::Log, weights(level, count)); }

  TermRef shift(int64_t level) {
    TermRef x = variable(level, 0);
    for (int64_t v = 0; v < world.nodes(level); ++v)
      world.variables[x].push_back(normal());
    return x;
  }

  TermRef scaled(int64_t level, int64_t count) { return terms.scaled(weights(level, count), shift(level)); }

  /// One matrix per rank or per node.
  const Table *kernel(int64_t level, int64_t rows, int64_t columns, bool positive = false) {
    int64_t count = pick(2) ? world.ranks(level) : world.nodes(level);
    Tensor entries = message(count * rows, columns);
    for (double &entry : entries)
      entry += positive ? 0.1 : 0;
    return terms.table({count, rows, columns}, entries);
  }

  const Table *prior(int64_t count) { return terms.table({count}, message(1, count)); }

  Terms terms;
  World world;
  int64_t leafStates;

private:
  TermRef variable(int64_t level, int64_t count) {
    return terms.make({Kind::Refused, level, count, {}, {}, nullptr, "x" + std::to_string(world.variables.size())});
  }

  std::mt19937 engine;
};

TermRef layerOf(Random &r, Kind kind, TermRef operand, int64_t levels) { return r.terms.moved(kind, operand, levels); }

TermRef edgeOf(Random &r, Kind kind, TermRef (Random::*operand)(int64_t, int64_t), bool up) {
  int64_t parent = r.states(), child = r.states();
  const Table *kernel = r.kernel(2, parent, child);
  return r.terms.edge(kind, (r.*operand)(2, up ? child : parent), kernel, up ? parent : child);
}

TermRef headOf(Random &r, Kind kind, TermRef belief) {
  return r.terms.make({kind, 0, 0, {belief, r.shift(0)}, {}, r.terms.table({1}, {r.normal()})});
}

/// A term that the rule applies to; its operands stand for anything.
const std::map<std::string, std::function<TermRef(Random &)>> kSides = {
    {"symbol-stem", [](Random &r) { return r.terms.like(Kind::SymbolStem, r.evidence(Channel::Symbol)); }},
    {"gaussian-stem", [](Random &r) { return r.terms.like(Kind::GaussianStem, r.evidence(Channel::Gaussian)); }},
    {"gaussian-likelihood",
     [](Random &r) { return r.terms.like(Kind::GaussianLikelihood, r.evidence(Channel::Gaussian)); }},
    {"observe-gaussian",
     [](Random &r) { return r.terms.like(Kind::GaussianLikelihood, r.evidence(Channel::Gaussian)); }},
    {"soft-stem", [](Random &r) { return r.terms.like(Kind::SoftStem, r.evidence(Channel::Soft)); }},
    {"exp-of-log", [](Random &r) { return r.terms.like(Kind::Exp, r.logs(1, 3)); }},
    {"conv-taps", [](Random &r) { return edgeOf(r, Kind::Conv, &Random::weights, true); }},
    {"conv-transpose-taps", [](Random &r) { return edgeOf(r, Kind::ConvTranspose, &Random::weights, false); }},
    {"log-sum-exp-conv", [](Random &r) { return edgeOf(r, Kind::LogSumExpConv, &Random::logs, true); }},
    {"log-sum-exp-conv-transpose",
     [](Random &r) { return edgeOf(r, Kind::LogSumExpConvTranspose, &Random::logs, false); }},
    {"look-up-is-edge",
     [](Random &r) {
       int64_t parent = r.states();
       return r.terms.edge(Kind::LookUp, r.evidence(Channel::Symbol), r.kernel(2, parent, r.leafStates), parent);
     }},
    {"pool-is-product", [](Random &r) { return layerOf(r, Kind::SumPool, r.logs(2, r.states()), -1); }},
    {"sibling-sum-is-product", [](Random &r) { return layerOf(r, Kind::SiblingSum, r.logs(2, r.states()), 0); }},
    {"upsample-of-log", [](Random &r) { return layerOf(r, Kind::Upsample, r.logs(1, r.states()), 1); }},
    {"add-is-product", [](Random &r) { return r.terms.pair(Kind::Add, r.logs(1, 5), r.logs(1, 5)); }},
    {"subtract-is-quotient",
     [](Random &r) {
       // Where the second is log 0 both sides are undefined; the quotient's own rule asks for none.
       TermRef x = r.logs(1, 5), y = r.weights(1, 5);
       for (double &weight : r.world.variables[y])
         weight += 0.5;
       return r.terms.pair(Kind::Subtract, x, r.terms.like(Kind::Log, y));
     }},
    {"skip-is-leave-one-out",
     [](Random &r) {
       int64_t parent = r.states();
       TermRef own = r.terms.edge(Kind::Up, r.evidence(Channel::Soft), r.kernel(2, parent, r.leafStates, true), parent);
       TermRef whole = layerOf(r, Kind::Copies, layerOf(r, Kind::Combine, own, -1), 1);
       TermRef above = layerOf(r, Kind::Copies, r.weights(1, parent), 1);
       return r.terms.pair(Kind::Quotient, r.pick(2) ? r.terms.product({whole, above}) : whole, own);
     }},
    {"bias-is-prior",
     [](Random &r) {
       int64_t count = r.states();
       return r.terms.like(Kind::Bias, r.logs(0, count), r.prior(count));
     }},
    {"constant-is-prior",
     [](Random &r) {
       const Table *prior = r.prior(r.states());
       return r.terms.like(Kind::Constant, r.terms.prior(prior), prior);
     }},
    {"norm-takes-a-factor", [](Random &r) { return r.terms.like(Kind::Norm, r.logs(1, r.states())); }},
    {"rescale-takes-a-factor", [](Random &r) { return r.terms.like(Kind::Rescale, r.weights(1, r.states())); }},
    {"maximum-takes-a-factor", [](Random &r) { return r.terms.like(Kind::DivideByLargest, r.weights(1, r.states())); }},
    {"softmax-of-log", [](Random &r) { return r.terms.like(Kind::Softmax, r.logs(1, r.states())); }},
    {"evidence-of-log", [](Random &r) { return headOf(r, Kind::EvidenceHead, r.logs(0, r.states())); }},
    {"cast-is-identity", [](Random &r) { return r.terms.like(Kind::Cast, r.weights(1, r.states())); }},
    {"others-is-product",
     [](Random &r) {
       int64_t count = r.states();
       return r.terms.pair(Kind::Others, r.weights(2, count), r.weights(1, count));
     }},
    {"factors-multiply", [](Random &r) { return r.terms.scaled(r.scaled(1, r.states()), r.shift(1)); }},
    {"factor-through-edge",
     [](Random &r) {
       bool up = r.pick(2);
       return edgeOf(r, up ? Kind::Up : Kind::Down, &Random::scaled, up);
     }},
    {"factor-through-children", [](Random &r) { return layerOf(r, Kind::Combine, r.scaled(2, r.states()), -1); }},
    {"factor-through-siblings", [](Random &r) { return layerOf(r, Kind::Siblings, r.scaled(2, r.states()), 0); }},
    {"factor-through-copies", [](Random &r) { return layerOf(r, Kind::Copies, r.scaled(1, r.states()), 1); }},
    {"factor-through-product",
     [](Random &r) { return r.terms.product({r.scaled(1, 3), r.weights(1, 3), r.scaled(1, 3)}); }},
    {"factor-through-quotient",
     [](Random &r) {
       TermRef x = r.pick(2) ? r.scaled(1, 3) : r.weights(1, 3), y = r.weights(1, 3);
       for (double &weight : r.world.variables[y])
         weight += 0.5;
       return r.terms.pair(Kind::Quotient, x, r.terms.scaled(y, r.shift(1)));
     }},
    {"factor-under-posterior", [](Random &r) { return r.terms.like(Kind::Posterior, r.scaled(1, r.states())); }},
    {"factor-into-loglik", [](Random &r) { return headOf(r, Kind::Loglik, r.scaled(0, r.states())); }},
    {"copies-of-product",
     [](Random &r) { return layerOf(r, Kind::Copies, r.terms.product({r.weights(1, 5), r.weights(1, 5)}), 1); }},
    {"pool-of-sum", [](Random &r) { return r.terms.shift(Kind::PoolShift, r.terms.sum(r.shift(2), r.shift(2), -1)); }},
};

std::vector<Rule> allRules() {
  std::vector<Rule> rules;
  for (auto part : {sharedRules(), networkRules(), messageRules()})
    rules.insert(rules.end(), part.begin(), part.end());
  return rules;
}

void requireSame(const Tensor &x, const Tensor &y) {
  REQUIRE(x.size() == y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    REQUIRE_FALSE(std::isnan(x[i]));
    if (std::isinf(x[i]))
      REQUIRE(x[i] == y[i]);
    else
      REQUIRE(std::abs(x[i] - y[i]) <= 1e-12 * std::max(1.0, std::abs(x[i])));
  }
}

} // namespace

TEST_CASE("both sides of every rule have the same value") {
  constexpr unsigned kSeeds = 40;
  for (const Rule &rule : allRules()) {
    INFO(rule.name);
    auto side = kSides.find(rule.name);
    REQUIRE(side != kSides.end());
    for (unsigned seed = 0; seed < kSeeds; ++seed) {
      INFO("seed " << seed);
      Random random(seed);
      TermRef before = side->second(random), after = rule.apply(random.terms, before);
      REQUIRE(after);
      REQUIRE(after != before);
      REQUIRE(after->level == before->level);
      requireSame(evaluate(before, random.world), evaluate(after, random.world));
    }
  }
}

TEST_CASE("no rule stands in two sets, and every side belongs to a rule") {
  std::set<std::string> names;
  for (const Rule &rule : allRules())
    REQUIRE(names.insert(rule.name).second);
  for (const auto &[name, side] : kSides)
    REQUIRE(names.count(name) == 1);
}

TEST_CASE("docs/proof.md states the rules that there are") {
  std::ifstream file("docs/proof.md");
  std::set<std::string> stated, present;
  // A row of the table of rules: | `name` | ... |
  const std::string opening = "| `", closing = "` |";
  for (std::string line; std::getline(file, line);)
    if (size_t end = line.find(closing); line.rfind(opening, 0) == 0 && end != std::string::npos)
      REQUIRE(stated.insert(line.substr(opening.size(), end - opening.size())).second);
  for (const Rule &rule : allRules())
    present.insert(rule.name);
  REQUIRE(stated == present);
}

namespace {

/// The quotient of `skip-is-leave-one-out`, for a kernel and leaf messages; the rule's name first.
TermRef skipOf(Random &r, const Table *kernel, TermRef below) {
  TermRef own = r.terms.edge(Kind::Up, below, kernel, kernel->shape[1]);
  return r.terms.pair(Kind::Quotient, layerOf(r, Kind::Copies, layerOf(r, Kind::Combine, own, -1), 1), own);
}

TermRef applySkip(Terms &terms, TermRef term) {
  for (const Rule &rule : networkRules())
    if (std::string(rule.name) == "skip-is-leave-one-out")
      return rule.apply(terms, term);
  return nullptr;
}

} // namespace

TEST_CASE("the skip stays a quotient where a kernel has a zero") {
  Random r(4);
  Tensor entries(r.world.ranks(2) * 2 * r.leafStates, 0.5);
  TermRef whole = skipOf(r, r.terms.table({r.world.ranks(2), 2, r.leafStates}, entries), r.evidence(Channel::Soft));
  REQUIRE(applySkip(r.terms, whole));
  entries.back() = 0;
  TermRef holed = skipOf(r, r.terms.table({r.world.ranks(2), 2, r.leafStates}, entries), r.evidence(Channel::Soft));
  REQUIRE_FALSE(applySkip(r.terms, holed));
}

TEST_CASE("the skip stays a quotient where what comes from below is no message of the evidence") {
  Random r(4);
  Tensor entries(r.world.ranks(2) * 2 * r.leafStates, 0.5);
  const Table *kernel = r.terms.table({r.world.ranks(2), 2, r.leafStates}, entries);
  REQUIRE_FALSE(applySkip(r.terms, skipOf(r, kernel, r.weights(2, r.leafStates))));
}

TEST_CASE("the skip stays a quotient where another message is subtracted") {
  Random r(4);
  Tensor entries(r.world.ranks(2) * 2 * r.leafStates, 0.5);
  TermRef first = skipOf(r, r.terms.table({r.world.ranks(2), 2, r.leafStates}, entries), r.evidence(Channel::Soft));
  entries.back() = 0.25;
  TermRef second = skipOf(r, r.terms.table({r.world.ranks(2), 2, r.leafStates}, entries), r.evidence(Channel::Soft));
  REQUIRE_FALSE(applySkip(r.terms, r.terms.pair(Kind::Quotient, first->operands[0], second->operands[1])));
}

TEST_CASE("tables are equal where every bit is") {
  Terms terms;
  const Table *table = terms.table({2}, {0.0, std::nan("")});
  CHECK(terms.table({2}, {0.0, std::nan("")}) == table);
  CHECK(terms.table({2}, {-0.0, std::nan("")}) != table);
  CHECK(terms.table({1, 2}, {0.0, std::nan("")}) != table);
  CHECK_FALSE(holdsWeights(*table));
  CHECK_FALSE(holdsWeights(*terms.table({1}, {-1.0})));
  CHECK_FALSE(holdsWeights(*terms.table({1}, {std::numeric_limits<double>::infinity()})));
  CHECK(holdsWeights(*terms.table({1}, {-0.0})));
}

TEST_CASE("what was taken away comes back in the log-likelihood, or stands there") {
  Terms terms;
  RuleCounts counts;
  Normalizer normalizer(terms, messageRules(), counts);
  TermRef message = terms.like(Kind::Rescale, terms.evidence(Channel::Soft, {0}, {}, 3));
  TermRef taken = terms.shift(Kind::LogPower, message->operands[0]);
  const Table *none = terms.table({1}, {0.0});
  auto loglik = [&](TermRef shift) {
    return normalizer.normalize(terms.make({Kind::Loglik, 0, 0, {message, shift}, {}, none}));
  };
  CHECK(loglik(taken)->operands[1] == terms.zero(0));
  CHECK(loglik(terms.zero(0))->operands[1] == terms.sum(terms.zero(0), taken, -1));
  CHECK(loglik(terms.sum(taken, taken))->operands[1] == taken);
}
