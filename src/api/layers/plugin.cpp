// Layers that a program implements.
#include "api/adapters/plugin_adapter.h"
#include "api/layers/layer.h"

namespace ingot::api {
namespace {

using nvinfer1::ITensor;

const PluginAdapter& adapter_of(const Layer& layer) { return static_cast<const PluginAdapter&>(*layer.as<Plugin>()->code); }

class PluginV1Facade final : public LayerFacade<nvinfer1::IPluginLayer> {
 public:
  PluginV1Facade(NetworkFacade& network, Layer* layer) : LayerFacade(network, layer, nvinfer1::LayerType::kPLUGIN) {}
  nvinfer1::IPlugin& getPlugin() noexcept override { return *adapter_of(*layer_).first(); }
};

class PluginV2Facade final : public LayerFacade<nvinfer1::IPluginV2Layer> {
 public:
  PluginV2Facade(NetworkFacade& network, Layer* layer) : LayerFacade(network, layer, nvinfer1::LayerType::kPLUGIN_V2) {}
  nvinfer1::IPluginV2& getPlugin() noexcept override { return *adapter_of(*layer_).second(); }
};

class PluginV3Facade final : public LayerFacade<nvinfer1::IPluginV3Layer> {
 public:
  PluginV3Facade(NetworkFacade& network, Layer* layer) : LayerFacade(network, layer, nvinfer1::LayerType::kPLUGIN_V3) {}
  nvinfer1::IPluginV3& getPlugin() noexcept override { return *adapter_of(*layer_).third(); }
};

Result<std::vector<Tensor*>> tensors_of(ITensor* const* inputs, int32_t count, const char* word) {
  if (count < 0 || (count > 0 && !inputs)) return invalid("a plugin has " + std::to_string(count) + " " + word + " at no address");
  std::vector<Tensor*> tensors;
  for (int32_t i = 0; i < count; ++i) {
    if (!inputs[i]) return invalid("one of a plugin's " + std::string(word) + ", number " + std::to_string(i) + ", is null");
    tensors.push_back(&core_tensor(*inputs[i]));
  }
  return tensors;
}

}  // namespace

std::unique_ptr<LayerHandle> make_plugin_facade(NetworkFacade& network, Layer* layer) {
  const auto* op = layer->as<Plugin>();
  if (!op || !op->code) return nullptr;
  if (adapter_of(*layer).first()) return std::make_unique<PluginV1Facade>(network, layer);
  if (adapter_of(*layer).second()) return std::make_unique<PluginV2Facade>(network, layer);
  return std::make_unique<PluginV3Facade>(network, layer);
}

nvinfer1::IPluginV3Layer* NetworkFacade::addPluginV3(ITensor* const* inputs, int32_t nbInputs, ITensor* const* shapeInputs,
                                                     int32_t nbShapeInputs, nvinfer1::IPluginV3& plugin) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IPluginV3Layer*>(nullptr), [&]() -> Result<nvinfer1::IPluginV3Layer*> {
    if (implicit_batch_) return invalid("an IPluginV3 needs a network with explicit batch");
    TRY_ASSIGN(std::vector<Tensor*> tensors, tensors_of(inputs, nbInputs, "inputs"));
    TRY_ASSIGN(std::vector<Tensor*> shapes, tensors_of(shapeInputs, nbShapeInputs, "shape inputs"));
    TRY_ASSIGN(std::unique_ptr<Plugin> op, plugin_operator(plugin, shapes.size()));
    tensors.insert(tensors.end(), shapes.begin(), shapes.end());
    TRY(name_sizes(*network_, *op, plugin, tensors));
    TRY_ASSIGN(Layer * layer, add_core(std::move(op), std::move(tensors), "PluginV3"));
    return static_cast<nvinfer1::IPluginV3Layer*>(facade(layer));
  });
}

nvinfer1::IPluginV2Layer* NetworkFacade::addPluginV2(ITensor* const* inputs, int32_t nbInputs, nvinfer1::IPluginV2& plugin) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IPluginV2Layer*>(nullptr), [&]() -> Result<nvinfer1::IPluginV2Layer*> {
    TRY_ASSIGN(std::vector<Tensor*> tensors, tensors_of(inputs, nbInputs, "inputs"));
    TRY_ASSIGN(std::unique_ptr<Plugin> op, plugin_operator(plugin, implicit_batch_));
    TRY_ASSIGN(Layer * layer, add_core(std::move(op), std::move(tensors), "PluginV2"));
    return static_cast<nvinfer1::IPluginV2Layer*>(facade(layer));
  });
}

nvinfer1::IPluginLayer* NetworkFacade::addPlugin(ITensor* const* inputs, int32_t nbInputs, nvinfer1::IPlugin& plugin) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IPluginLayer*>(nullptr), [&]() -> Result<nvinfer1::IPluginLayer*> {
    TRY_ASSIGN(std::vector<Tensor*> tensors, tensors_of(inputs, nbInputs, "inputs"));
    TRY_ASSIGN(std::unique_ptr<Plugin> op, plugin_operator(plugin, false, implicit_batch_));
    TRY_ASSIGN(Layer * layer, add_core(std::move(op), std::move(tensors), "Plugin"));
    return static_cast<nvinfer1::IPluginLayer*>(facade(layer));
  });
}

nvinfer1::IPluginLayer* NetworkFacade::addPluginExt(ITensor* const* inputs, int32_t nbInputs, nvinfer1::IPluginExt& plugin) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IPluginLayer*>(nullptr), [&]() -> Result<nvinfer1::IPluginLayer*> {
    TRY_ASSIGN(std::vector<Tensor*> tensors, tensors_of(inputs, nbInputs, "inputs"));
    TRY_ASSIGN(std::unique_ptr<Plugin> op, plugin_operator(plugin, true, implicit_batch_));
    TRY_ASSIGN(Layer * layer, add_core(std::move(op), std::move(tensors), "Plugin"));
    return static_cast<nvinfer1::IPluginLayer*>(facade(layer));
  });
}

}  // namespace ingot::api
