// The ways in which tools can compute a network's outputs.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "network/network.h"

namespace ingot::tools {

// Computes the outputs for inputs in the network's order.
using Run = std::function<Result<Arrays>(const Arrays& inputs)>;
// Gets a network ready to run.
using Engine = std::function<Result<Run>(std::shared_ptr<const Network> network)>;

// What a built engine is made of, at the shapes of its last run.
struct EngineFacts {
  size_t steps = 0;
  size_t arena_bytes = 0, live_bytes = 0;  // memory of activations, and the largest sum of those that live at the same time
  std::string plan_file;                   // where not empty: the plan is loaded from there, or built and left there
  double build_ms = 0, load_ms = 0;        // 0 where it was not built
  double first_ms = 0;                     // the first run behind a load, with making shapes ready
  std::vector<int64_t> profile_ends;       // where not empty: a profile for batches up to each of these
  bool times = false;                      // asks for:
  double ms = 0;                           // one run, as the device measures it
  double enqueue_us = 0;                   // the host's time of an enqueue, the median of many
  // Where set, steps run one by one, and this sees what each leaves: the step's layer and tactic, the shape, and the bytes as they lie.
  std::function<void(const std::string& step, const Shape& shape, std::span<const std::byte> bytes)> watch;
};

// "reference": by references alone, slow and sure. "build": built (kTF32 off), written as a plan, loaded and run on the default device;
// fills `facts` at each run. "build-bf16", "build-fp16", "build-tf32": the same with bf16, half or TF32 allowed.
Result<Engine> engine_by_name(const std::string& name, std::shared_ptr<EngineFacts> facts = nullptr);

}  // namespace ingot::tools
