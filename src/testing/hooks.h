// What the folders above testing/ lend to the expectations; tests/examples sets it before the first example runs.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "network/network.h"

namespace ingot::testing {

struct Hooks {
  // Reports a broken claim; the example goes on.
  std::function<void(const std::string& message)> fail;
  // Writes the network as a plan, reads it back, and compares.
  std::function<Status(const Network& network)> round_trip_plan;
  // Runs every tactic that accepts a layer of the network and compares it with the reference.
  std::function<Status(const Network& network, const Arrays& inputs)> check_tactics;
  // Applies one pass or fusion by name; whether anything changed.
  std::function<Result<bool>(std::string_view rewrite, Network& network)> apply_rewrite;
};

Hooks& hooks();

}  // namespace ingot::testing
