// Runs an engine many times and keeps when what happened.
#pragma once

#include <string>
#include <vector>

#include "NvInfer.h"
#include "options.h"
#include "tensors.h"

namespace ingot::trtexec {

// One run. Moments are milliseconds since the measurement began; durations come from events that lie next to each other.
struct Query {
  double enqueue_start, enqueue_end;
  double h2d_start, compute_start, d2h_start, end;
  double h2d, compute, d2h, latency;
  double enqueue() const { return enqueue_end - enqueue_start; }
};

struct OutputValues {
  std::string name;
  Layout layout;
  std::vector<char> bytes;
};

struct LayerTimes {
  std::string name;
  std::vector<float> ms;  // one for each run
};

struct Measurement {
  std::vector<Query> queries;  // in the order in which they began
  double wall_seconds = 0;
  std::vector<OutputValues> outputs;  // of the last run of the first stream
  std::vector<LayerTimes> layers;     // of the first stream; empty without a profile
  size_t profiled_runs = 0;
};

// False where the engine cannot run as asked; the log says why.
bool run_inference(const Options& options, nvinfer1::ICudaEngine& engine, Measurement& measurement);

}  // namespace ingot::trtexec
