// The ways in which tools can compute a network's outputs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "network/network.h"

namespace ingot::tools {

// Computes the outputs for inputs in the network's order.
using Run = std::function<Result<Arrays>(const Arrays& inputs)>;
// Gets a network ready to run.
using Engine = std::function<Result<Run>(std::shared_ptr<const Network> network)>;

// "reference": by references alone, slow and sure. "build": built (kTF32 off), written as a plan, loaded and run on the CPU.
Result<Engine> engine_by_name(const std::string& name);

}  // namespace ingot::tools
