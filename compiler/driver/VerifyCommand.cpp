//===- VerifyCommand.cpp - The command `espalier verify` ------------------===//

#include "compiler/driver/VerifyCommand.h"

#include "compiler/analysis/TFGModel.h"
#include "compiler/conversion/support/Certificate.h"
#include "compiler/conversion/support/Programs.h"
#include "compiler/driver/Input.h"
#include "compiler/driver/Link.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/driver/Verify.h"
#include "compiler/driver/VerifyProof.h"
#include "runtime/Error.h"
#include "runtime/File.h"
#include "runtime/cli/ProgressBar.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

#include <dlfcn.h>
#include <iostream>
#include <map>

using namespace mlir;

namespace espalier {
namespace {

/// A compiled model, loaded into this process for as long as this lives.
class LoadedModel {
public:
  /// Null after printing what went wrong.
  static std::unique_ptr<LoadedModel> load(Pipeline &pipeline, ModuleOp module) {
    auto loaded = std::make_unique<LoadedModel>();
    loaded->bounds = boundsOf(module);
    if (failed(pipeline.toLinalg()))
      return nullptr;
    FailureOr<std::vector<ObjectFile>> objects = pipeline.toObjects();
    if (failed(objects) || !loaded->open(*objects))
      return nullptr;
    return loaded;
  }

  ~LoadedModel() {
    if (library)
      dlclose(library);
  }

  runtime::Model model;
  std::optional<CertifiedBounds> bounds; ///< where its networks are of ReLUs

private:
  /// The certificates that the module's networks carry.
  static std::optional<CertifiedBounds> boundsOf(ModuleOp module) {
    std::optional<ReluCertificate> up, down;
    for (auto function : module.getOps<func::FuncOp>())
      if (std::optional<ReluCertificate> certificate = readCertificate(function))
        (function.getName().starts_with("net_updown") ? down : up) = certificate;
    if (!up || !down)
      return std::nullopt;
    return CertifiedBounds{up->classify, down->denoise, down->marginals};
  }

  bool open(ArrayRef<ObjectFile> objects) {
    std::unique_ptr<runtime::Temporary> folder = runtime::makeTemporaryFolder();
    const std::string path = folder->path() + "/model.so";
    runtime::OutputFile file(path);
    link(objects, LinkKind::Shared, file);
    library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "espalier_model") : nullptr;
    if (!symbol) {
      std::cerr << "espalier: error: the compiled model cannot be loaded: " << dlerror() << "\n";
      return false;
    }
    model = runtime::loadModel(*static_cast<const EspalierModel *>(symbol));
    return true;
  }

