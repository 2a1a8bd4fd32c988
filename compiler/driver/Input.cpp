//===- Input.cpp - Model files and modules as input -----------------------===//

#include "compiler/driver/Input.h"

#include "compiler/analysis/TFGModel.h"
#include "compiler/driver/Registration.h"
#include "compiler/frontend/BuildTFG.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include <iostream>

using namespace mlir;

namespace espalier {

std::unique_ptr<MLIRContext> createContext() {
  DialectRegistry registry;
  registerDialects(registry);
  auto context = std::make_unique<MLIRContext>(registry);
  context->loadAllAvailableDialects();
  context->printOpOnDiagnostic(false);
  return context;
}

static OwningOpRef<ModuleOp> loadModelFile(const std::string &path, MLIRContext *context) {
  std::vector<espalier::Diagnostic> diagnostics;
  ModelLocations places;
  std::optional<Model> model = parseModelFile(path, diagnostics, &places);
  std::cerr << toString(diagnostics);
  if (!model)
    return nullptr;
  return buildTFG(*model, places, path, context);
}

static OwningOpRef<ModuleOp> loadText(const std::string &path, MLIRContext *context) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer) {
    std::cerr << path << ": error: " << buffer.getError().message() << "\n";
    return nullptr;
  }
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(*sources, context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(*sources, context);
  if (module && failed(findModel(*module)))
    return nullptr;
  return module;
}

OwningOpRef<ModuleOp> loadModule(const std::string &path, MLIRContext *context) {
  return StringRef(path).ends_with(".mlir") ? loadText(path, context) : loadModelFile(path, context);
}

} // namespace espalier
