//===- Evaluate.cpp - Terms on random tensors -----------------------------===//

#include "Convolutions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <numeric>
#include <stdexcept>

namespace espalier::proof::test {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

int64_t World::ranks(int64_t level) const {
  const std::vector<int64_t> &patch = patches[level - 1];
  return std::accumulate(patch.begin(), patch.end(), int64_t(1), std::multiplies<>());
}

int64_t World::nodes(int64_t level) const { return level == 0 ? 1 : nodes(level - 1) * ranks(level); }

namespace {

double largest(const double *weights, int64_t states) { return *std::max_element(weights, weights + states); }

class Evaluator {
public:
  Evaluator(TermRef term, const World &world) : term(term), world(world), nodes(world.nodes(term->level)) {}

  Tensor run() {
    for (TermRef operand : term->operands)
      operands.push_back(evaluate(operand, world));
    switch (term->kind) {
    case Kind::Refused:
      return world.variables.at(term);
    case Kind::Evidence:
      return evidence();
    case Kind::Prior:
    case Kind::Constant:
      return term->kind == Kind::Prior ? term->table->entries : each(term->table->entries, logOf);
    case Kind::Up:
    case Kind::Down:
      return edge(operands[0]);
    case Kind::Conv:
      return convolve(*term->table, term->level, world, operands[0]);
    case Kind::ConvTranspose:
      return convolveTransposed(*term->table, term->level, world, operands[0]);
    case Kind::LogSumExpConv:
      return each(convolve(*term->table, term->level, world, each(operands[0], expOf)), logOf);
    case Kind::LogSumExpConvTranspose:
      return each(convolveTransposed(*term->table, term->level, world, each(operands[0], expOf)), logOf);
    case Kind::LookUp:
      return lookUp();
    case Kind::Combine:
      return pool(1, [](double x, double y) { return x * y; });
    case Kind::SumPool:
      return pool(0, [](double x, double y) { return x + y; });
    case Kind::PoolShift:
      return pool(0, [](double x, double y) { return x + y; });
    case Kind::Siblings:
      return siblings(operands[0], 1, [](double x, double y) { return x * y; });
    case Kind::SiblingSum:
      return siblings(operands[0], 0, [](double x, double y) { return x + y; });
    case Kind::Copies:
    case Kind::Upsample:
    case Kind::CopyShift:
      return copies(operands[0]);
    case Kind::Product:
      return product();
    case Kind::Quotient:
      return both([](double x, double y) { return x / y; });
    case Kind::Add:
      return both([](double x, double y) { return x + y; });
    case Kind::Subtract:
      return both([](double x, double y) { return x - y; });
    case Kind::Others:
      return others();
    case Kind::Bias:
      return byState([&](double x, int64_t s) { return x + logOf(term->table->entries[s]); });
    case Kind::Log:
      return each(operands[0], logOf);
    case Kind::Exp:
      return each(operands[0], expOf);
    case Kind::Cast:
      return operands[0];
    case Kind::Scaled:
      return byNode([&](double x, int64_t v) { return x * std::exp(operands[1][v]); });
    case Kind::Norm:
      return aboutLargest(operands[0], [](double x, double most) { return x - most; });
    case Kind::Rescale:
      return aboutLargest(operands[0], [](double x, double most) { return x / powerOfTwo(most); });
    case Kind::DivideByLargest:
      return aboutLargest(operands[0], [](double x, double most) { return x / most; });
    case Kind::SymbolStem:
      return each(operands[0], logOf);
    case Kind::GaussianStem:
      return each(aboutLargest(operands[0], [](double x, double most) { return x / most; }), logOf);
    case Kind::GaussianLikelihood:
      return aboutLargest(operands[0], [](double x, double most) { return x / most; });
    case Kind::SoftStem:
      return aboutLargest(operands[0], [](double x, double most) { return logOf(x) - std::log(most); });
    case Kind::LogLargest:
      return perNode([](double most) { return std::log(most); });
    case Kind::LogPower:
      return perNode([](double most) { return std::log(powerOfTwo(most)); });
    case Kind::Total:
      return total();
    case Kind::Posterior:
      return proportions(operands[0]);
    case Kind::Softmax:
      return proportions(each(operands[0], expOf));
    case Kind::Loglik:
      return loglik(operands[0]);
    case Kind::EvidenceHead:
      return loglik(each(operands[0], expOf));
    case Kind::Mean:
      break;
    }
    throw std::logic_error("a kind that no rule has on a side");
  }

private:
  static double logOf(double x) { return x > 0 ? std::log(x) : -kInfinity; }
  static double expOf(double x) { return std::exp(x); }
  static double powerOfTwo(double most) { return std::exp2(std::floor(std::log2(most))); }

  static Tensor each(const Tensor &x, double (*f)(double)) {
    Tensor y(x.size());
    std::transform(x.begin(), x.end(), y.begin(), f);
    return y;
  }

  template <typename F> Tensor byNode(F f) const {
    Tensor y = operands[0];
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = f(y[i], static_cast<int64_t>(i) / term->states);
    return y;
  }

  template <typename F> Tensor byState(F f) const {
    Tensor y = operands[0];
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = f(y[i], static_cast<int64_t>(i) % term->states);
    return y;
  }

  template <typename F> Tensor both(F f) const {
    Tensor y = operands[0];
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = f(y[i], operands[1][i]);
    return y;
  }

