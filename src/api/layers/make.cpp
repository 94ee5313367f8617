// The facade of a layer's class.
#include "NvInferRuntimePlugin.h"
#include "api/layers/layer.h"

namespace ingot::api {
namespace {

// An operator that the API has no class for looks like a plugin of its name, without anything to configure.
class OperatorPlugin final : public nvinfer1::IPluginV3, public nvinfer1::IPluginV3OneCore {
 public:
  explicit OperatorPlugin(std::string name) : name_(std::move(name)) {}
  nvinfer1::InterfaceInfo getInterfaceInfo() const noexcept override { return {"PLUGIN_V3", 1, 0}; }
  nvinfer1::IPluginCapability* getCapabilityInterface(nvinfer1::PluginCapabilityType type) override {
    return type == nvinfer1::PluginCapabilityType::kCORE ? static_cast<nvinfer1::IPluginV3OneCore*>(this) : nullptr;
  }
  nvinfer1::IPluginV3* clone() override { return nullptr; }
  char const* getPluginName() const override { return name_.c_str(); }
  char const* getPluginVersion() const override { return "1"; }
  char const* getPluginNamespace() const override { return "ingot"; }

 private:
  std::string name_;
};

class OperatorFacade final : public LayerFacade<nvinfer1::IPluginV3Layer> {
 public:
  OperatorFacade(NetworkFacade& network, Layer* layer)
      : LayerFacade(network, layer, nvinfer1::LayerType::kPLUGIN_V3), plugin_(std::string(layer->op().name())) {}
  nvinfer1::IPluginV3& getPlugin() noexcept override { return plugin_; }

 private:
  OperatorPlugin plugin_;
};

}  // namespace

std::unique_ptr<LayerHandle> make_layer_facade(NetworkFacade& network, Layer* layer) {
  static constexpr FacadeMaker kFamilies[] = {make_arithmetic_facade,  make_normalize_facade, make_window_facade,   make_shape_facade,
                                              make_selection_facade,   make_resize_facade,    make_quantize_facade, make_control_facade,
                                              make_transformer_facade, make_retired_facade,   make_plugin_facade};
  for (const FacadeMaker make : kFamilies) {
    if (auto facade = make(network, layer)) return facade;
  }
  return std::make_unique<OperatorFacade>(network, layer);
}

}  // namespace ingot::api
