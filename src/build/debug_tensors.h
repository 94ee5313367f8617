// Inner tensors that a program watches. While layers are fused and tactics chosen they count as outputs, so that they keep their names,
// their values and the linear format; in the plan they are inner tensors again, which cost no memory of their own.
#pragma once

#include <string>
#include <vector>

#include "network/network.h"

namespace ingot {

// Properties of plans: names of the tensors, those that the program chose and those that were left after fusing.
constexpr const char* kDebugTensorsProperty = "debug_tensors";
constexpr const char* kUnfusedTensorsProperty = "unfused_tensors";

class WatchedTensors {
 public:
  explicit WatchedTensors(Network& network) : network_(network) {}
  // Inputs need nothing: they are there anyway. An error for a tensor that the network has not.
  Status watch(const std::vector<std::string>& names);
  // All that bear the name of a layer's output in `original`.
  Status watch_unfused(const Network& original);
  const std::vector<std::string>& unfused() const { return unfused_; }
  // They are outputs no longer.
  void release();

 private:
  Network& network_;
  std::vector<std::string> marked_, unfused_;
};

}  // namespace ingot
