//===- Programs.cpp - The functions that every model is lowered to --------===//

#include "compiler/conversion/support/Programs.h"

#include "dialects/support/Tables.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace espalier {

static StringRef evidenceName(Evidence evidence) {
  switch (evidence) {
  case Evidence::Symbol:
    return "symbol";
  case Evidence::Gaussian:
    return "gaussian";
  case Evidence::Soft:
    return "soft";
  }
  llvm_unreachable("all kinds are covered");
}

std::string ProgramSpec::suffix() const { return ((downward ? "updown_" : "up_") + evidenceName(evidence)).str(); }

static SmallVector<ProgramSpec> programsOf(tfg::ModelOp op, const Model &model) {
  Evidence own = model.channel == Channel::Gaussian ? Evidence::Gaussian : Evidence::Symbol;
  SmallVector<ProgramSpec> programs;
  for (bool downward : {false, true}) {
    using enum tfg::QueryKind;
    if (!(downward ? asks(op, {Denoise, Marginals}) : asks(op, {Classify, Loglik})))
      continue;
    programs.push_back({own, downward});
    programs.push_back({Evidence::Soft, downward});
  }
  return programs;
}

static FailureOr<FloatType> elementTypeOf(StringRef dtype, MLIRContext *context) {
  if (dtype == "f32")
    return cast<FloatType>(Float32Type::get(context));
  if (dtype == "f64")
    return cast<FloatType>(Float64Type::get(context));
  return failure();
}

static double largestValue(const Model &model) {
  double largest = 0;
  for (double value : model.values)
    largest = std::max(largest, std::abs(value));
  return largest;
}

bool holdsValues(const Model &model, Precision precision) {
  bool single = precision == Precision::F32;
  double largest = largestValue(model);
  return largest == 0 || (largest <= (single ? 0x1p127 : 0x1p1023) && largest >= (single ? 0x1p-126 : 0x1p-1022));
}

/// Says of values that the type does not hold where they stand.
static LogicalResult expectValues(tfg::ModelOp op, const Model &model, FloatType arrays) {
  if (holdsValues(model, precisionOf(arrays)))
    return success();
  std::string largest;
  llvm::raw_string_ostream(largest) << llvm::format("%g", largestValue(model));
  Location loc = op.getLoc();
  op.walk([&](tfg::ObserveOp observe) { loc = observe.getLoc(); });
  InFlightDiagnostic error = emitError(loc)
                             << "values expects numbers whose largest is between "
                             << (arrays.isF64() ? "2.2e-308 and 9.0e307" : "1.2e-38 and 1.7e38") << " in size for "
                             << (arrays.isF64() ? "f64" : "f32") << ", got " << largest;
  if (!arrays.isF64())
    error << "; --dtype=f64 takes larger and smaller ones";
  return failure();
}

LogicalResult
writePrograms(ModuleOp module, StringRef dtype,
              function_ref<LogicalResult(const Model &, const ProgramSpec &, FloatType, mlir::Location)> write) {
  FailureOr<tfg::ModelOp> op = findModel(module);
  if (failed(op))
    return failure();
  FailureOr<FloatType> arrays = elementTypeOf(dtype, module.getContext());
  if (failed(arrays))
    return module.emitError() << "expects dtype f32 or f64, got " << dtype;
  Model model = readModel(*op);
  if (failed(expectValues(*op, model, *arrays)))
    return failure();
  for (const ProgramSpec &spec : programsOf(*op, model))
    if (failed(write(model, spec, *arrays, op->getLoc())))
      return failure();
  return success();
}

/// Entries up to which a matrix that a level shares is repeated for every rank.
static constexpr int64_t kMostCopiedEntries = 4096;

Precision precisionOf(FloatType type) { return type.isF64() ? Precision::F64 : Precision::F32; }

ElementsAttr edgeKernels(const Model &model, int64_t l, MLIRContext *context) {
  const Level &level = model.levels[l - 1];
  int64_t size = model.states(l - 1) * level.states;
  // Copies of a shared matrix are a convolution's taps as they are drawn; many or large ones would only take memory.
  bool copies = level.sharing == Sharing::Level && model.ranks(l) <= kMostCopiedEntries / size;
  int64_t count = copies ? model.ranks(l) : model.kernelCount(l);
  std::vector<double> kernels;
  kernels.reserve(count * size);
  for (int64_t node = 0; node < count; ++node) {
    const double *matrix = model.kernel(l, node);
    kernels.insert(kernels.end(), matrix, matrix + size);
  }
  return makeTable(context, {count, model.states(l - 1), level.states}, kernels, "kernel_" + std::to_string(l));
}

LogicalResult checkProgram(func::FuncOp function, unsigned leastResults) {
  FunctionType type = function.getFunctionType();
  auto isArray = [](Type t) { return isa<RankedTensorType>(t) && cast<RankedTensorType>(t).getRank() >= 1; };
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return function.emitError() << "expects a program with a body of one block";
  if (type.getNumInputs() != 3 || !isArray(type.getInput(0)) || !type.getInput(1).isF64() || !type.getInput(2).isF64())
    return function.emitError() << "expects the arguments evidence, lambda and sigma, got " << type;
  if (type.getNumResults() < leastResults || !llvm::all_of(type.getResults(), isArray))
    return function.emitError() << "expects posteriors and a log-likelihood as results, got " << type;
  return success();
}

func::FuncOp createProgram(ModuleOp module, Location loc, StringRef program, const ProgramSpec &spec, Type evidence,
                           TypeRange results) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Type f64 = builder.getF64Type();
  auto function = func::FuncOp::create(builder, loc, (program + "_" + spec.suffix()).str(),
                                       builder.getFunctionType({evidence, f64, f64}, results));
  function.addEntryBlock();
  return function;
}

} // namespace espalier
