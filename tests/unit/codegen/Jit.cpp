//===- Jit.cpp - Runs a function of one operation -------------------------===//

#include "tests/unit/codegen/Jit.h"

#include "compiler/codegen/LowerToLLVM.h"
#include "compiler/driver/Registration.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Support/TargetSelect.h"

#include <stdexcept>
#include <type_traits>

namespace espalier::test {

static std::string moduleText(const OperationSpec &spec, const std::string &real) {
  const std::string chunk = std::to_string(kChunk), memref = "memref<" + chunk + "x" + real + ">";
  const std::string lanes = std::to_string(spec.lanes), vector = "vector<" + lanes + "x" + real + ">";
  const std::string body = spec.lanes == 0
                               ? "%v = memref.load %x[%i] : " + memref + "\n%w = " + spec.operation + " %v : " + real +
                                     "\nmemref.store %w, %y[%i] : " + memref
                               : "%v = vector.load %x[%i] : " + memref + ", " + vector + "\n%w = " + spec.operation +
                                     " %v : " + vector + "\nvector.store %w, %y[%i] : " + memref + ", " + vector;
  return "func.func @run(%x: " + memref + ", %y: " + memref +
         ") {\n%begin = arith.constant 0 : index\n%end = arith.constant " + chunk +
         " : index\n%step = arith.constant " + std::to_string(spec.lanes == 0 ? 1 : spec.lanes) +
         " : index\nscf.for %i = %begin to %end step %step {\n" + body + "\n}\nreturn\n}";
}

/// What fails here is the test's own doing.
template <typename T> static T check(llvm::Expected<T> value) {
  if (!value)
    throw std::runtime_error(llvm::toString(value.takeError()));
  return std::move(*value);
}

static llvm::orc::ThreadSafeModule compile(const std::string &text, const CodegenOptions &options) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  mlir::PassManager passes(&context);
  buildLLVMPipeline(passes, options);
  if (!module || failed(passes.run(*module)))
    throw std::runtime_error("the module does not compile:\n" + text);
  auto translation = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(*module, *translation);
  return {std::move(translated), std::move(translation)};
}

template <typename Real> CompiledOperation<Real>::CompiledOperation(const OperationSpec &spec) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  jit = check(llvm::orc::LLJITBuilder().create());
  CodegenOptions options;
  options.hasFma = spec.fma;
  llvm::Error error =
      jit->addIRModule(compile(moduleText(spec, std::is_same_v<Real, double> ? "f64" : "f32"), options));
  if (error)
    throw std::runtime_error(llvm::toString(std::move(error)));
  function = check(jit->lookup("run")).template toPtr<void (*)(const Real *, Real *)>();
}

template class CompiledOperation<float>;
template class CompiledOperation<double>;

} // namespace espalier::test
