// Strings the stages together: network and wishes in, plan out; and a plan in, engine out.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "optimize/rewrite.h"
#include "plan/plan.h"
#include "select/select.h"

namespace ingot {

struct BuildConfig {
  Log* log = nullptr;              // null for none
  std::shared_ptr<Device> device;  // null for the default one
  OptimizeOptions optimize;
  bool allow_tf32 = true;
  bool verify = false;  // check every tactic against the reference
  bool refittable = false;
  std::vector<std::string> held_numbers;   // constants of one element that stay constants, since a refit may change them
  std::vector<std::string> debug_tensors;  // that a listener may see as they are computed
  bool debug_unfused = false;              // and all others of the original network that no fusion takes away
  std::shared_ptr<TimingCache> cache;      // null for one of this build alone
  bool error_on_cache_miss = false;
  int optimization_level = 3;  // 0 takes the first tactic by estimate; 1 and 2 time a few; 3 and up time all
  int most_tactics = 0;        // to time for a layer; 0 leaves it to the level
  std::function<Result<std::vector<size_t>>(const Network&, const Layer&, const std::vector<Candidate>&)> filter;
  // Stage, steps done, steps in all; returning false cancels the build.
  std::function<bool(const std::string& stage, size_t done, size_t all)> progress;
  std::map<std::string, std::string> properties;  // kept in the plan
};

struct BuildReport {
  size_t layers_before = 0, layers_after = 0, reformats = 0;
  size_t measured = 0, cache_hits = 0;
  double predicted_ms = 0, optimize_seconds = 0, select_seconds = 0;
};

// Works on a copy; the network stays as it is. Dynamic inputs need a profile.
Result<Plan> build_plan(const Network& network, const BuildConfig& config, BuildReport* report = nullptr);

// A step of a plan that this machine cannot run as the plan says.
struct UnfitStep {
  size_t step;
  std::string reason;
};
// Chooses tactics again for those steps, by timing cache and estimate, without measuring; the log says how many.
Result<Plan> choose_again(Plan plan, const std::vector<UnfitStep>& unfit, Device& device, Log& log);

}  // namespace ingot
