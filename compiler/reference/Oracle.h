//===- Oracle.h - The right answer, by the surest affordable way --*- C++ -*-===//
//
// Enumeration where the joint is small, the reference everywhere else, and the name of the one that was used.
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_REFERENCE_ORACLE_H
#define ESPALIER_COMPILER_REFERENCE_ORACLE_H

#include "compiler/reference/Enumeration.h"
#include "compiler/reference/Reference.h"

#include <variant>

namespace espalier::reference {

class Oracle {
public:
  /// Keeps a reference to `model`.
  explicit Oracle(const Model &model);

  Beliefs infer(const Fields &fields) const;
  /// "enumeration" or "reference".
  const char *method() const;

private:
  std::variant<Enumeration, Reference> engine;
};

/// One answer and the method's name, for callers with a single question.
struct Answer {
  Beliefs beliefs;
  const char *method;
};
Answer oracle(const Model &model, const Fields &fields);

} // namespace espalier::reference

#endif // ESPALIER_COMPILER_REFERENCE_ORACLE_H
