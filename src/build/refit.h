// New values for weights of a plan that keeps its original ones.
#pragma once

#include <map>
#include <string>

#include "base/log.h"
#include "plan/plan.h"

namespace ingot {

class Device;

// A copy of the plan with new constants, by their names in its network; only the layers that read one are packed again, and every tactic
// stays. An error names a constant that is not there, or has another type or count.
Result<Plan> refit_plan(const Plan& plan, const std::map<std::string, Array>& weights, Device& device, Log& log);

// Gives the constants that a plan was written without zeros and packs them, so that it loads. A plan that has all weights stays as it is.
Result<Plan> fill_stripped(Plan plan, Device& device, Log& log);

}  // namespace ingot
