//===- EmitObject.cpp - From the llvm dialect to object files -------------===//

#include "compiler/codegen/EmitObject.h"

#include "compiler/analysis/TFGModel.h"
#include "compiler/codegen/Description.h"
#include "compiler/codegen/Parts.h"
#include "compiler/codegen/Passes.h"
#include "runtime/ABI.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Threading.h"
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
  StringRef name = function.getName();
  name.consume_back(kPositionsSuffix);
  name.split(parts, '_');
  if (!facts || parts.size() != 3 || !facts.getAs<IntegerAttr>("workspace") || !facts.getAs<IntegerAttr>("tile") ||
      !facts.getAs<TypeAttr>("dtype"))
    return function.emitError() << "expects a kernel called program_pass_evidence with the attribute '" << kKernelAttr
                                << "'";
  auto number = [&](StringRef fact) {
    auto attr = facts.getAs<IntegerAttr>(fact);
    return attr ? attr.getInt() : 0;
  };
  auto evidence = facts.getAs<TypeAttr>("evidence");
  return KernelInfo{function.getName().str(),
                    parts[0].str(),
                    parts[1].str(),
                    parts[2].str(),
                    number("workspace"),
                    number("tile"),
                    facts.getAs<TypeAttr>("dtype").getValue().isF64(),
                    evidence && evidence.getValue().isF64(),
                    number("symbol_bytes"),
                    number("positions"),
                    number("lanes"),
                    number("most_batch")};
}

static llvm::Constant *privateArray(llvm::Module &module, llvm::Constant *data, StringRef name) {
  auto *global = new llvm::GlobalVariable(module, data->getType(), /*isConstant=*/true,
                                          llvm::GlobalValue::PrivateLinkage, data, name);
  global->setAlignment(llvm::Align(64));
  return global;
}

/// The variant's EspalierVariant. Its kernels are defined in other parts.
static llvm::Constant *describeVariant(llvm::Module &module, const VariantInfo &variant) {
  auto *pointer = llvm::PointerType::getUnqual(module.getContext());
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()), /*isVarArg=*/false);
  SmallVector<llvm::Constant *> functions;
  for (const KernelInfo &kernel : variant.kernels) {
    auto *function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, kernel.function, module);
    function->setVisibility(llvm::GlobalValue::HiddenVisibility);
    functions.push_back(function);
  }
  return llvm::ConstantStruct::getAnon(
      {privateArray(module, llvm::ConstantArray::get(llvm::ArrayType::get(pointer, functions.size()), functions),
                    "kernels"),
       llvm::ConstantInt::get(llvm::Type::getInt64Ty(module.getContext()), functions.size())});
}

/// Adds the exported symbol `espalier_model`, an EspalierModel.
static void addModelSymbol(llvm::Module &module, const Description &description, ArrayRef<VariantInfo> variants) {
  llvm::LLVMContext &context = module.getContext();
  SmallVector<llvm::Constant *> entries;
  for (const VariantInfo &variant : variants)
    entries.push_back(describeVariant(module, variant));
  auto *entryArray = llvm::ArrayType::get(entries.front()->getType(), entries.size());
  auto number = [&](uint64_t value) { return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), value); };
  llvm::Constant *fields[] = {
      number(ESPALIER_ABI_VERSION),
      privateArray(module, llvm::ConstantDataArray::getString(context, description.json), "description"),
      privateArray(module, llvm::ConstantDataArray::get(context, ArrayRef<double>(description.tables)), "tables"),
      number(description.tables.size()),
      privateArray(module, llvm::ConstantArray::get(entryArray, entries), "variants"),
      number(entries.size())};
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

static void tuneForTarget(llvm::Module &module, const Target &target, llvm::TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  std::string width = std::to_string(8 * target.vectorBytes());
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    function.addFnAttr("target-features", machine.getTargetFeatureString());
    // Some CPUs are described as preferring narrower vectors than they have.
    function.addFnAttr("prefer-vector-width", width);
    function.addFnAttr("min-legal-vector-width", width);
  }
}

/// One part's object file; `complete` adds what only LLVM IR can say. Everything of LLVM that it uses is its own.
static LogicalResult emitObject(ModuleOp part, const Target &target, llvm::function_ref<void(llvm::Module &)> complete,
                                ObjectFile &object) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translateModuleToLLVMIR(part, context, "espalier");
  if (!module)
    return part.emitError("could not be translated to LLVM IR");
  complete(*module);
  std::unique_ptr<llvm::TargetMachine> machine = target.createMachine();
  tuneForTarget(*module, target, *machine);
  optimize(*module, *machine);

  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager emission;
  if (machine->addPassesToEmitFile(emission, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return part.emitError("this target cannot emit object files");
  emission.run(*module);
  return success();
}

/// The kernels of a variant, under the names that they will have as a part. Private functions only serve kernels.
static FailureOr<VariantInfo> describe(ModuleOp module, const Target &target) {
  VariantInfo info{target, {}};
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    if (function.isExternal() || function.isPrivate())
      continue;
    FailureOr<KernelInfo> kernel = kernelInfo(function);
    if (failed(kernel))
      return failure();
    kernel->function += "." + target.cpu;
    info.kernels.push_back(*kernel);
  }
  if (info.kernels.empty())
    return module.emitError("expects at least one kernel");
  return info;
}

FailureOr<std::vector<ObjectFile>> emitObjects(ArrayRef<Variant> variants) {
  ModuleOp first = variants.front().module;
  MLIRContext *context = first->getContext();
  FailureOr<tfg::ModelOp> model = findModel(first);
  if (failed(model))
    return failure();
  Parts parts(context);
  std::vector<VariantInfo> infos;
  std::vector<std::pair<OwningOpRef<ModuleOp>, const Target *>> jobs;
  for (const Variant &variant : variants) {
    FailureOr<VariantInfo> info = describe(variant.module, variant.target);
    if (failed(info))
      return failure();
    infos.push_back(std::move(*info));
    for (OwningOpRef<ModuleOp> &part : parts.take(variant.module, variant.target.cpu))
      jobs.emplace_back(std::move(part), &variant.target);
  }
  jobs.emplace_back(parts.takeConstants(), &variants.front().target);
  Description description = describeModel(readModel(*model), infos);

  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);
  std::vector<ObjectFile> objects(jobs.size());
  if (failed(failableParallelForEachN(context, 0, jobs.size(), [&](size_t i) {
        auto complete = [&](llvm::Module &module) {
          if (i + 1 == jobs.size())
            addModelSymbol(module, description, infos);
        };
        return emitObject(*jobs[i].first, *jobs[i].second, complete, objects[i]);
      })))
    return failure();
  return objects;
}

} // namespace espalier
