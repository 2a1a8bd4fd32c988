//===- Evidence.cpp - Checks of what a user observed ----------------*- C++ -*-===//
//
// One pass over the values per check, in stretches without branches; the first value at fault is reported with its
// index.
//
//===----------------------------------------------------------------------===//

#include "runtime/Evidence.h"

#include "runtime/Error.h"
#include "runtime/Npy.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

using namespace espalier;
using namespace espalier::runtime;

std::string runtime::numberText(double value) {
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, end);
}

void runtime::checkNoise(double lambda, double sigma, bool allowZero) {
  if (!std::isfinite(sigma) || sigma < 0 || (sigma == 0 && !allowZero))
    throw Error(std::string("--sigma expects a finite number ") + (allowZero ? ">= 0" : "> 0") + ", got " +
                numberText(sigma));
  if (!std::isfinite(lambda))
    throw Error("--lambda expects a finite number, got " + numberText(lambda));
}

namespace {

class Checker {
public:
  Checker(const Model &model, EvidenceKind kind, const Array &input, const std::string &place)
      : model(model), kind(kind), input(input), place(place) {}

  void check() const {
    checkShapeAndKind();
    if (kind == EvidenceKind::Symbol)
      return input.type() == ElementType::I32 ? checkSymbols<int32_t>() : checkSymbols<int64_t>();
    if (!isFloat(input.type())) {
      Array reals = convert(input, ElementType::F64);
      return Checker(model, kind, reals, place).checkReals<double>();
    }
    input.type() == ElementType::F32 ? checkReals<float>() : checkReals<double>();
  }

private:
  [[noreturn]] void fail(const std::string &found) const {
    std::vector<int64_t> one = model.evidenceShape(kind);
    std::string batch = input.rank() > 0 && input.shape() != one ? std::to_string(input.shape()[0]) : "B";
    std::string what = kind == EvidenceKind::Symbol ? "integers in [-1, " + std::to_string(model.leafStates() - 1) + "]"
                       : kind == EvidenceKind::Gaussian ? "finite floats (NaN where missing)"
                                                        : "finite floats >= 0";
    throw Error(place, "expects " + batch + "x" + shapeText(one) + " " + what + ", got " + found);
  }

  [[noreturn]] void failAt(const std::string &value, int64_t offset, const char *hint) const {
    fail("value " + value + " at " + indexText(input.shape(), offset) + hint);
  }

  void checkShapeAndKind() const {
    bool fits = kind == EvidenceKind::Symbol     ? !isFloat(input.type())
                : kind == EvidenceKind::Gaussian ? !input.holdsBooleans()
                                                 : true;
    if (!fits)
      fail("elements of type " + (input.holdsBooleans() ? "bool" : typeName(input.type())));
    std::vector<int64_t> expected = model.evidenceShape(kind);
    const std::vector<int64_t> &shape = input.shape();
    if (shape == expected)
      fail("shape " + shapeText(shape) + ", one sample without the batch axis: give it the shape 1x" +
           shapeText(shape));
    if (shape.empty() || !std::equal(shape.begin() + 1, shape.end(), expected.begin(), expected.end()))
      fail(shape.empty() ? "a single value" : "shape " + shapeText(shape));
  }

  /// Finds the first value that is not legal, and reports its text. No branches and a constant number of steps inside,
  /// which compilers turn into vectors.
  template <typename T, typename Legal, typename Text>
  void checkAll(Legal legal, Text text, const char *hint = "") const {
    constexpr int64_t stretch = 256;
    const T *values = input.data<T>(), *end = values + input.size(), *at = values;
    for (; end - at >= stretch; at += stretch) {
      int wrong = 0;
      for (int64_t i = 0; i < stretch; ++i)
        wrong |= !legal(at[i]);
      if (wrong)
        break;
    }
    at = std::find_if_not(at, end, legal);
    if (at != end)
      failAt(text(*at), at - values, hint);
  }

  template <typename T> void checkSymbols() const {
    const T most = static_cast<T>(model.leafStates() - 1);
    checkAll<T>([most](T value) { return (value >= -1) & (value <= most); },
                [](T value) { return std::to_string(value); });
  }

  /// Soft evidence is scaled when it is narrowed, so that only Gaussian values must fit the model's type.
  template <typename T> void checkReals() const {
    const T most = std::numeric_limits<T>::max();
    auto text = [](T value) { return numberText(value); };
    if (kind == EvidenceKind::Soft)
      return checkAll<T>([most](T value) { return (value >= 0) & (value <= most); }, text);
    checkAll<T>([most](T value) { return (value != value) | (std::fabs(value) <= most); }, text);
    constexpr double single = std::numeric_limits<float>::max();
    if (model.dtype == ElementType::F32 && most > single)
      checkAll<T>([](T value) { return (value != value) | (std::fabs(value) <= single); }, text,
                  ", beyond float32: a model compiled with --dtype=f64 takes it");
  }

  const Model &model;
  EvidenceKind kind;
  const Array &input;
  const std::string &place;
};

/// Float64 likelihoods to float32, each leaf's largest brought into [2^125, 2^126) by an exact power of two, which
/// leaves the smaller ones most room. What is positive stays so.
Evidence narrowSoft(const Array &input, int64_t states) {
  const int64_t batch = input.shape()[0];
  Evidence result{Array(ElementType::F32, input.shape()), std::vector<double>(static_cast<size_t>(batch), 0.0)};
  const int64_t leaves = batch == 0 ? 0 : input.size() / batch / states;
  const double *from = input.data<double>();
  float *to = result.values.data<float>();
  for (int64_t leaf = 0; leaf < batch * leaves; ++leaf, from += states, to += states) {
    int exponent = 0;
    std::frexp(*std::max_element(from, from + states), &exponent);
    exponent -= 126;
    for (int64_t a = 0; a < states; ++a) {
      to[a] = static_cast<float>(std::ldexp(from[a], -exponent));
      if (from[a] > 0)
        to[a] = std::max(to[a], std::numeric_limits<float>::denorm_min());
    }
    result.logScale[leaf / leaves] += exponent * M_LN2;
  }
  return result;
}

} // namespace

Evidence runtime::fitSoft(Array input, int64_t states, ElementType type) {
  if (input.type() == ElementType::F64 && type == ElementType::F32)
    return narrowSoft(input, states);
  if (input.type() != type)
    input = convert(input, type);
  return {std::move(input), {}};
}

Evidence runtime::checkEvidence(const Model &model, EvidenceKind kind, Array input, const std::string &place,
                                std::optional<ElementType> soft) {
  Checker(model, kind, input, place).check();
  if (kind == EvidenceKind::Soft)
    return fitSoft(std::move(input), model.leafStates(), soft.value_or(model.dtype));
  ElementType type = model.evidenceType(kind);
  if (input.type() != type)
    input = convert(input, type);
  return {std::move(input), {}};
}
