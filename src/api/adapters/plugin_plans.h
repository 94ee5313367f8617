// Plugins on their way through a build, into a plan and out of it.
#pragma once

#include "NvInfer.h"
#include "base/log.h"
#include "device/device.h"
#include "plan/plan.h"

namespace ingot::api {

// The property of a plan that names libraries with its plugins, one a line. A plan holds none of their code.
constexpr const char* kPluginLibrariesProperty = "plugin_libraries";

// Before a build: plugins learn the ranges of shapes, and, in weakly typed networks, tensors of types that a plugin does not take are
// converted for it. Where int8 is allowed, a plugin that takes it computes on bytes between tensors with ranges. An error names the layer.
Status prepare_plugins(Network& network, bool strongly_typed, bool allow_int8, int32_t max_batch, Device& device,
                       nvinfer1::IGpuAllocator* allocator);
// After it: each plugin is configured for what was chosen, and its state becomes part of the plan.
Status configure_plugins(Plan& plan);
// Gives the plugins of `from` to `to`, which is the same network read from bytes.
Status hand_over_plugins(Network& from, Network& to);
// Loads the libraries that the plan names where the program allows that plans bring code; says what it leaves alone.
void load_plugin_libraries(const Plan& plan, nvinfer1::IPluginRegistry& registry, bool allowed, Log& log);
// Makes the plugins of a plan again, to run on `device`. Kernels that the plan holds are used where the program allows that plans bring
// code. An error names the layer and what is registered.
Status restore_plugins(Network& network, nvinfer1::IPluginRegistry& registry, nvinfer1::IPluginFactory* factory,
                       nvinfer1::IGpuAllocator* allocator, Device& device, bool code_allowed);

// Asks creators that can check their plugins' state (IPluginChecker) about those of the plan; an error names the layer.
Status check_plugins(const Plan& plan, nvinfer1::IPluginRegistry& registry);

}  // namespace ingot::api
