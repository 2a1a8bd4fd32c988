//===- PlainFormula.h - The certificate in closed form ------------*- C++ -*-===//
//
// What is known without looking at the messages that can occur: contraction of the whole cone, errors against the
// smallest entries of the kernel, every state's error counted. Kept to be compared with: it is sound, and loose.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_ANALYSIS_RELU_PLAINFORMULA_H
#define ESPALIER_COMPILER_ANALYSIS_RELU_PLAINFORMULA_H

#include "compiler/analysis/relu/ReluNetwork.h"

namespace espalier::relu {

/// Oscillations of the error of the root's belief, and of the worst leaf's. Infinite where a kernel has zeros.
struct PlainErrors {
  double root = 0, leaf = 0;
};

/// For exact leaf fields and blocks with |E(u) - e^u| <= d on u <= 0 and |Lg - log| <= d. With the contraction
/// tau = tanh(Delta / 4) of a level's kernels, Delta Birkhoff's diameter:
///   delta   = log(1 + d max_{s,a} sum_{b != a} K[s,b] / K[s,a]) + d
///   kappa_l = tau_l e_l + 2 delta_l,                    e_{l-1} = sum of kappa_l over the children
///   beta_l  = e_l + tau_l (beta_{l-1} + kappa_l) + 2 delta_l,  beta_0 = e_0
PlainErrors plainErrors(const Model &model, double d);

/// Units that these blocks have: 1 / sqrt(2 d) knots for exp, log(high / low) / sqrt(8 d) for log, times the states,
/// and one for the constant; of the widest level.
double plainWidth(const Model &model, double d);

/// The same for the largest d with which this formula meets the tolerance; infinite where there is none.
double plainWidth(const Model &model, const ReluOptions &options);

} // namespace espalier::relu

#endif // ESPALIER_COMPILER_ANALYSIS_RELU_PLAINFORMULA_H
