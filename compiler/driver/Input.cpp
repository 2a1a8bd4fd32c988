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

#include <fstream>
#include <iostream>

using namespace mlir;

namespace espalier {

/// The system's sentence in our style.
static std::string lowerCase(std::error_code error) { return StringRef(error.message()).lower(); }

/// The text of a line of a file; empty where there is none.
static std::string lineOf(const std::string &path, int64_t line) {
  std::ifstream file(path);
  std::string text;
  while (line-- > 0)
    if (!std::getline(file, text))
      return "";
  return text;
}

static espalier::Location placeOf(mlir::Location loc) {
  if (auto place = loc->findInstanceOf<FileLineColLoc>())
    return {place.getFilename().str(), place.getLine(), place.getColumn()};
  return {"espalier", 0, 0};
}

/// Prints what MLIR reports in the form that model files' errors have.
static LogicalResult printDiagnostic(mlir::Diagnostic &from) {
  espalier::Diagnostic diagnostic;
  if (from.getSeverity() == DiagnosticSeverity::Remark || from.getSeverity() == DiagnosticSeverity::Note)
    return success();
  diagnostic.severity =
      from.getSeverity() == DiagnosticSeverity::Error ? espalier::Severity::Error : espalier::Severity::Warning;
  diagnostic.location = placeOf(from.getLocation());
  diagnostic.message = from.str();
  diagnostic.sourceLine = lineOf(diagnostic.location.file, diagnostic.location.line);
  for (mlir::Diagnostic &note : from.getNotes())
    diagnostic.notes.push_back({note.str(), placeOf(note.getLocation())});
  std::cerr << toString(diagnostic);
  return success();
}

std::unique_ptr<MLIRContext> createContext() {
  DialectRegistry registry;
  registerDialects(registry);
  auto context = std::make_unique<MLIRContext>(registry);
  context->loadAllAvailableDialects();
  context->printOpOnDiagnostic(false);
  context->getDiagEngine().registerHandler(printDiagnostic);
  return context;
}

static OwningOpRef<ModuleOp> loadModelFile(const std::string &path, MLIRContext *context,
                                           std::vector<std::string> &files) {
  std::vector<espalier::Diagnostic> diagnostics;
  ModelLocations places;
  std::optional<Model> model = parseModelFile(path, diagnostics, &places);
  std::cerr << toString(diagnostics);
  if (!model)
    return nullptr;
  files.insert(files.end(), places.files.begin(), places.files.end());
  return buildTFG(*model, places, path, context);
}

static OwningOpRef<ModuleOp> loadText(const std::string &path, MLIRContext *context) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer) {
    std::cerr << path << ": error: cannot be read: " << lowerCase(buffer.getError()) << "\n";
    return nullptr;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, context);
  if (module && failed(findModel(*module)))
    return nullptr;
  return module;
}

OwningOpRef<ModuleOp> loadModule(const std::string &path, MLIRContext *context, std::vector<std::string> &files) {
  files.push_back(path);
  return StringRef(path).ends_with(".mlir") ? loadText(path, context) : loadModelFile(path, context, files);
}

} // namespace espalier
