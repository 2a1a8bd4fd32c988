//===- Oracle.cpp - The right answer, by the surest affordable way --------===//

#include "compiler/reference/Oracle.h"

namespace espalier::reference {
namespace {

std::variant<Enumeration, Reference> chooseEngine(const Model &model) {
  if (canEnumerate(model))
    return Enumeration(model);
  return Reference(model);
}

} // namespace

Oracle::Oracle(const Model &model) : engine(chooseEngine(model)) {}

Beliefs Oracle::infer(const Fields &fields) const {
  return std::visit([&](const auto &chosen) { return chosen.infer(fields); }, engine);
}

const char *Oracle::method() const { return std::holds_alternative<Enumeration>(engine) ? "enumeration" : "reference"; }

Answer oracle(const Model &model, const Fields &fields) {
  const Oracle engine(model);
  return {engine.infer(fields), engine.method()};
}

} // namespace espalier::reference
