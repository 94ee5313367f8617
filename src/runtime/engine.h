// A loaded plan: kernels made ready, shared by all contexts and immutable.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "plan/plan.h"
#include "tactics/problem.h"
#include "tactics/tactic.h"

namespace ingot {

// A step that this machine cannot run as the plan says.
struct Misfit {
  size_t step;
  std::string reason;
};

struct IoTensor {
  const Tensor* tensor;
  bool is_input;
  Format format;
};

class Engine {
 public:
  // Makes the kernels ready. Where steps do not fit, `misfits` names them and the result is null: build/ chooses again.
  static Result<std::shared_ptr<Engine>> load(Plan plan, std::shared_ptr<Device> device, Log& log, std::vector<Misfit>* misfits);

  const Network& network() const { return *plan_.network; }
  const Plan& plan() const { return plan_; }
  Device& device() const { return *device_; }
  const std::shared_ptr<Device>& shared_device() const { return device_; }
  size_t step_count() const { return kernels_.size(); }
  const Layer& layer(size_t step) const { return *plan_.network->layers()[step]; }
  const Choice& choice(size_t step) const { return plan_.choices[step]; }
  const Kernel& kernel(size_t step) const { return *kernels_[step]; }

  // Inputs, then outputs, in the network's order.
  const std::vector<IoTensor>& io() const { return io_; }
  int io_index(std::string_view name) const;  // -1 where unknown
  size_t profile_count() const { return plan_.network->profiles.size(); }
  // Bytes of activations and workspace at the largest shapes of `profile`; the same for all profiles where it is negative.
  Result<size_t> activation_bytes(int profile = -1) const;

 private:
  Plan plan_;
  std::shared_ptr<Device> device_;
  std::vector<std::unique_ptr<Kernel>> kernels_;
  std::vector<IoTensor> io_;
};

}  // namespace ingot
