// Generation 8: a creator that can tell whether the state of its plugins is whole, asked by the consistency checker.
#include <cstring>
#include <memory>

#include "NvInfer.h"
#include "NvInferConsistency.h"
#include "check.h"

using namespace nvinfer1;

namespace {

// y = gain * x
class Gain final : public IPluginV2DynamicExt {
 public:
  explicit Gain(float gain) : gain_(gain) {}
  int32_t getNbOutputs() const noexcept override { return 1; }
  DataType getOutputDataType(int32_t, DataType const* types, int32_t) const noexcept override { return types[0]; }
  DimsExprs getOutputDimensions(int32_t, DimsExprs const* inputs, int32_t, IExprBuilder&) noexcept override { return inputs[0]; }
  bool supportsFormatCombination(int32_t pos, PluginTensorDesc const* inOut, int32_t, int32_t) noexcept override {
    return inOut[pos].type == DataType::kFLOAT && inOut[pos].format == TensorFormat::kLINEAR;
  }
  void configurePlugin(DynamicPluginTensorDesc const*, int32_t, DynamicPluginTensorDesc const*, int32_t) noexcept override {}
  size_t getWorkspaceSize(PluginTensorDesc const*, int32_t, PluginTensorDesc const*, int32_t) const noexcept override { return 0; }
  int32_t enqueue(PluginTensorDesc const*, PluginTensorDesc const*, void const* const*, void* const*, void*,
                  cudaStream_t) noexcept override {
    return 0;
  }
  int32_t initialize() noexcept override { return 0; }
  void terminate() noexcept override {}
  size_t getSerializationSize() const noexcept override { return sizeof gain_; }
  void serialize(void* buffer) const noexcept override { std::memcpy(buffer, &gain_, sizeof gain_); }
  AsciiChar const* getPluginType() const noexcept override { return "Gain"; }
  AsciiChar const* getPluginVersion() const noexcept override { return "1"; }
  void destroy() noexcept override { delete this; }
  IPluginV2DynamicExt* clone() const noexcept override { return new Gain(gain_); }
  void setPluginNamespace(AsciiChar const*) noexcept override {}
  AsciiChar const* getPluginNamespace() const noexcept override { return ""; }

 private:
  float gain_;
};

class GainCreator final : public consistency::IPluginChecker {
 public:
  AsciiChar const* getPluginName() const noexcept override { return "Gain"; }
  AsciiChar const* getPluginVersion() const noexcept override { return "1"; }
  PluginFieldCollection const* getFieldNames() noexcept override { return &none_; }
  IPluginV2* createPlugin(AsciiChar const*, PluginFieldCollection const*) noexcept override { return new Gain(2); }
  IPluginV2* deserializePlugin(AsciiChar const*, void const*, size_t) noexcept override { return new Gain(2); }
  void setPluginNamespace(AsciiChar const*) noexcept override {}
  AsciiChar const* getPluginNamespace() const noexcept override { return ""; }
  bool validate(char const* name, void const* state, size_t length, PluginTensorDesc const* in, size_t nbInputs,
                PluginTensorDesc const* out, size_t nbOutputs, int64_t workspace) const noexcept override {
    CHECK(std::strcmp(name, "gain") == 0 && length == sizeof(float) && workspace == 0);
    CHECK(nbInputs == 1 && nbOutputs == 1 && in[0].dims.nbDims == 2 && in[0].dims.d[1] == 3);
    CHECK(out[0].type == DataType::kFLOAT && out[0].format == TensorFormat::kLINEAR);
    float gain = 0;
    std::memcpy(&gain, state, sizeof gain);
    return gain < 10;
  }

 private:
  PluginFieldCollection none_{0, nullptr};
};

}  // namespace

int main() {
  ShowingLogger logger;
  logger.quiet = true;
  GainCreator creator;
  CHECK(getPluginRegistry()->registerCreator(creator, ""));
  for (float gain : {2.0f, 20.0f}) {
    std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
    std::unique_ptr<INetworkDefinition> network(
        builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH)));
    ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(2, 3));
    Gain plugin(gain);
    IPluginV2Layer* layer = network->addPluginV2(&x, 1, plugin);
    layer->setName("gain");
    network->markOutput(*layer->getOutput(0));
    std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
    std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
    CHECK(plan != nullptr);
    std::unique_ptr<consistency::IConsistencyChecker> checker(consistency::createConsistencyChecker(logger, plan->data(), plan->size()));
    CHECK(checker != nullptr);
    CHECK(checker->validate() == (gain < 10));
  }
  CHECK(logger.errors.find("its creator refuses the state") != std::string::npos);
  return 0;
}
