#include "inference.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "debug_tensors.h"
#include "lane.h"
#include "log.h"

namespace ingot::trtexec {

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

// One run on each of the lanes, side by side.
bool round(const Options& options, const std::vector<Lane*>& lanes, std::vector<Query>* queries) {
  for (Lane* lane : lanes) {
    if (!lane->start()) return false;
  }
  for (Lane* lane : lanes) {
    Query query{};
    if (!lane->finish(query)) return false;
    if (queries) queries->push_back(query);
  }
  if (options.idle > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(options.idle));
  return true;
}

struct Rounds {
  std::vector<Query> queries;
  double wall_ms = 0, warm_up_ms = 0;
  size_t warm_up_queries = 0;
  bool good = false;
};

// Warms up, then runs until both the least number of runs and the least time are reached.
void drive(const Options& options, const std::vector<Lane*>& lanes, LayerProfiler* profiler, Rounds& rounds) {
  const auto begin = [&] { return std::all_of(lanes.begin(), lanes.end(), [](Lane* lane) { return lane->begin(); }); };
  if (!begin()) return;
  const Clock::time_point warm = Clock::now();
  while (ms_since(warm) < options.warm_up) {
    if (!round(options, lanes, nullptr)) return;
    rounds.warm_up_queries += lanes.size();
  }
  rounds.warm_up_ms = ms_since(warm);
  if (profiler) profiler->set_on(true);
  if (!begin()) return;
  const Clock::time_point start = Clock::now();
  for (int64_t i = 0; i < options.iterations || ms_since(start) < options.duration * 1000; ++i) {
    if (!round(options, lanes, &rounds.queries)) return;
  }
  rounds.wall_ms = ms_since(start);
  rounds.good = true;
}

bool measure(const Options& options, const std::vector<std::unique_ptr<Lane>>& lanes, LayerProfiler* profiler, Measurement& measurement) {
  std::vector<Lane*> all;
  for (const auto& lane : lanes) all.push_back(lane.get());
  std::vector<Rounds> rounds(options.threads ? lanes.size() : 1);
  if (options.threads) {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < lanes.size(); ++i) {
      threads.emplace_back([&, i] { drive(options, {all[i]}, i == 0 ? profiler : nullptr, rounds[i]); });
    }
    for (std::thread& thread : threads) thread.join();
  } else {
    drive(options, all, profiler, rounds[0]);
  }
  size_t warm_up_queries = 0;
  double warm_up_ms = 0, wall_ms = 0;
  measurement.queries.clear();
  for (const Rounds& part : rounds) {
    if (!part.good) return false;
    warm_up_queries += part.warm_up_queries;
    warm_up_ms = std::max(warm_up_ms, part.warm_up_ms);
    wall_ms = std::max(wall_ms, part.wall_ms);
    measurement.queries.insert(measurement.queries.end(), part.queries.begin(), part.queries.end());
  }
  std::stable_sort(measurement.queries.begin(), measurement.queries.end(),
                   [](const Query& a, const Query& b) { return a.h2d_start < b.h2d_start; });
  measurement.wall_seconds = wall_ms / 1000;
  info("Warmup completed " + std::to_string(warm_up_queries) + " queries over " + text_of(warm_up_ms) + " ms");
  info("Timing trace has " + std::to_string(measurement.queries.size()) + " queries over " + text_of(measurement.wall_seconds) + " s");
  return true;
}

}  // namespace

bool run_inference(const Options& options, nvinfer1::ICudaEngine& engine, Measurement& measurement) {
  LayerProfiler profiler;  // outlives the contexts that report to it
  DebugSaver saver(options);
  std::vector<std::unique_ptr<Lane>> lanes;
  for (int64_t i = 0; i < options.streams; ++i) {
    lanes.push_back(std::make_unique<Lane>());
    if (!lanes.back()->prepare(options, engine, i == 0)) return false;
  }
  if (!saver.attach(lanes[0]->context())) return false;
  const bool profiles = options.profiles();
  if (profiles && !options.separate_profile) {
    warn("Taking the times of layers makes runs slower; --separateProfileRun takes them in a run of their own");
    lanes[0]->profile(profiler);
  }
  info("Starting inference");
  if (!measure(options, lanes, profiles && !options.separate_profile ? &profiler : nullptr, measurement)) return false;
  if (!lanes[0]->take_outputs(measurement.outputs)) return false;
  if (profiles && options.separate_profile) {
    info("Starting a run for the times of layers");
    lanes.resize(1);
    lanes[0]->profile(profiler);
    Measurement apart;
    if (!measure(options, lanes, &profiler, apart)) return false;
  }
  if (!saver.finish()) return false;
  measurement.layers = profiler.layers();
  for (const LayerTimes& layer : measurement.layers) measurement.profiled_runs = std::max(measurement.profiled_runs, layer.ms.size());
  return true;
}

}  // namespace ingot::trtexec
