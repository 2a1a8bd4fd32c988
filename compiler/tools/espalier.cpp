//===- espalier.cpp - The compiler's command line -------------------------===//
//
// Parses the command line of `espalier compile | verify | describe` and hands it to the driver.
//
//===----------------------------------------------------------------------===//

#include "compiler/driver/Compile.h"
#include "compiler/driver/Describe.h"
#include "compiler/driver/VerifyCommand.h"
#include "runtime/Error.h"
#include "runtime/File.h"
#include "runtime/cli/Arguments.h"
#include "runtime/cli/Values.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/CommandLine.h"

#include <cmath>
#include <iostream>
#include <limits>
#include <new>

using namespace espalier;

namespace {

constexpr int kDone = 0, kWrong = 1;

/// MLIR's own flags (--mlir-...) are its command line's; the rest is ours.
std::vector<std::string> splitFlags(int argc, char **argv, std::vector<const char *> &mlirFlags) {
  std::vector<std::string> ours;
  mlirFlags.push_back(argv[0]);
  for (int i = 1; i < argc; ++i) {
    if (llvm::StringRef(argv[i]).starts_with("--mlir-"))
      mlirFlags.push_back(argv[i]);
    else
      ours.push_back(argv[i]);
  }
  return ours;
}

/// Hands MLIR its flags; false after naming one that it does not know.
bool parseMLIRFlags(const std::vector<const char *> &flags) {
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  if (llvm::cl::ParseCommandLineOptions(flags.size(), flags.data(), "", &stream))
    return true;
  std::cerr << "espalier: error: unknown or malformed MLIR flag: " << problem.substr(0, problem.find('\n')) << "\n";
  return false;
}

Emit parseEmit(const std::string &form) {
  static constexpr std::string_view names[] = {"exe", "shared", "object", "tfg", "bp", "net", "linalg", "llvm", "onnx"};
  static constexpr Emit forms[] = {Emit::Executable, Emit::Shared, Emit::Object, Emit::TFG, Emit::BP,
                                   Emit::Net,        Emit::Linalg, Emit::LLVM,   Emit::ONNX};
  return forms[runtime::parseChoice("--emit", form, names)];
}

std::string parseDtype(const std::string &dtype) {
  static constexpr std::string_view names[] = {"f32", "f64"};
  return std::string(names[runtime::parseChoice("--dtype", dtype, names)]);
}

OnnxQuery parseQuery(const std::string &query) {
  static constexpr std::string_view names[] = {"classify", "denoise", "marginals"};
  if (query == "loglik")
    throw runtime::Error("--query expects classify, denoise or marginals: loglik is not exported");
  static constexpr OnnxQuery queries[] = {OnnxQuery::Classify, OnnxQuery::Denoise, OnnxQuery::Marginals};
  return queries[runtime::parseChoice("--query", query, names)];
}

template <typename NetOptT> void addNetOpt(CLI::App &command, NetOptT &netOpt, const std::string &description) {
  auto parse = [&netOpt](const std::string &level) {
    static constexpr std::string_view names[] = {"none", "full"};
    netOpt = runtime::parseChoice("--net-opt", level, names) == 0 ? NetOpt::None : NetOpt::Full;
  };
  command.add_option_function<std::string>("--net-opt", parse, description)->type_name("LEVEL");
}

void addNetwork(CLI::App &command, NetworkOptions &network) {
  auto parse = [&network](const std::string &activation) {
    static constexpr std::string_view names[] = {"exact", "relu"};
    network.activation =
        runtime::parseChoice("--activation", activation, names) == 0 ? Activation::Exact : Activation::Relu;
  };
  command
      .add_option_function<std::string>("--activation", parse,
                                        "The network's: exact (default), exp and log; or relu, with a certificate")
      ->type_name("NAME");
  auto parseTolerance = [&network](const std::string &text) {
    double value = runtime::parseReal("--tolerance", text);
    if (!(value > 0 && std::isfinite(value)))
      throw runtime::Error("--tolerance expects a finite number > 0, got " + text);
    network.tolerance = value;
  };
  command
      .add_option_function<std::string>("--tolerance", parseTolerance,
                                        "Largest certified error of a network of ReLUs (default 0.01)")
      ->type_name("ERROR");
}

void addDtype(CLI::App &command, std::string &dtype, const std::string &description) {
  command
      .add_option_function<std::string>(
          "--dtype", [&dtype](const std::string &name) { dtype = parseDtype(name); }, description)
      ->type_name("TYPE");
}

/// Lets --help end with two command lines.
void addTwoExamples(CLI::App &command, const std::string &first, const std::string &second) {
  runtime::addExamples(command, [=] { return std::vector<std::string>{first, second}; });
}

void addCompile(CLI::App &app, CompileOptions &options) {
  CLI::App *command = app.add_subcommand("compile", "Turn a model into an executable, or show any stage on the way");
  command->add_option("MODEL", options.model, "A .toml model file, or an .mlir module that --emit wrote")->required();
  command->add_option("-o", options.output, "The output file; text goes to standard output without it")
      ->type_name("FILE");
  command
      ->add_option_function<std::string>(
          "--emit", [&options](const std::string &form) { options.emit = parseEmit(form); },
          "What to write: exe (default), shared, object, tfg, bp, net, linalg, llvm or onnx")
      ->type_name("FORM");
  addDtype(*command, options.pipeline.dtype, "Type of messages and outputs: f32 (default) or f64");
  command
      ->add_option("--target-cpu", options.pipeline.targetCPU,
                   "native (default), x86-64-v2, x86-64-v3, x86-64-v4, ..., or portable: v2, v3 and v4 in one")
      ->type_name("CPU");
  command
      ->add_option_function<std::string>(
          "--query", [&options](const std::string &query) { options.onnx.query = parseQuery(query); },
          "Of --emit=onnx: classify (default for symbols), denoise (default for gaussian leaves) or marginals")
      ->type_name("QUERY");
  runtime::addInteger(*command, "--level", options.onnx.level, {0, 64},
                      "Of --query=marginals: 0 (the root) to L (the leaves, default)")
      ->type_name("L");
  addNetOpt(
      *command, options.netOpt,
      "The network: none runs it as drawn (default of --emit=onnx), full (default) cancels its logs against its exps");
  addNetwork(*command, options.network);
  command->add_option("--dump-dir", options.pipeline.dumpDir, "Write the module after each stage, numbered")
      ->type_name("DIR");
  command->add_flag("--timing", options.pipeline.timing, "Print how long each stage took");
  addTwoExamples(*command, "espalier compile model.toml -o model",
                 "espalier compile model.toml --emit=onnx --query=classify");
}

void addVerify(CLI::App &app, VerifyCommandOptions &options) {
  CLI::App *command = app.add_subcommand("verify", "Hold every program and query against the oracle");
  command->add_option("MODEL", options.model, "A .toml model file, or an .mlir module that --emit wrote")->required();
  runtime::addInteger(*command, "--samples", options.samples, {1, std::numeric_limits<int32_t>::max()},
                      "Samples per case (default: as many as a few seconds allow)");
  runtime::addInteger(*command, "--seed", options.seed, {}, "Seed of the samples (default 0)")->type_name("S");
  command->add_option("--json", options.json, "Write the checks as JSON")->type_name("FILE");
  command->add_option("--net", options.net, "Verify this network, as --emit=net wrote it, in place of our own")
      ->type_name("FILE.mlir");
  command->add_flag("--proof", options.proof,
                    "Also prove by rewriting that the networks are the message-passing programs");
  addNetOpt(*command, options.netOpt, "The network: none runs it as drawn, full (default) as compile makes it");
  addNetwork(*command, options.network);
  addTwoExamples(*command, "espalier verify model.toml --samples 16", "espalier verify model.toml --proof");
}

void addDescribe(CLI::App &app, DescribeOptions &options) {
  CLI::App *command = app.add_subcommand("describe", "Show the tree, and the network layer by layer");
  command->add_option("MODEL", options.model, "A .toml model file, or an .mlir module that --emit wrote")->required();
  command->add_flag("--json", options.json, "Print JSON");
  addNetOpt(*command, options.netOpt, "The network: none (default) shows it as drawn, full as compile makes it");
  addNetwork(*command, options.network);
  addDtype(*command, options.dtype, "Type that the network is for: f32 (default) or f64");
  addTwoExamples(*command, "espalier describe model.toml", "espalier describe model.toml --net-opt=full --json");
}

int run(int argc, char **argv) {
  std::vector<const char *> mlirFlags;
  std::vector<std::string> arguments = splitFlags(argc, argv, mlirFlags);
  CLI::App app("Compiles hierarchical models into exact belief propagation and into the U-Net that equals it. MLIR's "
               "flags (--mlir-print-ir-after-all, --mlir-timing, ...) are understood by every command.",
               "espalier");
  app.set_version_flag("--version", "espalier " ESPALIER_VERSION);
  CompileOptions compileOptions;
  VerifyCommandOptions verifyOptions;
  DescribeOptions describeOptions;
  addCompile(app, compileOptions);
  addVerify(app, verifyOptions);
  addDescribe(app, describeOptions);
  addTwoExamples(app, "espalier compile model.toml && ./model info", "espalier verify model.toml");
  if (!runtime::parseCommandLine(app, arguments))
    return kDone;
  if (!parseMLIRFlags(mlirFlags))
    return kWrong;
  if (app.got_subcommand("compile"))
    return llvm::succeeded(compile(compileOptions)) ? kDone : kWrong;
  if (app.got_subcommand("verify"))
    return verify(verifyOptions);
  return llvm::succeeded(describe(describeOptions)) ? kDone : kWrong;
}

} // namespace

int main(int argc, char **argv) {
  runtime::leaveNothingBehind();
  runtime::StandardOutput output;
  // Where nobody reads the errors, there is nobody to tell.
  llvm::scope_exit ignoreLostErrors([] { llvm::errs().clear_error(); });
  try {
    int code = run(argc, argv);
    runtime::flushStandardOutput();
    return code;
  } catch (const runtime::Error &error) {
    llvm::StringRef sentence = error.what();
    std::cerr << (sentence.starts_with("error: ") ? "espalier: " : "") << error.what() << "\n";
  } catch (const std::bad_alloc &) {
    std::cerr << "espalier: error: not enough memory\n";
  } catch (const std::exception &error) {
    std::cerr << "espalier: " << error.what() << "\n";
  }
  return kWrong;
}
