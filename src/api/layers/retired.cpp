// Layers of former generations: fully connected ones.
#include "api/layers/layer.h"
#include "operators/fully_connected.h"

namespace ingot::api {

using nvinfer1::ITensor;
using nvinfer1::LayerType;
using nvinfer1::Weights;

namespace {

class FullyConnectedFacade final : public LayerFacade<nvinfer1::IFullyConnectedLayer> {
 public:
  using LayerFacade::LayerFacade;
  int32_t getNbInputs() const noexcept override { return static_cast<int32_t>(inputs_without_weights()); }
  void setNbOutputChannels(int32_t count) noexcept override {
    if (takes(count > 0, "setNbOutputChannels", count)) wanted_ = count == kernel_channels() ? 0 : count;
  }
  int32_t getNbOutputChannels() const noexcept override { return wanted_ > 0 ? wanted_ : kernel_channels(); }
  void setKernelWeights(Weights weights) noexcept override {
    guarded(network_.reporter(), [&]() -> Status {
      const int64_t outputs = getNbOutputChannels();
      if (outputs < 1 || weights.count % outputs != 0)
        return invalid("layer '" + layer_->name + "': " + std::to_string(weights.count) + " weights do not fit " + std::to_string(outputs) +
                       " outputs");
      TRY(set_weights(1, weights, {outputs, weights.count / outputs}, "kernel"));
      wanted_ = 0;
      return Ok{};
    });
  }
  Weights getKernelWeights() const noexcept override { return weights_of(1); }
  void setBiasWeights(Weights weights) noexcept override {
    guarded(network_.reporter(), [&] { return set_weights(2, weights, {getNbOutputChannels()}, "bias"); });
  }
  Weights getBiasWeights() const noexcept override { return weights_of(2); }

 private:
  int32_t kernel_channels() const { return static_cast<int32_t>(current_inputs()[1]->type.dims[0].constant().value_or(0)); }
  int32_t wanted_ = 0;
};

}  // namespace

std::unique_ptr<LayerHandle> make_retired_facade(NetworkFacade& network, Layer* layer) {
  if (layer->as<FullyConnected>()) return std::make_unique<FullyConnectedFacade>(network, layer, LayerType::kFULLY_CONNECTED);
  return make_recurrent_facade(network, layer);
}

nvinfer1::IFullyConnectedLayer* NetworkFacade::addFullyConnected(ITensor& input, int32_t outputs, Weights kernel, Weights bias) noexcept {
  return guarded(reporter_, static_cast<nvinfer1::IFullyConnectedLayer*>(nullptr), [&]() -> Result<nvinfer1::IFullyConnectedLayer*> {
    if (outputs < 1 || kernel.count < 1 || kernel.count % outputs != 0)
      return invalid("addFullyConnected: " + std::to_string(kernel.count) + " weights do not fit " + std::to_string(outputs) + " outputs");
    TRY_ASSIGN(Array values, to_array(kernel, {outputs, kernel.count / outputs}).within("addFullyConnected"));
    std::vector<Tensor*> inputs{&core_tensor(input), network_->add_constant("kernel", std::move(values))};
    if (bias.count > 0) {
      TRY_ASSIGN(Array bias_values, to_array(bias, {outputs}).within("addFullyConnected"));
      inputs.push_back(network_->add_constant("bias", std::move(bias_values)));
    }
    return add<nvinfer1::IFullyConnectedLayer>(std::make_unique<FullyConnected>(), inputs, "Fully Connected");
  });
}

}  // namespace ingot::api
