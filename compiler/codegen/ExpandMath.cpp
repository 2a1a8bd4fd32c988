//===- ExpandMath.cpp - exp and log by polynomials ------------------------===//
//
// exp and log on scalars and vectors of f32 and f64 as arithmetic, in line and without calls: vector libraries differ
// by machine and leave the fast path just where messages live, far below 0. Range reduction by powers of two; exp and
// exp2 by the polynomial with value 1 at 0 whose relative error there is least, log by 2 atanh((m-1)/(m+1)) in the
// arrangement of fdlibm's e_log (log(1+f) = f - f^2/2 + s (f^2/2 + R)), which keeps the rounding error of the large
// terms out of the result.
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace espalier {
#define GEN_PASS_DEF_EXPANDMATH
#include "compiler/codegen/Passes.h.inc"
} // namespace espalier

using namespace mlir;
using namespace espalier;

namespace {

/// What differs between the formats.
struct Format {
  int64_t mantissaBits, bias, sqrtHalf; ///< sqrtHalf: bits of the float nearest to sqrt(1/2)
  double ln2High, ln2Low;               ///< ln 2 as a short float plus the rest
  double magic;                         ///< 1.5 * 2^mantissaBits: added to x, it leaves round(x) in the low bits
  double least, most;                   ///< exp is 0 below, infinite above
  double smallestNormal;
  int64_t scaleBits;     ///< numbers below the smallest normal one are scaled by 2^scaleBits for log
  ArrayRef<double> exp2; ///< coefficients of 2^r on [-1/2, 1/2], from r^0 on
  int logTerms;
};

/// Found by Remez' exchange; relative errors 2.6e-9 and 1.8e-17.
constexpr double kExp2Single[] = {1,
                                  0.6931472149680279,
                                  0.24022652782887737,
                                  0.05550310551013797,
                                  0.009617692972993062,
                                  0.0013406643902351759,
                                  0.0001559467816132662};
constexpr double kExp2Double[] = {1,
                                  0.69314718055994569675,
                                  0.24022650695910098007,
                                  0.055504108664790394552,
                                  0.0096181291076070023796,
                                  0.0013333558153439964747,
                                  0.0001540353044157213033,
                                  0.000015252727385193868197,
                                  1.3215442675329822143e-6,
                                  1.0180647659234138888e-7,
                                  7.0725704128144235096e-9,
                                  4.078071929588336665e-10};

constexpr Format kSingle = {
    23,       127, 0x3f3504f3,  0x1.62ep-1, 0x1.0bfbe8e7bcd5ep-15, 0x1.8p23, -87.3365447505531, 88.37626,
    0x1p-126, 25,  kExp2Single, 4};
constexpr Format kDouble = {52,
                            1023,
                            0x3fe6a09e667f3bcd,
                            0x1.62e42fee00000p-1,
                            0x1.a39ef35793c76p-33,
                            0x1.8p52,
                            -708.396418532264,
                            709.436139303104,
                            0x1p-1022,
                            54,
                            kExp2Double,
                            10};

/// Arithmetic on one type, scalar or vector.
class Expander {
public:
  Expander(ImplicitLocOpBuilder &b, Type type)
      : b(b), type(type), format(getElementTypeOrSelf(type).isF64() ? kDouble : kSingle) {
    Type integer = b.getIntegerType(getElementTypeOrSelf(type).getIntOrFloatBitWidth());
    auto vector = dyn_cast<VectorType>(type);
    integerType = vector ? Type(VectorType::get(vector.getShape(), integer)) : integer;
  }

  Value exp(Value x) {
    Value t = fma(x, constant(0x1.71547652b82fep+0), constant(format.magic));
    Value n = sub(t, constant(format.magic));
    Value r = fma(n, constant(-format.ln2High), x);
    r = fma(n, constant(-format.ln2Low), r);
    Value p = series(r, std::numbers::ln2);
    Value bits = arith::AddIOp::create(b, bitsOf(t), integer(format.bias));
    Value scale = floatOf(arith::ShLIOp::create(b, bits, integer(format.mantissaBits)));
    Value result = mul(p, scale);
    result = select(arith::CmpFPredicate::OGT, x, constant(format.most), constant(infinity()), result);
    return select(arith::CmpFPredicate::OLT, x, constant(format.least), constant(0), result);
  }

  /// Within the clamps the exponent field of the result runs from 0, where it is 2^-127 (f32) written as 0, to that of
  /// infinity. NaN passes both.
  Value exp2(Value x) {
    double bias = static_cast<double>(format.bias);
    x = select(arith::CmpFPredicate::OLT, x, constant(-bias), constant(-bias), x);
    x = select(arith::CmpFPredicate::OGT, x, constant(bias + 1), constant(bias + 1), x);
    Value t = add(x, constant(format.magic));
    Value r = sub(x, sub(t, constant(format.magic)));
    Value p = series(r, 1);
    // The exponent of p moves by round(x), which t holds in its low bits.
    Value shifted = arith::ShLIOp::create(b, bitsOf(t), integer(format.mantissaBits));
    return floatOf(arith::AddIOp::create(b, bitsOf(p), shifted));
  }

