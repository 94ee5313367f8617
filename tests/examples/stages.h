// What the stages above operators/ check of an example: the plan that keeps it, and the tactics that run its layers.
#pragma once

#include "network/network.h"

namespace ingot::testing {

// Writes a plan of the network, reads it, and compares the networks and the bytes of a second writing.
Status round_trip_plan(const Network& network);
// Runs every tactic that accepts a layer, on what the layer reads, and compares it with the reference.
Status check_tactics(const Network& network, const Arrays& inputs);

}  // namespace ingot::testing
