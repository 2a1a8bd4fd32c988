//===- Rewrite.cpp - Normal forms of terms --------------------------------===//

#include "compiler/proof/Rewrite.h"

#include <algorithm>

namespace espalier::proof {

/// The term with other operands; products and totals keep their form.
static TermRef rebuild(Terms &terms, TermRef term, const std::vector<TermRef> &operands) {
  if (operands == term->operands)
    return term;
  if (term->kind == Kind::Product)
    return terms.product(operands);
  if (term->kind == Kind::Scaled)
    return terms.scaled(operands[0], operands[1]);
  if (term->kind == Kind::Total) {
    TermRef total = terms.zero(term->level);
    for (size_t i = 0; i < operands.size(); ++i)
      total = terms.sum(total, operands[i], term->numbers[i]);
    return total;
  }
  Term changed = *term;
  changed.operands = operands;
  return terms.make(std::move(changed));
}

TermRef Normalizer::step(TermRef term) {
  for (std::span<const Rule> rules : {own, sharedRules()})
    for (const Rule &rule : rules)
      if (TermRef result = rule.apply(terms, term)) {
        ++counts[rule.name];
        return result;
      }
  return nullptr;
}

TermRef Normalizer::normalize(TermRef term) {
  if (auto found = normal.find(term); found != normal.end())
    return found->second;
  std::vector<TermRef> operands;
  for (TermRef operand : term->operands)
    operands.push_back(normalize(operand));
  TermRef result = rebuild(terms, term, operands);
  if (result != term)
    result = normalize(result);
  else if (TermRef next = step(term))
    result = normalize(next);
  normal[term] = result;
  normal[result] = result;
  return result;
}

} // namespace espalier::proof