  template <typename F> Tensor aboutLargest(const Tensor &x, F f) const {
    Tensor y = x;
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = f(x[i], largest(x.data() + i / term->states * term->states, term->states));
    return y;
  }

  template <typename F> Tensor perNode(F f) const {
    int64_t states = term->operands[0]->states;
    Tensor y;
    for (int64_t v = 0; v < nodes; ++v)
      y.push_back(f(largest(operands[0].data() + v * states, states)));
    return y;
  }

  /// Likelihoods of the leaves' states.
  Tensor evidence() const {
    Tensor y;
    for (int64_t v = 0; v < nodes; ++v)
      for (int64_t a = 0; a < term->states; ++a)
        y.push_back(likelihood(v, a));
    return y;
  }

  double likelihood(int64_t leaf, int64_t a) const {
    switch (static_cast<Channel>(term->numbers[0])) {
    case Channel::Soft:
      return world.likelihoods[leaf * term->states + a];
    case Channel::Symbol:
      return world.symbols[leaf] == term->states || world.symbols[leaf] == a;
    case Channel::Gaussian:
      break;
    }
    double density = 1, variance = world.sigma * world.sigma;
    for (size_t i = 0; i < world.observations[leaf].size(); ++i) {
      double e = term->table->entries[a * term->table->shape[1] + i];
      double off = world.observations[leaf][i] - world.lambda * e;
      density *= std::exp(-off * off / (2 * variance)) / std::sqrt(2 * std::numbers::pi * variance);
    }
    return density;
  }

  const double *matrix(int64_t node) const { return matrixOf(*term->table, node); }

  /// Up and Down, on the index space.
  Tensor edge(const Tensor &x) const {
    int64_t rows = term->table->shape[1], columns = term->table->shape[2];
    bool up = term->kind == Kind::Up;
    Tensor y(nodes * term->states, 0.0);
    for (int64_t v = 0; v < nodes; ++v)
      for (int64_t s = 0; s < rows; ++s)
        for (int64_t a = 0; a < columns; ++a)
          y[v * term->states + (up ? s : a)] +=
              matrix(v)[s * columns + a] * x[v * (up ? columns : rows) + (up ? a : s)];
    return y;
  }

  Tensor lookUp() const {
    int64_t rows = term->table->shape[1], columns = term->table->shape[2];
    Tensor y;
    for (int64_t v = 0; v < nodes; ++v)
      for (int64_t s = 0; s < rows; ++s) {
        const double *row = matrix(v) + s * columns;
        bool missing = world.symbols[v] == columns;
        y.push_back(missing ? std::accumulate(row, row + columns, 0.0) : row[world.symbols[v]]);
      }
    return y;
  }

  int64_t width() const { return std::max<int64_t>(term->states, 1); }

  template <typename F> Tensor pool(double init, F f) const {
    int64_t ranks = world.ranks(term->level + 1), states = width();
    Tensor y(nodes * states, init);
    for (int64_t v = 0; v < nodes * ranks; ++v)
      for (int64_t s = 0; s < states; ++s)
        y[v / ranks * states + s] = f(y[v / ranks * states + s], operands[0][v * states + s]);
    return y;
  }

  template <typename F> Tensor siblings(const Tensor &x, double init, F f) const {
    int64_t ranks = world.ranks(term->level), states = width();
    Tensor y(x.size(), init);
    for (int64_t v = 0; v < nodes; ++v)
      for (int64_t other = v / ranks * ranks; other < (v / ranks + 1) * ranks; ++other)
        for (int64_t s = 0; s < states && other != v; ++s)
          y[v * states + s] = f(y[v * states + s], x[other * states + s]);
    return y;
  }

  Tensor copies(const Tensor &x) const {
    int64_t ranks = world.ranks(term->level), states = width();
    Tensor y;
    for (int64_t v = 0; v < nodes; ++v)
      y.insert(y.end(), x.begin() + v / ranks * states, x.begin() + (v / ranks + 1) * states);
    return y;
  }

  Tensor others() const {
    Tensor y = siblings(operands[0], 1, [](double x, double z) { return x * z; });
    Tensor above = copies(operands[1]);
    for (size_t i = 0; i < y.size(); ++i)
      y[i] *= above[i];
    return y;
  }

  Tensor product() const {
    Tensor y(nodes * term->states, 1.0);
    for (const Tensor &x : operands)
      for (size_t i = 0; i < y.size(); ++i)
        y[i] *= x[i];
    return y;
  }

  Tensor total() const {
    Tensor y(nodes, 0.0);
    for (size_t k = 0; k < operands.size(); ++k)
      for (int64_t v = 0; v < nodes; ++v)
        y[v] += static_cast<double>(term->numbers[k]) * operands[k][v];
    return y;
  }

  Tensor proportions(const Tensor &x) const {
    Tensor y = x;
    for (size_t i = 0; i < y.size(); ++i) {
      auto begin = x.begin() + i / term->states * term->states;
      y[i] = x[i] / std::accumulate(begin, begin + term->states, 0.0);
    }
    return y;
  }

  Tensor loglik(const Tensor &x) const {
    return {std::log(std::accumulate(x.begin(), x.end(), 0.0)) + operands[1][0] - term->table->entries[0]};
  }

  TermRef term;
  const World &world;
  int64_t nodes;
  std::vector<Tensor> operands;
};

} // namespace

Tensor evaluate(TermRef term, const World &world) { return Evaluator(term, world).run(); }

} // namespace espalier::proof::test
