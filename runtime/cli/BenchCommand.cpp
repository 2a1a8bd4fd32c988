//===- BenchCommand.cpp - MODEL_EXE bench ---------------------------*- C++ -*-===//
//
// Prints how fast the model runs on this machine, next to what the machine could do.
//
//===----------------------------------------------------------------------===//

#include "runtime/Bench.h"

#include "runtime/cli/Arguments.h"
#include "runtime/cli/Options.h"
#include "runtime/cli/ProgressBar.h"
#include "runtime/cli/Values.h"

#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>

#include <nlohmann/json.hpp>

using namespace espalier::runtime;
using Json = nlohmann::ordered_json;

namespace {

struct BenchOptions {
  int64_t batch = 0;
  int threads = 0;
  bool json = false;
};

const char *dtypeName(const Model &model) { return model.dtype == ElementType::F32 ? "f32" : "f64"; }

Json toJson(const Model &model, const BenchReport &report) {
  Json rows = Json::array();
  for (const BenchRow &row : report.rows)
    rows.push_back({{"query", name(row.query)},
                    {"program", name(row.program)},
                    {"batch", row.batch},
                    {"seconds", row.seconds},
                    {"gflops", row.gflops},
                    {"leaves_per_second", row.leavesPerSecond}});
  return {{"model", model.name},       {"dtype", dtypeName(model)},        {"cpu", model.cpu},
          {"threads", report.threads}, {"peak_gflops", report.peakGflops}, {"rows", rows}};
}

void print(const Model &model, const BenchReport &report) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << model.name << ", " << dtypeName(model) << ", cpu " << model.cpu
       << ", threads " << report.threads << ", peak " << report.peakGflops
       << " GFLOP/s (kernel products alone are counted, those that tables spare as well)\n"
       << std::left << std::setw(11) << "query" << std::setw(9) << "program" << std::right << std::setw(8) << "batch"
       << std::setw(12) << "ms" << std::setw(11) << "GFLOP/s" << std::setw(9) << "of peak" << std::setw(12)
       << "Mleaves/s"
       << "\n";
  for (const BenchRow &row : report.rows)
    text << std::left << std::setw(11) << name(row.query) << std::setw(9) << name(row.program) << std::right
         << std::setw(8) << row.batch << std::setw(12) << std::setprecision(3) << row.seconds * 1e3
         << std::setprecision(1) << std::setw(11) << row.gflops << std::setw(8) << 100 * row.gflops / report.peakGflops
         << "%" << std::setw(12) << row.leavesPerSecond / 1e6 << "\n";
  std::cout << text.str();
}

void runBench(const Model &model, const BenchOptions &options) {
  BenchReport report;
  {
    ProgressBar bar("bench");
    report = bench(model, options.batch > 0 ? options.batch : defaultBatch(model), options.threads, bar.callback());
  }
  if (options.json)
    std::cout << toJson(model, report).dump(2) << "\n";
  else
    print(model, report);
}

} // namespace

void espalier::runtime::addBenchCommand(CLI::App &app, Session &session) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App *command = app.add_subcommand("bench", "How fast this model runs on this machine");
  addInteger(*command, "--batch", options->batch, {1, uint64_t{1} << 40}, "Samples of one run (default: up to 1024)");
  addThreads(*command, options->threads);
  command->add_flag("--json", options->json, "Print JSON");
  addExamples(*command, [&app] {
    return std::vector<std::string>{app.get_name() + " bench", app.get_name() + " bench --batch 1 --threads 1 --json"};
  });
  command->callback([&session, options] { runBench(session.runnableModel(), *options); });
}
