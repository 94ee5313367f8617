// Timing that can be trusted: each run finds the second-level cache as if other layers had used it since, clocks are warm, the host's time
// for launching stays out of the figure, and figures that scatter are taken again.
#include <algorithm>
#include <chrono>
#include <vector>

#include "device/cuda/cuda_device.h"
#include "device/cuda/graph_memsets.h"

namespace ingot::cuda {
namespace {

constexpr int kSamples = 5, kMostSamples = 15, kMostRunsInGraph = 8;
constexpr double kLongMs = 20;                                        // runs that take longer are timed once, by the host's clock
constexpr double kGraphMs = 2;                                        // that the runs of one graph take at most, about
constexpr double kScatter = 0.04;                                     // of the median: how far apart the middle half of the samples may lie
constexpr double kLeastMs = 1e-4;                                     // no run takes less
constexpr int kFlushes = 2;                                           // times the cache's size is read
constexpr int kBlock = 256, kBlocksOfMultiprocessor = 8, kLoads = 4;  // of a thread, at least
constexpr size_t kAlignment = 256;
// The sum keeps the loads; the memory holds zeros, so nothing is stored.
constexpr const char* kSource = R"(
extern "C" __global__ void __launch_bounds__(256) read_through(const unsigned long long* from, unsigned long long count, unsigned long long* to) {
  const unsigned long long step = gridDim.x * 256ull;
  unsigned long long sum = 0;
#pragma unroll 4
  for (unsigned long long i = blockIdx.x * 256ull + threadIdx.x; i < count; i += step) sum |= from[i];
  if (sum != 0) *to = sum;
}
)";

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

bool is_scattered(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() * 3 / 4] - values[values.size() / 4] > kScatter * values[values.size() / 2];
}

// What one measurement makes, handed back at its end.
struct Made {
  CudaDevice& device;
  CuEvent events[3] = {};
  CuGraphExec flushes = nullptr, runs = nullptr;
  void* memory = nullptr;

  ~Made() {
    const Driver& driver = device.driver();
    for (CuEvent event : events) {
      if (event) driver.event_destroy(event);
    }
    if (flushes) driver.graph_exec_destroy(flushes);
    if (runs) driver.graph_exec_destroy(runs);
    if (memory) device.release(memory);
  }
};

}  // namespace

CuGraphExec CudaDevice::captured(const std::function<Status(Stream)>& run, int repeats) {
  if (driver_.stream_begin_capture(own_stream_, kCaptureRelaxed) != 0) return nullptr;
  bool good = true;
  for (int i = 0; i < repeats && good; ++i) good = run({own_stream_}).ok();
  CuGraph graph = nullptr;
  if (driver_.stream_end_capture(own_stream_, &graph) != 0 || !graph) return nullptr;
  CuGraphExec exec = nullptr;
  good = good && replace_memsets(*this, graph).ok();
  if (good && driver_.graph_instantiate(&exec, graph, 0) != 0) exec = nullptr;
  driver_.graph_destroy(graph);
  return exec;
}

Status CudaDevice::flush_cache(const void* memory, size_t bytes, Stream stream) {
  TRY_ASSIGN(const CuFunction function, this->function(kSource, "read_through"));
  unsigned long long count = bytes / sizeof(unsigned long long);
  void* arguments[] = {&memory, &count, &memory};
  const int64_t most = int64_t{kBlocksOfMultiprocessor} * multiprocessors_, blocks = static_cast<int64_t>(count) / (kBlock * kLoads);
  return launch(function, {std::clamp<int64_t>(blocks, 1, most)}, kBlock, 0, arguments, stream);
}

Result<double> CudaDevice::measure_ms(const std::function<Status(Stream)>& run) {
  using Clock = std::chrono::steady_clock;
  TRY(make_current());
  TRY(run({own_stream_}));  // loads code
  TRY(synchronize({own_stream_}));
  const auto begin = Clock::now();
  TRY(run({own_stream_}));
  TRY(synchronize({own_stream_}));
  const double wall = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  if (wall > kLongMs) return wall;

  Made made{*this};
  for (CuEvent& event : made.events) CUDA_TRY(driver_, event_create, &event, 0);
  // Without memory to read through, runs find what the last one left.
  const size_t bytes = static_cast<size_t>(std::max(cache_bytes_, 0)) * kFlushes;
  if (auto memory = bytes > 0 ? allocate(bytes, kAlignment) : Result<void*>(nullptr); memory.ok()) made.memory = *memory;
  if (made.memory) TRY(run_now([&](Stream stream) { return queue_zeros(made.memory, bytes, stream); }));
  const auto flush = [&](Stream stream) { return made.memory ? flush_cache(made.memory, bytes, stream) : Status(Ok{}); };
  TRY(flush({own_stream_}));  // loads its code

  // Graphs keep the host's time for launching out: one of flushes with a run behind each, and one of flushes alone to take off.
  const int repeats = static_cast<int>(std::clamp(kGraphMs / std::max(wall, 1e-3), 1.0, double{kMostRunsInGraph}));
  made.runs = captured(
      [&](Stream stream) -> Status {
        TRY(flush(stream));
        return run(stream);
      },
      repeats);
  if (made.runs && made.memory) made.flushes = captured(flush, repeats);
  const bool in_graphs = made.runs && (made.flushes || !made.memory);
  const auto sample = [&]() -> Result<double> {
    TRY(flush({own_stream_}));  // keeps the GPU busy while the host launches the rest
    CUDA_TRY(driver_, event_record, made.events[0], own_stream_);
    if (in_graphs && made.flushes) CUDA_TRY(driver_, graph_launch, made.flushes, own_stream_);
    CUDA_TRY(driver_, event_record, made.events[1], own_stream_);
    if (in_graphs)
      CUDA_TRY(driver_, graph_launch, made.runs, own_stream_);
    else
      TRY(run({own_stream_}));
    CUDA_TRY(driver_, event_record, made.events[2], own_stream_);
    CUDA_TRY(driver_, event_synchronize, made.events[2]);
    float flushes_ms = 0, runs_ms = 0;
    CUDA_TRY(driver_, event_elapsed, &flushes_ms, made.events[0], made.events[1]);
    CUDA_TRY(driver_, event_elapsed, &runs_ms, made.events[1], made.events[2]);
    if (!in_graphs) return double{runs_ms};
    return (double{runs_ms} - (made.flushes ? double{flushes_ms} : 0)) / repeats;
  };
  TRY_ASSIGN([[maybe_unused]] const double first, sample());  // warms the clocks up, and the graphs
  std::vector<double> times;
  do {
    for (int i = 0; i < kSamples; ++i) {
      TRY_ASSIGN(const double ms, sample());
      times.push_back(ms);
    }
  } while (times.size() < kMostSamples && is_scattered(times));
  return std::max(median(std::move(times)), kLeastMs);
}

}  // namespace ingot::cuda
