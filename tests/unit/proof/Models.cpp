//===- Models.cpp - Small models as modules with both programs ------------===//

#include "Models.h"

#include "compiler/conversion/Passes.h"
#include "compiler/driver/Registration.h"
#include "compiler/optimization/Passes.h"
#include "compiler/proof/Prove.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <functional>
#include <random>
#include <sstream>
#include <stdexcept>

using namespace mlir;

namespace espalier::proof::test {
namespace {

/// "[2, 3]" or, with a product, "2x3x".
std::string list(const std::vector<int64_t> &numbers, const std::string &between, const std::string &last = "") {
  std::string text;
  for (int64_t number : numbers)
    text += (text.empty() ? "" : between) + std::to_string(number);
  return text + last;
}

class Writer {
public:
  explicit Writer(const Sketch &sketch) : sketch(sketch), engine(sketch.seed) {}

  std::string text() {
    const std::vector<int64_t> &states = sketch.states;
    std::vector<int64_t> shape;
    out << "tfg.model @sketch {\n  %n0 = tfg.root " << table({states[0]}, false) << " -> !tfg.nodes<[], " << states[0]
        << ">\n";
    std::string before = nodes({}, states[0]);
    for (size_t l = 1; l < states.size(); ++l) {
      const std::vector<int64_t> &patch = sketch.patches[l - 1];
      shape.resize(patch.size(), 1);
      int64_t ranks = 1;
      for (size_t axis = 0; axis < patch.size(); ++axis) {
        shape[axis] *= patch[axis];
        ranks *= patch[axis];
      }
      std::string after = nodes(shape, states[l]);
      out << "  %n" << l << " = tfg.children %n" << l - 1 << " patch [" << list(patch, ", ") << "] sharing rank "
          << table({ranks, states[l - 1], states[l]}, sketch.zeros) << " : " << before << " -> " << after << "\n";
      before = after;
    }
    size_t depth = states.size() - 1;
    out << "  tfg.observe %n" << depth << (sketch.gaussian ? " gaussian " : " symbol ")
        << table({states.back(), 1}, false) << " : " << before << "\n";
    for (const char *query : {"classify", "loglik"})
      out << "  tfg.query " << query << " %n0 : " << nodes({}, states[0]) << "\n";
    for (const char *query : {"denoise", "marginals"})
      out << "  tfg.query " << query << " %n" << depth << " : " << before << "\n";
    out << "}\n";
    return out.str();
  }

private:
  static std::string nodes(const std::vector<int64_t> &shape, int64_t states) {
    return "!tfg.nodes<[" + list(shape, ", ") + "], " + std::to_string(states) + ">";
  }

  /// Positive weights; with zeros, one in every row that has more than one entry.
  std::string table(const std::vector<int64_t> &shape, bool zeros) {
    std::ostringstream text;
    text.precision(17);
    int64_t columns = shape.back(), zero = 0, place = 0;
    std::function<void(size_t)> write = [&](size_t axis) {
      if (axis == shape.size()) {
        if (place % columns == 0)
          zero = zeros && columns > 1 ? static_cast<int64_t>(engine() % columns) : -1;
        double weight = 0.1 + static_cast<double>(engine() % 1000) / 1000;
        text << std::scientific << (place++ % columns == zero ? 0.0 : weight);
        return;
      }
      text << "[";
      for (int64_t i = 0; i < shape[axis]; ++i) {
        text << (i ? ", " : "");
        write(axis + 1);
      }
      text << "]";
    };
    write(0);
    return "dense<" + text.str() + "> : tensor<" + list(shape, "x", "x") + "f64>";
  }

  const Sketch &sketch;
  std::mt19937 engine;
  std::ostringstream out;
};

} // namespace

std::string modelText(const Sketch &sketch) { return Writer(sketch).text(); }

std::unique_ptr<MLIRContext> createContext() {
  DialectRegistry registry;
  registerDialects(registry);
  auto context = std::make_unique<MLIRContext>(registry);
  context->loadAllAvailableDialects();
  context->disableMultithreading();
  return context;
}

OwningOpRef<ModuleOp> lowered(MLIRContext &context, const std::string &model, bool cancelLogs,
                              const std::string &dtype) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(model, &context);
  PassManager passes(&context);
  passes.addPass(createConvertTFGToBP({.dtype = dtype}));
  passes.addPass(createConvertTFGToNet({.dtype = dtype}));
  if (cancelLogs)
    passes.addNestedPass<func::FuncOp>(createNetCancelLogs());
  if (!module || failed(passes.run(*module)))
    throw std::logic_error("a model of the test cannot be lowered");
  return module;
}

Report reportOf(ModuleOp module) {
  Report report;
  if (failed(prove(module, module, ModuleOp(), report)))
    throw std::logic_error("a module of the test holds no programs");
  return report;
}

} // namespace espalier::proof::test
