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

// By references alone: slow and sure.
inline Result<Run> reference_engine(std::shared_ptr<const Network> network) {
  return Run([network](const Arrays& inputs) { return network->evaluate(inputs); });
}

inline Result<Engine> engine_by_name(const std::string& name) {
  if (name == "reference") return Engine(reference_engine);
  return invalid("the engine '" + name + "' is not known; there is reference");
}

}  // namespace ingot::tools
