// What the adapters of IPluginV3 share: those with the capabilities of generation 10, and the Quick ones.
#pragma once

#include "api/adapters/plugin_adapter.h"
#include "impl/NvInferPythonPlugin.h"

namespace ingot::api {

// The capability as its interface; an error where the plugin does not have it.
template <class Interface>
Result<Interface*> capability(nvinfer1::IPluginV3& plugin, nvinfer1::PluginCapabilityType type, const char* word) {
  nvinfer1::IPluginCapability* found = nullptr;
  TRY(call_plugin("getCapabilityInterface", [&] { found = plugin.getCapabilityInterface(type); }));
  if (!found) return invalid(std::string("the plugin has no ") + word + " capability");
  return static_cast<Interface*>(found);
}

std::shared_ptr<nvinfer1::IPluginV3> owned(nvinfer1::IPluginV3* plugin);
Result<std::shared_ptr<nvinfer1::IPluginV3>> cloned(const Plugin& op, nvinfer1::IPluginV3& plugin);

// Sizes that only the run tells are -1 in what a plugin is told before.
class OpenSizes {
 public:
  OpenSizes(const Plugin& op, const PluginTensors& outputs);
  void mark(size_t output, WideDims& dims) const;

 private:
  std::vector<std::vector<bool>> open_;  // by output and dimension
};

// The fastest of a plugin's own tactics, on zeros of the typical shapes; `make` sets the plugin up with the tactic of the operator it gets.
Result<int64_t> fastest_tactic(const Plugin& op, const std::vector<int32_t>& tactics, const SymbolRanges& ranges,
                               const PluginTensors& inputs, const PluginTensors& outputs,
                               const std::function<Result<std::shared_ptr<const ReadyPlugin>>(const Plugin& with)>& make);

// What getMetadataString of a build capability, of either kind, gives.
template <class Build>
std::string metadata_of(const Result<Build*>& build) {
  const char* text = nullptr;
  if (!build.ok() || !call_plugin("getMetadataString", [&] { text = (*build)->getMetadataString(); }).ok() || !text) return "";
  return text;
}

// The plugin and whether it is set up already, as it is where a plan holds it.
std::shared_ptr<PluginAdapter> adapt_one(std::shared_ptr<nvinfer1::IPluginV3> plugin, bool configured, nvinfer1::IGpuAllocator* allocator);
std::shared_ptr<PluginAdapter> adapt_quick(std::shared_ptr<nvinfer1::IPluginV3> plugin, bool configured);
std::shared_ptr<PluginAdapter> adapt_aot(std::shared_ptr<nvinfer1::IPluginV3> plugin);
// A compiled plugin of a plan, for a run on `device`.
Result<std::shared_ptr<PluginAdapter>> restore_aot(const Plugin& op, Device& device);

// ---- Of Quick plugins ----

Result<nvinfer1::IPluginV3QuickBuild*> quick_build_of(nvinfer1::IPluginV3& plugin);
Result<std::vector<PluginCode::Formats>> quick_formats(const Plugin& op, nvinfer1::IPluginV3& plugin, const PluginTensors& inputs,
                                                       const PluginTensors& outputs, const SymbolRanges& ranges);
Status quick_configure(const Plugin& op, nvinfer1::IPluginV3& plugin, const PluginTensors& inputs, const PluginTensors& outputs,
                       const SymbolRanges& ranges);
// Positive numbers; none where it has no tactics of its own.
Result<std::vector<int32_t>> quick_tactics(const Plugin& op, nvinfer1::IPluginV3& plugin);
bool quick_keeps_timings(nvinfer1::IPluginV3& plugin);

}  // namespace ingot::api
