#include "report.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "files.h"
#include "log.h"

namespace ingot::trtexec {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kBoundShare = 0.8, kUnstableVariation = 0.025;

struct Statistics {
  double min = 0, max = 0, mean = 0, median = 0, variation = 0;  // variation: standard deviation by mean
  std::vector<double> percentiles;
};

double median_of(const std::vector<double>& sorted) {
  const size_t n = sorted.size();
  return n == 0 ? 0 : n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

Statistics statistics_of(std::vector<double> values, const std::vector<double>& percentages) {
  Statistics result;
  if (values.empty()) return result;
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  result.min = values.front();
  result.max = values.back();
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  result.median = median_of(values);
  double squares = 0;
  for (double value : values) squares += (value - result.mean) * (value - result.mean);
  result.variation = result.mean > 0 ? std::sqrt(squares / n) / result.mean : 0;
  for (double percent : percentages) {
    // The time that this share of the runs does not exceed.
    const double above = std::floor((1 - percent / 100) * n);
    result.percentiles.push_back(values[static_cast<size_t>(std::max(n - 1 - above, 0.0))]);
  }
  return result;
}

template <class Of>
Statistics statistics_of(const std::vector<Query>& queries, const std::vector<double>& percentages, Of of) {
  std::vector<double> values;
  values.reserve(queries.size());
  for (const Query& query : queries) values.push_back(of(query));
  return statistics_of(std::move(values), percentages);
}

void print_line(const char* title, const Statistics& statistics, const std::vector<double>& percentages) {
  std::string line = std::string(title) + ": min = " + text_of(statistics.min) + " ms, max = " + text_of(statistics.max) +
                     " ms, mean = " + text_of(statistics.mean) + " ms, median = " + text_of(statistics.median) + " ms";
  for (size_t i = 0; i < percentages.size(); ++i)
    line += ", percentile(" + text_of(percentages[i]) + "%) = " + text_of(statistics.percentiles[i]) + " ms";
  info(line);
}

void print_trace(const std::vector<Query>& queries, size_t runs) {
  info("");
  info("=== Trace details ===");
  info("Trace averages of " + std::to_string(runs) + " runs:");
  for (size_t start = 0; start + runs <= queries.size(); start += runs) {
    double compute = 0, latency = 0, enqueue = 0;
    for (size_t i = start; i < start + runs; ++i) {
      compute += queries[i].compute;
      latency += queries[i].latency;
      enqueue += queries[i].enqueue();
    }
    const auto n = static_cast<double>(runs);
    info("Average on " + std::to_string(runs) + " runs - GPU latency: " + text_of(compute / n) +
         " ms - Host latency: " + text_of(latency / n) + " ms (enqueue " + text_of(enqueue / n) + " ms)");
  }
}

// What keeps the figures from being those of the device's computing.
void warn_of_bounds(const Options& options, const Statistics& enqueue, const Statistics& h2d, const Statistics& compute,
                    const Statistics& d2h) {
  const bool is_host = ingotCudartIsStandIn();
  const auto is_bound_by = [&](const Statistics& part) { return part.median > kBoundShare * compute.median; };
  if (!options.graph && is_bound_by(enqueue) && !options.profiles())
    warn("* Throughput may be bound by Enqueue Time rather than GPU Compute; --useCudaGraph may help.");
  if (!options.no_transfers && is_bound_by(h2d))
    warn("* Throughput may be bound by H2D copies of the inputs rather than GPU Compute; --noDataTransfers leaves them out.");
  if (!options.no_transfers && is_bound_by(d2h))
    warn("* Throughput may be bound by D2H copies of the outputs rather than GPU Compute; --noDataTransfers leaves them out.");
  if (compute.variation > kUnstableVariation)
    warn("* GPU compute time is unstable, with coefficient of variance = " + text_of(compute.variation * 100) +
         (is_host ? "%. Something else may run on the machine."
                  : "%. Locked clocks (nvidia-smi --lock-gpu-clocks) and --useSpinWait make it steadier."));
  if (options.streams > 1)
    warn(is_host ? "* Runs of several streams share the processors, so each takes longer than it would alone."
                 : "* Runs of several streams share the GPU, so each takes longer than it would alone.");
}

void print_explanations() {
  verbose("");
  verbose("=== Explanations of the performance metrics ===");
  verbose("Total Host Walltime: the time from the first run's beginning to the last one's end.");
  verbose("GPU Compute Time: the time that the engine computes for a run; on the CPU device that is processor time of the host.");
  verbose("Total GPU Compute Time: the sum of it over all runs; much less than the walltime means that the device waits.");
  verbose("Enqueue Time: the time that the host takes to queue a run.");
  verbose("H2D Latency: the time to copy the inputs of a run to the device.");
  verbose("D2H Latency: the time to copy the outputs of a run to the host.");
  verbose("Latency: H2D Latency, GPU Compute Time and D2H Latency together.");
  verbose("Throughput: runs by walltime.");
}

bool write_json(const std::string& path, const Json& json) {
  // Names are bytes of the model; those that are not UTF-8 are replaced.
  const std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  return write_file(path, text.data(), text.size());
}

double sum_of(const std::vector<float>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

}  // namespace

void print_performance(const Options& options, const Measurement& measurement) {
  const auto& queries = measurement.queries;
  const auto& percents = options.percentiles;
  print_trace(queries, static_cast<size_t>(options.average_runs));
  const Statistics latency = statistics_of(queries, percents, [](const Query& q) { return q.latency; });
  const Statistics enqueue = statistics_of(queries, percents, [](const Query& q) { return q.enqueue(); });
  const Statistics h2d = statistics_of(queries, percents, [](const Query& q) { return q.h2d; });
  const Statistics compute = statistics_of(queries, percents, [](const Query& q) { return q.compute; });
  const Statistics d2h = statistics_of(queries, percents, [](const Query& q) { return q.d2h; });
  info("");
  info("=== Performance summary ===");
  info("Throughput: " + text_of(static_cast<double>(queries.size()) / std::max(measurement.wall_seconds, 1e-9)) + " qps");
  print_line("Latency", latency, percents);
  print_line("Enqueue Time", enqueue, percents);
  print_line("H2D Latency", h2d, percents);
  print_line("GPU Compute Time", compute, percents);
  print_line("D2H Latency", d2h, percents);
  info("Total Host Walltime: " + text_of(measurement.wall_seconds) + " s");
  info("Total GPU Compute Time: " + text_of(compute.mean * static_cast<double>(queries.size()) / 1000) + " s");
  warn_of_bounds(options, enqueue, h2d, compute, d2h);
  info("Explanations of the performance metrics are printed in the verbose logs.");
  print_explanations();
  info("");
}

void print_outputs(const Measurement& measurement) {
  info("Output Tensors:");
  for (const OutputValues& output : measurement.outputs) {
    std::string text = output.name + ": (" + text_of(output.layout.dims) + ")";
    for (int64_t i = 0; i < output.layout.count(); ++i) text += (i % 16 ? " " : "\n") + output.layout.element_text(output.bytes.data(), i);
    info(text);
  }
}

void print_profile(const Measurement& measurement) {
  info("");
  info("=== Profile (" + std::to_string(measurement.profiled_runs) + " iterations ) ===");
  info("   Time(ms)     Avg.(ms)   Median(ms)   Time(%)   Layer");
  double total = 0, total_average = 0, total_median = 0;
  for (const LayerTimes& layer : measurement.layers) total += sum_of(layer.ms);
  const auto line = [](double ms, double average, double median, double percent, const std::string& name) {
    char numbers[96];
    std::snprintf(numbers, sizeof numbers, "%11.2f  %11.4f  %11.4f  %8.1f   ", ms, average, median, percent);
    info(numbers + name);
  };
  for (const LayerTimes& layer : measurement.layers) {
    std::vector<double> sorted(layer.ms.begin(), layer.ms.end());
    std::sort(sorted.begin(), sorted.end());
    const double sum = sum_of(layer.ms), average = sum / static_cast<double>(layer.ms.size()), median = median_of(sorted);
    total_average += average;
    total_median += median;
    line(sum, average, median, total > 0 ? 100 * sum / total : 0, layer.name);
  }
  line(total, total_average, total_median, 100, "Total");
  info("");
}

bool export_times(const std::string& path, const Measurement& measurement) {
  Json json = Json::array();
  for (const Query& query : measurement.queries) {
    json.push_back({{"startEnqMs", query.enqueue_start},
                    {"endEnqMs", query.enqueue_end},
                    {"startH2dMs", query.h2d_start},
                    {"endH2dMs", query.compute_start},
                    {"startComputeMs", query.compute_start},
                    {"endComputeMs", query.d2h_start},
                    {"startD2hMs", query.d2h_start},
                    {"endD2hMs", query.end},
                    {"h2dMs", query.h2d},
                    {"computeMs", query.compute},
                    {"d2hMs", query.d2h},
                    {"latencyMs", query.latency}});
  }
  return write_json(path, json);
}

bool export_outputs(const std::string& path, const Measurement& measurement) {
  Json json = Json::array();
  for (const OutputValues& output : measurement.outputs) {
    Json values = Json::array();
    for (int64_t i = 0; i < output.layout.count(); ++i) {
      if (is_integer(output.layout.type)) {
        values.push_back(output.layout.integer(output.bytes.data(), i));
      } else {
        // JSON has no NaN and no infinities; the library writes them as null.
        values.push_back(output.layout.element(output.bytes.data(), i));
      }
    }
    json.push_back({{"name", output.name}, {"dimensions", text_of(output.layout.dims)}, {"values", std::move(values)}});
  }
  return write_json(path, json);
}

bool export_profile(const std::string& path, const Measurement& measurement) {
  Json json = Json::array({{{"count", measurement.profiled_runs}}});
  double total = 0;
  for (const LayerTimes& layer : measurement.layers) total += sum_of(layer.ms);
  for (const LayerTimes& layer : measurement.layers) {
    std::vector<double> sorted(layer.ms.begin(), layer.ms.end());
    std::sort(sorted.begin(), sorted.end());
    const double sum = sum_of(layer.ms);
    json.push_back({{"name", layer.name},
                    {"timeMs", sum},
                    {"averageMs", sum / static_cast<double>(layer.ms.size())},
                    {"medianMs", median_of(sorted)},
                    {"percentage", total > 0 ? 100 * sum / total : 0}});
  }
  return write_json(path, json);
}

bool report_layers(const Options& options, const nvinfer1::ICudaEngine& engine) {
  if (!options.dump_layers && options.export_layers.empty()) return true;
  const std::unique_ptr<nvinfer1::IEngineInspector> inspector(engine.createEngineInspector());
  if (!inspector) return fail("The engine cannot be inspected");
  if (engine.getProfilingVerbosity() != nvinfer1::ProfilingVerbosity::kDETAILED)
    warn("The plan keeps little about its layers; build it with --profilingVerbosity=detailed to see more");
  if (options.dump_layers) {
    const char* text = inspector->getEngineInformation(nvinfer1::LayerInformationFormat::kONELINE);
    if (!text) return fail("The engine cannot be described");
    info(std::string("Layer Information:\n") + text);
  }
  if (options.export_layers.empty()) return true;
  const char* text = inspector->getEngineInformation(nvinfer1::LayerInformationFormat::kJSON);
  return (text || fail("The engine cannot be described")) && write_file(options.export_layers, text, std::char_traits<char>::length(text));
}

}  // namespace ingot::trtexec
