//===- Harness.cpp - One job, timed ---------------------------------------===//

#include "tests/bench/Harness.h"

#include "runtime/Npy.h"
#include "tests/bench/Timing.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <vector>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

using namespace espalier;
using namespace espalier::bench;

namespace {

Job readJob(const nlohmann::json &file) {
  using runtime::ElementType;
  Job job;
  job.query = file.at("query");
  job.evidence = file.at("evidence");
  job.program = file.value("program", "bp");
  job.library = file.value("library", "");
  job.f64 = file.at("dtype") == "f64";
  job.threads = file.value("threads", 1);
  job.sigma = file.value("sigma", 1.0);
  ElementType real = job.f64 ? ElementType::F64 : ElementType::F32;
  job.input = runtime::readNpy(file.at("input"), job.evidence == "symbol" ? ElementType::I32 : real);
  job.kernels = runtime::readNpy(file.at("kernels"), ElementType::F64);
  job.prior = runtime::readNpy(file.at("prior"), ElementType::F64);
  job.leafValues = runtime::readNpy(file.at("values"), ElementType::F64);
  return job;
}

double least(const std::vector<double> &times) { return *std::min_element(times.begin(), times.end()); }

/// Real time in seconds, the least of several repetitions that take about `budget` seconds together, into the JSON file
/// `report`. Many short ones: whatever else the machine does should miss one of them.
void timeWork(const Work &work, const std::string &report, double budget) {
  constexpr double most = 15, fewest = 3;
  double once = leastSeconds(work.run, 1);
  int64_t repetitions = std::lround(std::clamp(budget / once, fewest, most));
  std::vector<std::string> arguments = {"bench", "--benchmark_out=" + report, "--benchmark_out_format=json",
                                        "--benchmark_min_time=" + std::to_string(budget / most),
                                        "--benchmark_repetitions=" + std::to_string(repetitions)};
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  benchmark::AddCustomContext("how", work.how);
  auto loop = [&](benchmark::State &state) {
    for (auto step : state)
      work.run();
  };
  benchmark::RegisterBenchmark("job", loop)->UseRealTime()->Unit(benchmark::kSecond)->ComputeStatistics("min", least);
  benchmark::RunSpecifiedBenchmarks();
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s JOB.json REPORT.json SECONDS\n", argv[0]);
    return 1;
  }
  try {
    nlohmann::json file = nlohmann::json::parse(std::ifstream(argv[1]));
    Job job = readJob(file);
    Work work = prepare(job);
    work.run();
    runtime::writeNpy(file.at("output").get<std::string>(), work.answer());
    timeWork(work, argv[2], std::stod(argv[3]));
  } catch (const std::exception &problem) {
    std::fprintf(stderr, "%s: %s\n", argv[1], problem.what());
    return 1;
  }
  return 0;
}
