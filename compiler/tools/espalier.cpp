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

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/CommandLine.h"

#include <CLI/CLI.hpp>

#include <cmath>
#include <iostream>
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
  std::reverse(ours.begin(), ours.end()); // the order that CLI11 takes a vector in
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
  static const std::map<std::string, Emit> forms = {
      {"exe", Emit::Executable}, {"shared", Emit::Shared}, {"object", Emit::Object},
      {"tfg", Emit::TFG},        {"bp", Emit::BP},         {"net", Emit::Net},
      {"linalg", Emit::Linalg},  {"llvm", Emit::LLVM},     {"onnx", Emit::ONNX}};
  auto found = forms.find(form);
  if (found == forms.end())
    throw CLI::ValidationError("--emit",
                               "expects exe, shared, object, tfg, bp, net, linalg, llvm or onnx, got '" + form + "'");
  return found->second;
}

std::string parseDtype(const std::string &dtype) {
  if (dtype != "f32" && dtype != "f64")
    throw CLI::ValidationError("--dtype", "expects f32 or f64, got '" + dtype + "'");
  return dtype;
}

OnnxQuery parseQuery(const std::string &query) {
  if (query == "loglik")
    throw CLI::ValidationError("--query", "expects classify, denoise or marginals: loglik is not exported");
  if (query != "classify" && query != "denoise" && query != "marginals")
    throw CLI::ValidationError("--query", "expects classify, denoise or marginals, got '" + query + "'");
  return query == "classify" ? OnnxQuery::Classify : query == "denoise" ? OnnxQuery::Denoise : OnnxQuery::Marginals;
}

template <typename NetOptT> void addNetOpt(CLI::App &command, NetOptT &netOpt, const std::string &description) {
  auto parse = [&netOpt](const std::string &level) {
    if (level != "none" && level != "full")
      throw CLI::ValidationError("--net-opt", "expects none or full, got '" + level + "'");
    netOpt = level == "none" ? NetOpt::None : NetOpt::Full;
  };
  command.add_option_function<std::string>("--net-opt", parse, description)->type_name("LEVEL");
}

void addNetwork(CLI::App &command, NetworkOptions &network) {
  auto parse = [&network](const std::string &activation) {
    if (activation != "exact" && activation != "relu")
      throw CLI::ValidationError("--activation", "expects exact or relu, got '" + activation + "'");
    network.activation = activation == "relu" ? Activation::Relu : Activation::Exact;
  };
  command
      .add_option_function<std::string>("--activation", parse,
                                        "The network's: exact (default), exp and log; or relu, with a certificate")
      ->type_name("NAME");
  auto parseTolerance = [&network](const std::string &text) {
    double value = 0;
    if (llvm::StringRef(text).getAsDouble(value) || !(value > 0 && std::isfinite(value)))
      throw CLI::ValidationError("--tolerance", "expects a number > 0, got '" + text + "'");
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

/// Refuses the empty name, which would count as none.
CLI::Validator fileName() {
  return {[](const std::string &name) { return std::string(name.empty() ? "expects a name, got ''" : ""); }, ""};
}

void addCompile(CLI::App &app, CompileOptions &options) {
  CLI::App *command = app.add_subcommand("compile", "Turn a model into an executable, or show any stage on the way");
  command->add_option("MODEL", options.model, "A .toml model file, or an .mlir module that --emit wrote")->required();
  command->add_option("-o", options.output, "The output file; text goes to standard output without it")
      ->check(fileName());
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
  command->add_option("--level", options.onnx.level, "Of --query=marginals: 0 (the root) to L (the leaves, default)")
      ->type_name("L");
  addNetOpt(
      *command, options.netOpt,
      "The network: none runs it as drawn (default of --emit=onnx), full (default) cancels its logs against its exps");
  addNetwork(*command, options.network);
  command->add_option("--dump-dir", options.pipeline.dumpDir, "Write the module after each stage, numbered")
      ->type_name("DIR")
      ->check(fileName());
  command->add_flag("--timing", options.pipeline.timing, "Print how long each stage took");
}

void addVerify(CLI::App &app, VerifyCommandOptions &options) {
  CLI::App *command = app.add_subcommand("verify", "Hold every program and query against the oracle");
  command->add_option("MODEL", options.model, "A .toml model file, or an .mlir module that --emit wrote")->required();
  command->add_option("--samples", options.samples, "Samples per case (default: as many as a few seconds allow)")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N");
  command->add_option("--seed", options.seed, "Seed of the samples (default 0)")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("S");
  command->add_option("--json", options.json, "Write the checks as JSON")->type_name("FILE")->check(fileName());
  command->add_option("--net", options.net, "Verify this network, as --emit=net wrote it, in place of our own")
      ->type_name("FILE.mlir");
  command->add_flag("--proof", options.proof,
                    "Also prove by rewriting that the networks are the message-passing programs");
  addNetOpt(*command, options.netOpt, "The network: none runs it as drawn, full (default) as compile makes it");
  addNetwork(*command, options.network);
}

/// CLI11's sentences in our style; options keep their names.
std::string lowerFirst(std::string text) {
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])))
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

int run(int argc, char **argv) {
  std::vector<const char *> mlirFlags;
  std::vector<std::string> arguments = splitFlags(argc, argv, mlirFlags);
  CLI::App app("Compiles hierarchical models into exact belief propagation and into the U-Net that equals it.",
               "espalier");
  app.require_subcommand(1);
  app.set_version_flag("--version", "espalier " ESPALIER_VERSION);
  const std::string first = arguments.empty() ? "" : arguments.back();
  CompileOptions compileOptions;
  VerifyCommandOptions verifyOptions;
  DescribeOptions describeOptions;
  addCompile(app, compileOptions);
  addVerify(app, verifyOptions);
  CLI::App *describeCommand = app.add_subcommand("describe", "Show the tree, and the network layer by layer");
  describeCommand
      ->add_option("MODEL", describeOptions.model, "A .toml model file, or an .mlir module that --emit wrote")
      ->required();
  describeCommand->add_flag("--json", describeOptions.json, "Print JSON");
  addNetOpt(*describeCommand, describeOptions.netOpt,
            "The network: none (default) shows it as drawn, full as compile makes it");
  addNetwork(*describeCommand, describeOptions.network);
  addDtype(*describeCommand, describeOptions.dtype, "Type that the network is for: f32 (default) or f64");
  app.footer("MLIR's flags (--mlir-print-ir-after-all, --mlir-timing, ...) are understood by every command.");
  try {
    app.parse(arguments);
  } catch (const CLI::RequiredError &error) {
    std::cerr << "espalier: error: "
              << (!app.get_subcommands().empty() ? error.what()
                  : first.empty() ? "expects a command: compile, verify or describe (see --help)"
                                  : "expects a command: compile, verify or describe, got '" + first + "'")
              << "\n";
    return kWrong;
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error);
    std::cerr << "espalier: error: " << lowerFirst(error.what()) << "\n";
    return kWrong;
  }
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
    std::cerr << "espalier: error: out of memory\n";
  } catch (const std::exception &error) {
    std::cerr << "espalier: " << error.what() << "\n";
  }
  return kWrong;
}
