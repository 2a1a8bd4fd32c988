//===- Parts.cpp - A model's code in parts that compile alone -------------===//

#include "compiler/codegen/Parts.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace espalier {

/// Parts of one variant. A fixed number, whatever the machine: the same model compiles to the same bytes everywhere.
static constexpr size_t kParts = 8;

/// Constants of up to this many elements are known to every part that reads them, for the optimizer to fold.
static constexpr int64_t kFoldedElements = 4096;

using Symbols = llvm::DenseMap<StringAttr, Operation *>;

Parts::Parts(MLIRContext *context) : shared(ModuleOp::create(UnknownLoc::get(context))) {}

LLVM::GlobalOp Parts::share(LLVM::GlobalOp global) {
  if (Attribute value = global.getValueOrNull(); value && global.getConstant()) {
    auto [equal, isNew] = known.try_emplace({value, global.getGlobalType()}, global);
    if (!isNew) {
      global.erase();
      return equal->second;
    }
  }
  global->remove();
  global.setSymName("constant." + std::to_string(count++));
  global.setLinkage(LLVM::Linkage::External);
  global.setVisibility_(LLVM::Visibility::Hidden);
  shared->push_back(global);
  return global;
}

static void rename(LLVM::LLVMFuncOp function, StringRef suffix) {
  function.setSymName((function.getName() + "." + suffix).str());
  function.setLinkage(LLVM::Linkage::External);
  function.setVisibility_(LLVM::Visibility::Hidden);
  function.removeSymVisibilityAttr();
}

/// What another part defines, as the part sees it that refers to it.
static Operation *declare(Operation *symbol) {
  if (auto function = dyn_cast<LLVM::LLVMFuncOp>(symbol))
    return function->cloneWithoutRegions();
  auto global = cast<LLVM::GlobalOp>(symbol->clone());
  auto value = dyn_cast_or_null<ElementsAttr>(global.getValueOrNull());
  if (value && value.getNumElements() > kFoldedElements)
    global.removeValueAttr();
  else
    global.setLinkage(LLVM::Linkage::AvailableExternally);
  return global;
}

/// Makes the references of `function` follow the symbols' new names, and declares in `part` what they refer to.
static void resolve(LLVM::LLVMFuncOp function, const Symbols &symbols, ModuleOp part,
                    llvm::DenseSet<Operation *> &present) {
  auto renamed = [&](StringAttr name) {
    Operation *symbol = symbols.lookup(name);
    if (present.insert(symbol).second)
      part.push_back(declare(symbol));
    return FlatSymbolRefAttr::get(SymbolTable::getSymbolName(symbol));
  };
  function.walk([&](Operation *op) {
    if (auto address = dyn_cast<LLVM::AddressOfOp>(op))
      address.setGlobalNameAttr(renamed(address.getGlobalNameAttr().getAttr()));
    else if (auto call = dyn_cast<LLVM::CallOp>(op); call && call.getCalleeAttr())
      call.setCalleeAttr(renamed(call.getCalleeAttr().getAttr()));
  });
}

/// Functions in groups of about the same size: the longest first, each into the group that is the shortest so far.
static std::vector<std::vector<LLVM::LLVMFuncOp>> balance(ArrayRef<LLVM::LLVMFuncOp> functions) {
  std::vector<std::pair<int64_t, LLVM::LLVMFuncOp>> sized;
  for (LLVM::LLVMFuncOp function : functions) {
    int64_t size = 0;
    function.walk([&](Operation *) { ++size; });
    sized.emplace_back(size, function);
  }
  llvm::stable_sort(sized, [](const auto &a, const auto &b) { return a.first > b.first; });
  std::vector<std::vector<LLVM::LLVMFuncOp>> groups(std::min(kParts, functions.size()));
  std::vector<int64_t> sizes(groups.size(), 0);
  for (auto [size, function] : sized) {
    size_t shortest = std::min_element(sizes.begin(), sizes.end()) - sizes.begin();
    groups[shortest].push_back(function);
    sizes[shortest] += size;
  }
  return groups;
}

std::vector<OwningOpRef<ModuleOp>> Parts::take(ModuleOp module, StringRef suffix) {
  Symbols symbols;
  SmallVector<LLVM::LLVMFuncOp> functions;
  for (Operation &op : llvm::make_early_inc_range(module.getOps())) {
    if (auto global = dyn_cast<LLVM::GlobalOp>(op)) {
      StringAttr name = global.getSymNameAttr();
      symbols[name] = share(global);
    } else if (auto function = dyn_cast<LLVM::LLVMFuncOp>(op)) {
      symbols[function.getSymNameAttr()] = function;
      if (function.isExternal())
        continue;
      rename(function, suffix);
      functions.push_back(function);
    }
  }
  std::vector<OwningOpRef<ModuleOp>> parts;
  for (const std::vector<LLVM::LLVMFuncOp> &group : balance(functions)) {
    ModuleOp part = *parts.emplace_back(ModuleOp::create(module.getLoc()));
    llvm::DenseSet<Operation *> present;
    for (LLVM::LLVMFuncOp function : group) {
      function->remove();
      part.push_back(function);
      present.insert(function);
    }
    for (LLVM::LLVMFuncOp function : group)
      resolve(function, symbols, part, present);
  }
  return parts;
}

} // namespace espalier
