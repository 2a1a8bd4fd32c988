//===- EmitObject.cpp - From the llvm dialect to an object file -----------===//

#include "compiler/codegen/EmitObject.h"

#include "compiler/analysis/TFGModel.h"
#include "compiler/codegen/Description.h"
#include "compiler/codegen/Passes.h"
#include "runtime/ABI.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"

using namespace mlir;

namespace espalier {

/// A kernel's facts: "program_pass_evidence" by name, the rest by the attribute that the schedule left.
static FailureOr<KernelInfo> kernelInfo(LLVM::LLVMFuncOp function) {
  auto facts = function->getAttrOfType<DictionaryAttr>(kKernelAttr);
  SmallVector<StringRef> parts;
  function.getName().split(parts, '_');
  if (!facts || parts.size() != 3 || !facts.getAs<IntegerAttr>("workspace") || !facts.getAs<IntegerAttr>("tile") ||
      !facts.getAs<TypeAttr>("dtype"))
    return function.emitError() << "expects a kernel called program_pass_evidence with the attribute '" << kKernelAttr
                                << "'";
  return KernelInfo{function.getName().str(),
                    parts[0].str(),
                    parts[1].str(),
                    parts[2].str(),
                    facts.getAs<IntegerAttr>("workspace").getInt(),
                    facts.getAs<IntegerAttr>("tile").getInt(),
                    facts.getAs<TypeAttr>("dtype").getValue().isF64()};
}

static llvm::Constant *privateArray(llvm::Module &module, llvm::Constant *data, StringRef name) {
  auto *global = new llvm::GlobalVariable(module, data->getType(), /*isConstant=*/true,
                                          llvm::GlobalValue::PrivateLinkage, data, name);
  global->setAlignment(llvm::Align(64));
  return global;
}

/// Adds the exported symbol `espalier_model`, an EspalierModel.
static void addModelSymbol(llvm::Module &module, const Description &description, ArrayRef<KernelInfo> kernels) {
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::getUnqual(context);
  SmallVector<llvm::Constant *> functions;
  for (const KernelInfo &kernel : kernels) {
    llvm::Function *function = module.getFunction(kernel.function);
    function->setLinkage(llvm::GlobalValue::InternalLinkage);
    functions.push_back(function);
  }
  auto number = [&](uint64_t value) { return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), value); };
  llvm::Constant *fields[] = {
      number(ESPALIER_ABI_VERSION),
      privateArray(module, llvm::ConstantDataArray::getString(context, description.json), "description"),
      privateArray(module, llvm::ConstantDataArray::get(context, ArrayRef<double>(description.tables)), "tables"),
      number(description.tables.size()),
      privateArray(module, llvm::ConstantArray::get(llvm::ArrayType::get(pointer, functions.size()), functions),
                   "kernels"),
      number(functions.size())};
  llvm::Constant *value = llvm::ConstantStruct::getAnon(context, fields);
  new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true, llvm::GlobalValue::ExternalLinkage, value,
                           "espalier_model");
}

/// Cleans up what lowering left. Loops are as they should be: vectors, register blocks and their order are the
/// schedule's, and LLVM's own unrolling would multiply code and compile time for nothing.
static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PassBuilder passes(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(components);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager pipeline;
  llvm::cantFail(passes.parsePassPipeline(
      pipeline, "function(simplifycfg,early-cse<memssa>,instcombine,loop-mssa(licm),gvn,dse,instcombine,simplifycfg)"));
  pipeline.run(module, modules);
}

static void tuneForTarget(llvm::Module &module, const Target &target) {
  module.setTargetTriple(target.machine->getTargetTriple());
  module.setDataLayout(target.machine->createDataLayout());
  std::string width = std::to_string(8 * target.vectorBytes());
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.machine->getTargetCPU());
    function.addFnAttr("target-features", target.machine->getTargetFeatureString());
    // Some CPUs are described as preferring narrower vectors than they have.
    function.addFnAttr("prefer-vector-width", width);
    function.addFnAttr("min-legal-vector-width", width);
  }
}

llvm::Expected<SmallVector<char, 0>> emitObject(ModuleOp module, const Target &target) {
  FailureOr<tfg::ModelOp> model = findModel(module);
  SmallVector<KernelInfo> kernels;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    if (function.isExternal())
      continue;
    FailureOr<KernelInfo> kernel = kernelInfo(function);
    if (failed(kernel))
      return llvm::createStringError("the module holds a function that is no kernel");
    kernels.push_back(*kernel);
  }
  if (failed(model) || kernels.empty())
    return llvm::createStringError("expects a module with a tfg.model and at least one kernel");

  OwningOpRef<ModuleOp> code(cast<ModuleOp>(module->clone()));
  (*findModel(*code))->erase();
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(*code, context, "espalier");
  if (!translated)
    return llvm::createStringError("the module could not be translated to LLVM IR");
  addModelSymbol(*translated, describeModel(readModel(*model), kernels, target), kernels);
  tuneForTarget(*translated, target);
  optimize(*translated, *target.machine);

  SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager emission;
  if (target.machine->addPassesToEmitFile(emission, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("this target cannot emit object files");
  emission.run(*translated);
  return bytes;
}

} // namespace espalier
