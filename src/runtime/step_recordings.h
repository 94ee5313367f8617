// The steps as a device recorded them, for the sets of addresses that were used last.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "device/device.h"

namespace ingot {

class Engine;
struct Prepared;

class StepRecordings {
 public:
  bool empty() const { return kept_.empty(); }
  // The steps with activations at `base` and inputs and outputs at `addresses`. Addresses that were there lately keep their recording; new
  // ones are put into that which was not used for longest, whose steps that read or write them alone are recorded again.
  Result<Recording*> get(const Engine& engine, Prepared& prepared, void* base, const std::vector<void*>& addresses);

 private:
  struct Kept {
    void* base = nullptr;
    std::vector<void*> addresses;  // by io
    std::shared_ptr<Recording> recording;
  };
  static Status patch(const Engine& engine, Prepared& prepared, Kept& kept, const std::vector<void*>& addresses);

  std::vector<Kept> kept_;                // last used first
  std::vector<std::vector<void*>> gone_;  // addresses that others took the place of, the last first
};

}  // namespace ingot