  Value log(Value x) {
    Value tiny = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, x, constant(format.smallestNormal));
    Value scaled = mul(x, constant(std::exp2(format.scaleBits)));
    Value normal = arith::SelectOp::create(b, tiny, scaled, x);
    Value bits = bitsOf(normal);
    Value k = arith::ShRSIOp::create(b, arith::SubIOp::create(b, bits, integer(format.sqrtHalf)),
                                     integer(format.mantissaBits));
    Value m = floatOf(arith::SubIOp::create(b, bits, arith::ShLIOp::create(b, k, integer(format.mantissaBits))));
    Value exponent = toFloat(k);
    exponent = arith::SelectOp::create(b, tiny, sub(exponent, constant(format.scaleBits)), exponent);

    Value f = sub(m, constant(1));
    Value s = arith::DivFOp::create(b, f, add(m, constant(1)));
    Value z = mul(s, s);
    Value series = constant(2.0 / (2 * format.logTerms + 1));
    for (int i = format.logTerms - 1; i >= 1; --i)
      series = fma(series, z, constant(2.0 / (2 * i + 1)));
    Value halfSquare = mul(constant(0.5), mul(f, f));
    Value tail = fma(s, fma(series, z, halfSquare), mul(exponent, constant(format.ln2Low)));
    Value result = fma(exponent, constant(format.ln2High), sub(f, sub(halfSquare, tail)));
    result = select(arith::CmpFPredicate::OEQ, x, constant(infinity()), x, result);
    result = select(arith::CmpFPredicate::OEQ, x, constant(0), constant(-infinity()), result);
    return select(arith::CmpFPredicate::ULT, x, constant(0), constant(std::numeric_limits<double>::quiet_NaN()),
                  result);
  }

private:
  /// 2^(r / unit). Pairs of terms are summed side by side, then pairs of pairs (Estrin's scheme): half as long a chain
  /// as Horner's. The small terms alone are summed so; the last two steps, which decide the rounding, are Horner's.
  Value series(Value r, double unit) {
    auto coefficient = [&](size_t k) { return constant(format.exp2[k] / std::pow(unit, static_cast<double>(k))); };
    SmallVector<Value> terms;
    for (size_t k = 2; k < format.exp2.size(); k += 2)
      terms.push_back(k + 1 < format.exp2.size() ? fma(coefficient(k + 1), r, coefficient(k)) : coefficient(k));
    for (Value power = mul(r, r); terms.size() > 1; power = mul(power, power)) {
      // Three need one power alone.
      if (terms.size() == 3) {
        Value last = terms.pop_back_val();
        terms[1] = fma(last, power, terms[1]);
      }
      SmallVector<Value> pairs;
      for (size_t i = 0; i + 1 < terms.size(); i += 2)
        pairs.push_back(fma(terms[i + 1], power, terms[i]));
      if (terms.size() % 2 == 1)
        pairs.push_back(terms.back());
      terms = std::move(pairs);
    }
    return fma(fma(terms.front(), r, coefficient(1)), r, coefficient(0));
  }

  static double infinity() { return std::numeric_limits<double>::infinity(); }

  Value constant(double value) {
    Attribute attr = b.getFloatAttr(getElementTypeOrSelf(type), value);
    return splat(type, attr);
  }
  Value integer(int64_t value) {
    Attribute attr = b.getIntegerAttr(getElementTypeOrSelf(integerType), value);
    return splat(integerType, attr);
  }
  Value splat(Type of, Attribute attr) {
    if (auto vector = dyn_cast<VectorType>(of))
      attr = DenseElementsAttr::get(vector, attr);
    return arith::ConstantOp::create(b, cast<TypedAttr>(attr));
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value fma(Value x, Value y, Value z) { return math::FmaOp::create(b, x, y, z); }
  Value bitsOf(Value x) { return arith::BitcastOp::create(b, integerType, x); }
  Value floatOf(Value x) { return arith::BitcastOp::create(b, type, x); }
  Value select(arith::CmpFPredicate predicate, Value x, Value y, Value then, Value otherwise) {
    return arith::SelectOp::create(b, arith::CmpFOp::create(b, predicate, x, y), then, otherwise);
  }

  /// Small integers as floats, by way of 32 bits: not every CPU converts vectors of 64.
  Value toFloat(Value k) {
    Type narrow = b.getI32Type();
    if (auto vector = dyn_cast<VectorType>(integerType))
      narrow = VectorType::get(vector.getShape(), narrow);
    if (narrow != integerType)
      k = arith::TruncIOp::create(b, narrow, k);
    return arith::SIToFPOp::create(b, type, k);
  }

  ImplicitLocOpBuilder &b;
  Type type, integerType;
  const Format &format;
};

struct ExpandMath : espalier::impl::ExpandMathBase<ExpandMath> {
  using ExpandMathBase::ExpandMathBase;

