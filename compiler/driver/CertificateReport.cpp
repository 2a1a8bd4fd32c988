//===- CertificateReport.cpp - What was proved, for people and programs ---===//

#include "compiler/driver/CertificateReport.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using llvm::formatv;
using llvm::json::Array;
using llvm::json::Object;

namespace espalier {
namespace {

std::string number(double value) { return std::isfinite(value) ? formatv("{0:e1}", value).str() : "any"; }

constexpr const char *kRow = "{0,5}  {1,4}  {2,8}  {3,8}  {4,8}  {5,11}  {6,5}  {7,5}  {8,8}  {9,8}  {10,8}  {11,11}\n";

void printBlocks(llvm::raw_ostream &out, ArrayRef<ReluBlockCertificate> blocks, const char *direction, bool upward) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    size_t l = upward ? blocks.size() - 1 - i : i;
    const ReluBlockCertificate &block = blocks[l];
    out << formatv(kRow, l + 1, direction, number(block.span), number(block.sumLow), number(block.sumHigh),
                   formatv("{0:f3}", block.contraction).str(), block.expPieces, block.logPieces, number(block.entering),
                   number(block.delta), number(block.rounding), number(block.accumulated));
  }
}

/// "classify 1.0e-02, marginals 9.8e-03": the bounds of what was asked.
std::string boundsOf(const ReluCertificate &certificate) {
  std::string text;
  for (auto [name, bound] : {std::pair<const char *, double>{"classify", certificate.classify},
                             {"denoise", certificate.denoise},
                             {"marginals", certificate.marginals}})
    if (std::isfinite(bound))
      text += (text.empty() ? "" : ", ") + std::string(name) + " " + number(bound);
  return text;
}

Array jsonOf(ArrayRef<ReluBlockCertificate> blocks, const char *direction) {
  Array levels;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const ReluBlockCertificate &block = blocks[i];
    Object level{{"level", static_cast<int64_t>(i) + 1},
                 {"direction", direction},
                 {"sum", Array{block.sumLow, block.sumHigh}},
                 {"contraction", block.contraction},
                 {"exp_pieces", block.expPieces},
                 {"log_pieces", block.logPieces},
                 {"entering", block.entering},
                 {"delta", block.delta},
                 {"rounding", block.rounding},
                 {"accumulated", block.accumulated}};
    // Where evidence can be anything, the range has no lower end, and JSON no infinity.
    if (std::isfinite(block.span))
      level["range"] = Array{-block.span, 0.0};
    levels.push_back(std::move(level));
  }
  return levels;
}

} // namespace

void printCertificate(llvm::raw_ostream &out, StringRef title, func::FuncOp network) {
  std::optional<ReluCertificate> certificate = readCertificate(network);
  if (!certificate)
    return;
  out << "\n"
      << title << "\n"
      << formatv(kRow, "level", "", "range", "sum from", "to", "contraction", "exp", "log", "entering", "delta",
                 "rounding", "accumulated");
  printBlocks(out, certificate->up, "up", true);
  printBlocks(out, certificate->down, "down", false);
  out << "certified  " << boundsOf(*certificate) << "\n"
      << formatv("width D    {0} (the plain formula's: {1:f0}), {2} hidden units, {3} parameters\n", certificate->width,
                 certificate->paperWidth, certificate->units, certificate->parameters);
}

Object jsonOf(const ReluCertificate &certificate, const NetworkSpec &network) {
  Array levels = jsonOf(certificate.up, "up");
  for (llvm::json::Value &level : jsonOf(certificate.down, "down"))
    levels.push_back(std::move(level));
  Object object{{"tolerance", network.tolerance},       {"total", certificate.total},
                {"width", certificate.width},           {"units", certificate.units},
                {"parameters", certificate.parameters}, {"levels", std::move(levels)}};
  for (auto [name, bound] : {std::pair<const char *, double>{"classify", certificate.classify},
                             {"denoise", certificate.denoise},
                             {"marginals", certificate.marginals},
                             {"paper_width", certificate.paperWidth}})
    if (std::isfinite(bound))
      object[name] = bound;
  return object;
}

void printSummary(llvm::raw_ostream &out, ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>())
    if (std::optional<ReluCertificate> certificate = readCertificate(function))
      out << "espalier: @" << function.getName() << " errs by at most " << number(certificate->total) << " ("
          << boundsOf(*certificate) << "): width " << certificate->width << ", " << certificate->units
          << " hidden units, " << certificate->parameters << " parameters\n";
}

} // namespace espalier
