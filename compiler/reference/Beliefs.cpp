//===- Beliefs.cpp - What an oracle answers -------------------------------===//

#include "compiler/reference/Beliefs.h"

namespace espalier::reference {

std::vector<double> posteriorMeans(const Model &model, const std::vector<double> &leafPosteriors) {
  const int64_t states = model.leafStates(), p = model.valueSize;
  std::vector<double> means(model.leaves() * p);
  for (int64_t v = 0; v < model.leaves(); ++v)
    for (int64_t k = 0; k < p; ++k) {
      long double mean = 0;
      for (int64_t a = 0; a < states; ++a)
        mean += static_cast<long double>(model.values[a * p + k]) * leafPosteriors[v * states + a];
      means[v * p + k] = static_cast<double>(mean);
    }
  return means;
}

} // namespace espalier::reference