  void runOnOperation() override {
    SmallVector<Operation *> functions;
    getOperation().walk([&](Operation *op) {
      if (isa<math::ExpOp, math::Exp2Op, math::LogOp>(op))
        functions.push_back(op);
    });
    for (ArrayRef<Operation *> rest = functions; !rest.empty();) {
      size_t count = runOf(rest);
      expandRun(rest.take_front(count));
      rest = rest.drop_front(count);
    }
    if (!splitFma)
      return;
    getOperation().walk([&](math::FmaOp op) {
      ImplicitLocOpBuilder b(op->getLoc(), op);
      if (Value product = productThatItCorrects(op))
        return replace(op, productError(b, op.getA(), op.getB(), product));
      replace(op, arith::AddFOp::create(b, arith::MulFOp::create(b, op.getA(), op.getB()), op.getC()));
    });
  }

  static bool isZero(Value x) {
    if (auto copies = x.getDefiningOp<vector::BroadcastOp>())
      x = copies.getSource();
    return matchPattern(x, m_PosZeroFloat());
  }

  /// The p of fma(x, y, 0 - p) with p = x y, rounded, which asks for no more than what rounding took from it.
  static Value productThatItCorrects(math::FmaOp op) {
    auto minus = op.getC().getDefiningOp<arith::SubFOp>();
    auto product = minus ? minus.getRhs().getDefiningOp<arith::MulFOp>() : arith::MulFOp();
    if (!product || !isZero(minus.getLhs()) || product.getLhs() != op.getA() || product.getRhs() != op.getB())
      return Value();
    return product;
  }

  /// x y - product by halves of x and y, whose products are exact (Dekker).
  static Value productError(ImplicitLocOpBuilder &b, Value x, Value y, Value product) {
    Type type = x.getType();
    int digits = cast<FloatType>(getElementTypeOrSelf(type)).getFPMantissaWidth();
    auto mul = [&](Value u, Value v) -> Value { return arith::MulFOp::create(b, u, v); };
    auto sub = [&](Value u, Value v) -> Value { return arith::SubFOp::create(b, u, v); };
    auto add = [&](Value u, Value v) -> Value { return arith::AddFOp::create(b, u, v); };
    TypedAttr factor = FloatAttr::get(getElementTypeOrSelf(type), std::ldexp(1.0, (digits + 1) / 2) + 1);
    if (auto vector = dyn_cast<VectorType>(type))
      factor = DenseElementsAttr::get(vector, Attribute(factor));
    Value splitter = arith::ConstantOp::create(b, factor);
    auto upperHalf = [&](Value u) {
      Value large = mul(splitter, u);
      return sub(large, sub(large, u));
    };
    Value xHigh = upperHalf(x), yHigh = upperHalf(y), xLow = sub(x, xHigh), yLow = sub(y, yHigh);
    Value rest = add(add(sub(mul(xHigh, yHigh), product), mul(xHigh, yLow)), mul(xLow, yHigh));
    return add(rest, mul(xLow, yLow));
  }

  /// How many functions from the first on stand in one row, alike and independent of each other.
  static size_t runOf(ArrayRef<Operation *> functions) {
    size_t count = 1;
    for (; count < functions.size(); ++count) {
      Operation *op = functions[count], *before = functions[count - 1];
      bool alike = op->getName() == before->getName() && op->getResult(0).getType() == before->getResult(0).getType();
      if (before->getNextNode() != op || !alike ||
          llvm::is_contained(functions.take_front(count), op->getOperand(0).getDefiningOp()))
        break;
    }
    return count;
  }

  /// Expands functions in lockstep, so that the steps of one need not wait for all those of the one before.
  static void expandRun(ArrayRef<Operation *> run) {
    SmallVector<SmallVector<Operation *>> steps(run.size());
    for (auto [i, op] : llvm::enumerate(run)) {
      Operation *before = op->getPrevNode();
      Block *block = op->getBlock();
      expand(op);
      for (Operation *step = before ? before->getNextNode() : &block->front(); step != op; step = step->getNextNode())
        steps[i].push_back(step);
    }
    Operation *end = run.back();
    for (size_t k = 0; k < steps.front().size(); ++k)
      for (SmallVector<Operation *> &chain : steps)
        chain[k]->moveBefore(end);
    for (Operation *op : run)
      op->erase();
  }

  /// Writes a function's expansion before it; it is left without users.
  static void expand(Operation *op) {
    ImplicitLocOpBuilder b(op->getLoc(), op);
    Expander expander(b, op->getResult(0).getType());
    Value x = op->getOperand(0);
    op->getResult(0).replaceAllUsesWith(isa<math::ExpOp>(op)    ? expander.exp(x)
                                        : isa<math::Exp2Op>(op) ? expander.exp2(x)
                                                                : expander.log(x));
  }

  static void replace(Operation *op, Value value) {
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
  }
};

} // namespace
