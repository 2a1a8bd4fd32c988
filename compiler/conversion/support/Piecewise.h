//===- Piecewise.h - Piecewise linear functions ------------------*- C++ -*-===//
//
// A piecewise linear function of one x, as the body of a linalg op. All forms give the same up to a rounding that
// certificates of networks of ReLUs allow for (docs/rationale-relu.md).
//
//===----------------------------------------------------------------------===//

#ifndef ESPALIER_COMPILER_CONVERSION_SUPPORT_PIECEWISE_H
#define ESPALIER_COMPILER_CONVERSION_SUPPORT_PIECEWISE_H

#include "compiler/conversion/support/Arithmetic.h"
#include "compiler/conversion/support/IndexSpace.h"
#include "compiler/conversion/support/Lines.h"

namespace espalier {

class Piecewise {
public:
  enum class Form {
    Units,  ///< the sum as it is drawn: a multiply-add, a maximum and a multiply-add for each unit
    Lines,  ///< the largest or the least of all lines: a multiply-add and a comparison for each
    LookUp, ///< the same of the two lines in x's bucket
  };

  Piecewise(const Units &units, mlir::Type type);

  /// The fastest one.
  Form form() const { return chosen; }

  /// What is read in the body, made before it.
  mlir::Value table(IndexSpaceBuilder &index) const;

  /// The value at x, from the table of that form.
  mlir::Value at(scalar::ScalarBuilder &b, mlir::Value x, mlir::Value table) const;

private:
  mlir::Value ofUnits(scalar::ScalarBuilder &b, mlir::Value x) const;
  mlir::Value ofLines(scalar::ScalarBuilder &b, mlir::Value x) const;
  mlir::Value lookUp(scalar::ScalarBuilder &b, mlir::Value x, mlir::Value table) const;
  mlir::Value bucketOf(scalar::ScalarBuilder &b, mlir::Value x) const;
  mlir::Value join(scalar::ScalarBuilder &b, mlir::Value x, mlir::Value y) const;

  Units units;
  mlir::Type type;
  Lines lines;
  std::optional<Buckets> buckets;
  Form chosen = Form::Units;
};

} // namespace espalier

#endif // ESPALIER_COMPILER_CONVERSION_SUPPORT_PIECEWISE_H
