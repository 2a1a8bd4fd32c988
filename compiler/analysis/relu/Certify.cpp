//===- Certify.cpp - How errors of blocks become errors of answers --------===//

#include "compiler/analysis/relu/Certify.h"

namespace espalier::relu {
namespace {

/// Units of rounding of 1 + |h| in what a stem gives, beside those of forming a gaussian field; in a leaf's belief also
/// an addition and a norm layer.
constexpr double kStemUnits = 16, kLeafUnits = 4;

double totalVariation(double oscillation) { return std::tanh(oscillation / 4); }

/// 0 where either is, even if the other is infinite.
double times(double error, double gain) { return error > 0 && gain > 0 ? error * gain : 0; }

class Certifier {
public:
  Certifier(const ModelPair &models, const ReluOptions &options, const Ranges &ranges, const NetworkErrors &errors)
      : model(models.network.model), options(options), ranges(ranges), errors(errors),
        unit(unitRoundoff(options.precision)), below(model.depth() + 1), sent(model.depth()), pooling(model.depth()) {}

  ReluCertificate run() {
    goUp();
    Pairs root = below[0];
    root += ranges.priorError;
    root.addScalar(beliefRounding(0));
    marginals = certificate.classify = totalVariation(root.largest()) + softmaxRounding(0);
    if (options.downward())
      goDown();
    certificate.marginals = options.marginals ? std::min(marginals, 1.0) : kInfinity;
    certificate.denoise = options.denoise ? readout() : kInfinity;
    certificate.classify = options.classify ? std::min(certificate.classify, 1.0) : kInfinity;
    certificate.total = 0;
    for (auto [asked, bound] :
         {std::pair(options.classify, certificate.classify), std::pair(options.denoise, certificate.denoise),
          std::pair(options.marginals, certificate.marginals)})
      if (asked)
        certificate.total = std::max(certificate.total, bound);
    return std::move(certificate);
  }

private:
  /// Fields are formed in double precision, lambda / sigma^2 times sums of (e - r) (z - lambda (e + r) / 2): off by at
  /// most p + 8 units of the sizes of the factors, however much cancels.
  double stemUnits() const {
    if (options.leaves != ReluLeaves::Gaussian)
      return kStemUnits;
    const GaussianBox &box = options.box;
    double largest = 0, p = static_cast<double>(model.valueSize);
    for (double value : model.values)
      largest = std::max(largest, std::abs(value));
    double reach = std::max(std::abs(box.low), std::abs(box.high)) + box.lambdaHigh * largest;
    double field = box.lambdaHigh / (box.sigmaLow * box.sigmaLow) * p * 2 * largest * reach;
    return kStemUnits + (p + 8) * field * unitRoundoff(Precision::F64) / unit;
  }

  bool softLeaves() const { return options.leaves != ReluLeaves::Symbol; }

  /// Of q: what enters, contracted; exp; log; rounding; the kernel's own rounding. Adding eta_a <= eps (kappa + e^u_a)
  /// to e^u_a changes log x_s - log x_t by at most log(1 + y_s - y_t), and y_s - y_t = sum eta_a (K[s, a] / x_s - K[t,
  /// a] / x_t) is at most eps (contraction + kappa sharpness).
  Pairs blockError(const LevelBounds &level, int64_t rank, const BlockErrors &block, double entering) const {
    const EdgeBounds &edge = level.edge(rank);
    Pairs error = level.kernelError(rank);
    for (int64_t s = 0; s < level.outputs; ++s)
      for (int64_t t = 0; t < level.outputs; ++t)
        if (s != t)
          error(s, t) +=
              times(entering, edge.contraction(s, t)) + expTerm(edge, block, s, t) + block.log + block.rounding;
    return error;
  }

  static double expTerm(const EdgeBounds &edge, const BlockErrors &block, int64_t s, int64_t t) {
    return std::log1p(relativeTerm(edge, block, s, t));
  }

  static double relativeTerm(const EdgeBounds &edge, const BlockErrors &block, int64_t s, int64_t t) {
    double least = kInfinity;
    for (const Envelope &envelope : block.exp)
      least = std::min(least, times(envelope.eps, edge.gains[envelope.index](s, t)));
    return least;
  }

  /// A stem's error of r (1 + |h|) changes e^h by at most 1.1 r (1 + |h|) e^h <= 1.1 r, either way.
  void addStemError(const LevelBounds &level, int64_t rank, Pairs &error) const {
    const Pairs &sharpness = level.edge(rank).sharpness;
    for (int64_t s = 0; s < level.outputs; ++s)
      for (int64_t t = 0; t < level.outputs; ++t)
        error(s, t) += 1.2 * stemUnits() * unit * (sharpness(s, t) + sharpness(t, s));
  }

  /// Rounding of the sum over children, and of the norm layer behind it.
  double poolRounding(int64_t l) const {
    double ranks = static_cast<double>(model.ranks(l));
    return 2 * unit * ((ranks - 1) * ranks * errors.up[l - 1].outputSpan + ranges.below[l - 1]);
  }

  /// Rounding of b = above + h on level l: two norm layers and an addition; at the root the prior's logarithm.
  double beliefRounding(int64_t l) const {
    double above = l == 0 ? 2 * ranges.prior : ranges.above[l];
    return 2 * unit * (3 * above + 2 * ranges.below[l]);
  }

  /// Rounding of b_parent - q and of the norm layer behind it.
  double subtractRounding(int64_t l) const {
    double belief = ranges.above[l - 1] + ranges.below[l - 1];
    return 2 * unit * (belief + errors.up[l - 1].outputSpan + ranges.down[l - 1].magnitude);
  }

  /// exp, sum, quotient; u e^u of a rounded u is at most 0.4.
  double softmaxRounding(int64_t l) const { return (2 * static_cast<double>(model.states(l)) + 16) * unit; }