  void *library = nullptr;
};

/// The functions of a module's network by name.
std::map<StringRef, func::FuncOp> networksOf(ModuleOp module) {
  std::map<StringRef, func::FuncOp> networks;
  for (auto function : module.getOps<func::FuncOp>())
    if (function.getName().starts_with("net_"))
      networks[function.getName()] = function;
  return networks;
}

/// Moves the network of `file` into `module`, which states the model; says so where it was drawn for another one.
LogicalResult adoptNetwork(ModuleOp module, ModuleOp file, const std::string &path, std::string &dtype) {
  std::map<StringRef, func::FuncOp> networks = networksOf(file);
  if (networks.empty()) {
    std::cerr << path << ": error: expects networks as --emit=net writes them, got none\n";
    return failure();
  }
  dtype = dtypeOf(file);
  OwningOpRef<ModuleOp> ours(cast<ModuleOp>(module->clone()));
  FailureOr<Pipeline> pipeline = Pipeline::create({.dtype = dtype}, *ours);
  if (failed(pipeline) || failed(pipeline->writeProgram(Pipeline::Program::Net)))
    return failure();
  for (auto [name, function] : networksOf(*ours)) {
    auto given = networks.find(name);
    if (given == networks.end() || given->second.getFunctionType() != function.getFunctionType() ||
        given->second->getAttr("net.branching") != function->getAttr("net.branching")) {
      std::cerr << path << ": error: expects a network for this model's tree and states in @" << name.str() << "\n";
      return failure();
    }
    module.push_back(given->second->clone());
  }
  return success();
}

/// What sampling and, where it was asked for, the proof say; exit code 2 where one of them fails.
int reportAll(const Verification &verification, const proof::Report *proved, runtime::OutputFile *json) {
  printTable(std::cout, verification);
  if (proved) {
    std::cout << '\n';
    proof::printReport(std::cout, *proved);
  }
  if (json) {
    std::string text = jsonText(verification, proved);
    json->write(text.data(), text.size());
    json->commit();
  }
  int code = 0;
  if (const Check *worst = verification.worst()) {
    std::cerr << "espalier: mismatch: " << worst->program << " " << worst->query << " in " << worst->dtype
              << " differs by " << worst->measured() << " where " << worst->tolerance << " is allowed (case "
              << worst->worstCase << ")\n";
    code = 2;
  }
  if (proved && !proved->proved()) {
    std::cerr << "espalier: not proved: " << proofFailure(*proved) << "\n";
    code = 2;
  }
  return code;
}

/// Both programs of a module. A network that the user gave is proved as given, ours as it runs.
LogicalResult writePrograms(Pipeline &pipeline, ModuleOp module, const VerifyCommandOptions &options,
                            VerifyProof &proof) {
  bool given = !options.net.empty();
  auto prove = [&](bool now) { return options.proof && now ? proof.prove(module) : success(); };
  return failure(failed(pipeline.writeProgram(Pipeline::Program::BP)) || failed(prove(given)) ||
                 failed(pipeline.writeProgram(Pipeline::Program::Net)) || failed(prove(!given)));
}

/// Compiles, proves and checks; what cannot be compiled was said before.
int verifyModule(ModuleOp module, ArrayRef<std::string> dtypes, const VerifyCommandOptions &options, VerifyProof &proof,
                 runtime::OutputFile *json) {
  std::vector<std::unique_ptr<LoadedModel>> loaded;
  std::vector<const runtime::Model *> models;
  std::vector<CertifiedBounds> bounds;
  for (const std::string &dtype : dtypes) {
    OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone()));
    FailureOr<Pipeline> pipeline = Pipeline::create({.dtype = dtype, .netOpt = options.netOpt}, *copy);
    if (failed(pipeline) || failed(writePrograms(*pipeline, *copy, options, proof)))
      return 1;
    loaded.push_back(LoadedModel::load(*pipeline, *copy));
    if (!loaded.back())
      return 1;
    models.push_back(&loaded.back()->model);
    if (loaded.back()->bounds)
      bounds.push_back(*loaded.back()->bounds);
  }
  Verification verification;
  {
    runtime::ProgressBar bar("verify");
    verification = verifyCompiled(
        readModel(*findModel(module)), models,
        {.samples = options.samples, .seed = options.seed, .progress = bar.callback(), .bounds = bounds});
  }
  return reportAll(verification, options.proof ? &proof.report : nullptr, json);
}

/// The file of --json, looked at before any work; null where there is none.
std::unique_ptr<runtime::OutputFile> planJson(const VerifyCommandOptions &options) {
  if (options.json.empty())
    return nullptr;
  auto json = std::make_unique<runtime::OutputFile>(options.json);
  json->expectOther(options.model, "the input");
  if (!options.net.empty())
    json->expectOther(options.net, "the input");
  return json;
}

} // namespace

int verify(const VerifyCommandOptions &options) {
  std::unique_ptr<runtime::OutputFile> json = planJson(options);
  std::unique_ptr<MLIRContext> context = createContext();
  std::vector<std::string> files;
  OwningOpRef<ModuleOp> module = loadModule(options.model, context.get(), files);
  if (!module || failed(applyNetworkOptions(*module, options.network)))
    return 1;
  VerifyProof proof;
  if (options.proof &&
      (failed(expectExactNetwork(*module, "--proof")) || failed(proof.prepare(*module, options.model))))
    return 1;
  SmallVector<std::string> dtypes = {"f32", "f64"};
  // What compile refuses in f32 is verified in f64.
  if (!holdsValues(readModel(*findModel(*module)), Precision::F32))
    dtypes = {"f64"};
  if (std::string present = dtypeOf(*module); !present.empty())
    dtypes = {present};
  if (!options.net.empty()) {
    OwningOpRef<ModuleOp> file = loadModule(options.net, context.get(), files);
    std::string dtype;
    if (!file || failed(adoptNetwork(*module, *file, options.net, dtype)))
      return 1;
    dtypes = {dtype};
  }
  if (json)
    for (const std::string &file : files)
      json->expectOther(file, "the input");
  return verifyModule(*module, dtypes, options, proof, json.get());
}

} // namespace espalier
