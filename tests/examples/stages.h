// What the stages above operators/ check of an example: the plan that keeps it, and the tactics that run its layers.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "network/network.h"
#include "tactic_check.h"

namespace ingot::testing {

// Writes a plan of the network, reads it, and compares the networks and the bytes of a second writing.
Status round_trip_plan(const Network& network);
// How far a tactic may lie from the reference of this operator.
Tolerance tolerance_for(const Operator& op, const TensorTypes& inputs, const TensorTypes& outputs);
// Each layer with what it reads where the network runs on these inputs. The operators are the network's own.
Result<std::vector<std::pair<const Layer*, Trial>>> trials_of(const Network& network, const Arrays& inputs);
// Runs every tactic that accepts a layer, on what the layer reads, and compares it with the reference.
Status check_tactics(const Network& network, const Arrays& inputs);
extern int gpu_runs;                                             // of tactics of the GPU, where there is one
extern std::map<std::string, int, std::less<>> gpu_kernel_runs;  // of those that run on the GPU itself, by operators that are no
// combination of others

}  // namespace ingot::testing