  void goUp() {
    const int64_t depth = model.depth();
    certificate.up.resize(depth);
    below[depth] = Pairs(model.leafStates());
    for (int64_t l = depth; l >= 1; --l) {
      const LevelBounds &level = ranges.up[l - 1];
      const BlockErrors &block = errors.up[l - 1];
      double entering = below[l].largest();
      below[l - 1] = Pairs(level.outputs, pooling[l - 1] = poolRounding(l));
      for (int64_t rank = 0; rank < static_cast<int64_t>(level.edges.size()); ++rank) {
        Pairs error = blockError(level, rank, block, entering);
        if (l == depth && softLeaves())
          addStemError(level, rank, error);
        sent[l - 1].push_back(std::move(error));
      }
      for (int64_t rank = 0; rank < model.ranks(l); ++rank)
        below[l - 1] += sentBy(l, rank);
      double stem = l == depth && softLeaves() ? 2 * stemUnits() * unit * (1 + level.magnitude) : 0;
      certificate.up[l - 1] = describe(level, block, entering + stem, below[l - 1].largest());
    }
  }

  const Pairs &sentBy(int64_t l, int64_t rank) const { return sent[l - 1][rank % sent[l - 1].size()]; }

  void goDown() {
    certificate.down.resize(model.depth());
    Pairs above = ranges.priorError;
    for (int64_t l = 1; l <= model.depth(); ++l) {
      const LevelBounds &level = ranges.down[l - 1];
      const BlockErrors &block = errors.down[l - 1];
      Pairs next(level.outputs, 0);
      double entering = 0;
      for (int64_t e = 0; e < static_cast<int64_t>(level.edges.size()); ++e) {
        // The skip takes away what this child sent, error and all: what is left is from above and from its siblings.
        Pairs input = above;
        for (int64_t rank = 0; rank < model.ranks(l); ++rank)
          if (rank != e)
            input += sentBy(l, rank);
        input.addScalar(pooling[l - 1] + beliefRounding(l - 1) + subtractRounding(l));
        double largest = input.largest();
        entering = std::max(entering, largest);
        Pairs error = blockError(level, e, block, largest);
        e == 0 ? (next = std::move(error)) : next.maximize(error);
      }
      above = std::move(next);
      Pairs belief = above;
      belief += below[l];
      belief.addScalar(beliefRounding(l));
      leaf = totalVariation(belief.largest()) + softmaxRounding(l);
      if (l == model.depth() && softLeaves())
        leaf += leafFieldError();
      marginals = std::max(marginals, leaf);
      certificate.down[l - 1] = describe(level, block, entering, belief.largest());
    }
  }

  /// A leaf's field errs by r (1 + |h|), which may be large where h is; but there p is small: p_a is at most
  /// min(1, e^(R - |h_a|)), R the largest difference in what the network hears from above, so p_a (1 + |h_a|) is at
  /// most 1 + R.
  double leafFieldError() const {
    double reach = 1 + std::max(ranges.above[model.depth()], errors.down.back().outputSpan);
    return 1.2 * (stemUnits() + kLeafUnits) * unit * static_cast<double>(model.leafStates()) * reach;
  }

  double readout() const {
    double range = 0, largest = 0;
    for (int64_t i = 0; i < model.valueSize; ++i) {
      double low = kInfinity, high = -kInfinity;
      for (int64_t a = 0; a < model.leafStates(); ++a) {
        double value = model.values[a * model.valueSize + i];
        low = std::min(low, value);
        high = std::max(high, value);
        largest = std::max(largest, std::abs(value));
      }
      range = std::max(range, high - low);
    }
    double rounding = (static_cast<double>(model.leafStates()) + 4) * unit * largest;
    return times(range, std::min(leaf, 1.0)) + rounding;
  }

  static ReluBlockCertificate describe(const LevelBounds &level, const BlockErrors &block, double entering,
                                       double accumulated) {
    ReluBlockCertificate result;
    result.span = level.span;
    result.sumLow = level.low;
    result.sumHigh = level.high;
    double exp = 0;
    for (const EdgeBounds &edge : level.edges) {
      result.contraction = std::max(result.contraction, edge.contraction.largest());
      for (int64_t s = 0; s < level.outputs; ++s)
        for (int64_t t = 0; t < level.outputs; ++t)
          if (s != t)
            exp = std::max(exp, relativeTerm(edge, block, s, t));
    }
    result.delta = level.outputs > 1 ? std::log1p(exp) + block.log : 0;
    result.entering = entering;
    result.rounding = block.rounding;
    result.accumulated = accumulated;
    return result;
  }

  const Model &model;
  const ReluOptions &options;
  const Ranges &ranges;
  const NetworkErrors &errors;
  double unit;
  std::vector<Pairs> below;             ///< error of h_l
  std::vector<std::vector<Pairs>> sent; ///< [l - 1][edge]: error of q
  std::vector<double> pooling;          ///< [l - 1]: rounding of the sum over children of level l
  double leaf = 0, marginals = 0;
  ReluCertificate certificate;
};

} // namespace

ReluCertificate propagateErrors(const ModelPair &models, const ReluOptions &options, const Ranges &ranges,
                                const NetworkErrors &errors) {
  return Certifier(models, options, ranges, errors).run();
}

bool isWithin(const ReluCertificate &certificate, const Inflation &inflation) {
  for (size_t i = 0; i < certificate.up.size(); ++i)
    if (!(certificate.up[i].entering <= inflation.up[i]))
      return false;
  for (size_t i = 0; i < certificate.down.size(); ++i)
    if (!(certificate.down[i].entering <= inflation.down[i]))
      return false;
  return true;
}

} // namespace espalier::relu
