// Generation 11: a Quick plugin, whose creator the registry of the process has, in a network with a free batch and from a node of an ONNX
// model; the plan is loaded by a runtime that makes it again from its fields.
#include <cuda_runtime_api.h>

#include <cstring>
#include <memory>
#include <vector>

#include "NvInfer.h"
#include "NvOnnxParser.h"
#include "check.h"
#include "impl/NvInferPythonPlugin.h"
#include "onnx_message.h"

using namespace nvinfer1;

namespace {

int runs = 0;
QuickPluginCreationRequest asked = QuickPluginCreationRequest::kUNKNOWN;

// y[i] = x[i] where |x[i]| > threshold, else 0
class HardShrink final : public IPluginV3, public IPluginV3QuickCore, public IPluginV3QuickBuild, public IPluginV3QuickRuntime {
 public:
  explicit HardShrink(float threshold) : threshold_(threshold) {}

  IPluginCapability* getCapabilityInterface(PluginCapabilityType type) override {
    switch (type) {
      case PluginCapabilityType::kCORE: return static_cast<IPluginV3QuickCore*>(this);
      case PluginCapabilityType::kBUILD: return static_cast<IPluginV3QuickBuild*>(this);
      case PluginCapabilityType::kRUNTIME: return static_cast<IPluginV3QuickRuntime*>(this);
    }
    return nullptr;
  }
  IPluginV3* clone() override { return new HardShrink(threshold_); }

  AsciiChar const* getPluginName() const override { return "HardShrink"; }
  AsciiChar const* getPluginVersion() const override { return "1"; }
  AsciiChar const* getPluginNamespace() const override { return "example"; }

  int32_t getNbOutputs() const override { return 1; }
  int32_t getOutputDataTypes(DataType* outputs, int32_t, DataType const* inputs, int32_t const*, int32_t) const override {
    outputs[0] = inputs[0];
    return 0;
  }
  int32_t getOutputShapes(DimsExprs const* inputs, int32_t, DimsExprs const*, int32_t, DimsExprs* outputs, int32_t,
                          IExprBuilder&) override {
    outputs[0] = inputs[0];
    return 0;
  }
  int32_t configurePlugin(DynamicPluginTensorDesc const*, int32_t, DynamicPluginTensorDesc const*, int32_t) override { return 0; }
  int32_t getNbSupportedFormatCombinations(DynamicPluginTensorDesc const*, int32_t, int32_t) override { return 1; }
  int32_t getSupportedFormatCombinations(DynamicPluginTensorDesc const*, int32_t inputs, int32_t outputs, PluginTensorDesc* combinations,
                                         int32_t) override {
    for (int32_t i = 0; i < inputs + outputs; ++i) {
      combinations[i].type = DataType::kFLOAT;
      combinations[i].format = TensorFormat::kLINEAR;
    }
    return 0;
  }

  int32_t enqueue(PluginTensorDesc const* in, PluginTensorDesc const*, void const* const* inputs, void* const* outputs,
                  Dims const* inStrides, Dims const*, int32_t, int32_t, cudaStream_t stream) override {
    ++runs;
    if (inStrides[0].d[in[0].dims.nbDims - 1] != 1) return 1;
    int64_t const count = in[0].dims.d[0] * in[0].dims.d[1];
    std::vector<float> values(count);
    cudaMemcpyAsync(values.data(), inputs[0], count * sizeof(float), cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    for (float& value : values) value = value > threshold_ || value < -threshold_ ? value : 0.0f;
    return cudaMemcpyAsync(outputs[0], values.data(), count * sizeof(float), cudaMemcpyHostToDevice, stream);
  }
  PluginFieldCollection const* getFieldsToSerialize() override {
    field_ = PluginField("threshold", &threshold_, PluginFieldType::kFLOAT32, 1);
    fields_.nbFields = 1;
    fields_.fields = &field_;
    return &fields_;
  }

 private:
  float threshold_;
  PluginField field_;
  PluginFieldCollection fields_{};
};

class HardShrinkCreator final : public IPluginCreatorV3Quick {
 public:
  IPluginV3* createPlugin(AsciiChar const*, AsciiChar const*, PluginFieldCollection const* fc, TensorRTPhase,
                          QuickPluginCreationRequest request) override {
    asked = request;
    for (int32_t i = 0; i < fc->nbFields; ++i) {
      if (!std::strcmp(fc->fields[i].name, "threshold")) return new HardShrink(*static_cast<float const*>(fc->fields[i].data));
    }
    return nullptr;
  }
  PluginFieldCollection const* getFieldNames() override { return &fields_; }
  AsciiChar const* getPluginName() const override { return "HardShrink"; }
  AsciiChar const* getPluginVersion() const override { return "1"; }
  AsciiChar const* getPluginNamespace() const override { return "example"; }

 private:
  PluginField field_{"threshold", nullptr, PluginFieldType::kFLOAT32, 1};
  PluginFieldCollection fields_{1, &field_};
};

std::unique_ptr<IHostMemory> build(IBuilder& builder, INetworkDefinition& network) {
  std::unique_ptr<IBuilderConfig> config(builder.createBuilderConfig());
  IOptimizationProfile* profile = builder.createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 3));
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(2, 3));
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(4, 3));
  config->addOptimizationProfile(profile);
  return std::unique_ptr<IHostMemory>(builder.buildSerializedNetwork(network, *config));
}

bool answers(ILogger& logger, IHostMemory const& plan) {
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan.data(), plan.size()));
  CHECK(engine != nullptr);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  cudaStream_t stream = nullptr;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  for (int64_t rows : {2, 4}) {
    std::vector<float> x(rows * 3), y(rows * 3);
    for (size_t i = 0; i < x.size(); ++i) x[i] = 0.25f * static_cast<float>(i) - 1.0f;
    void *in = nullptr, *out = nullptr;
    CHECK(cudaMalloc(&in, x.size() * sizeof(float)) == cudaSuccess && cudaMalloc(&out, x.size() * sizeof(float)) == cudaSuccess);
    CHECK(context->setInputShape("x", Dims2(rows, 3)));
    CHECK(context->setTensorAddress("x", in) && context->setTensorAddress("y", out));
    int const before = runs;
    cudaMemcpyAsync(in, x.data(), x.size() * sizeof(float), cudaMemcpyHostToDevice, stream);
    for (int time = 0; time < 2; ++time) CHECK(context->enqueueV3(stream));
    cudaMemcpyAsync(y.data(), out, y.size() * sizeof(float), cudaMemcpyDeviceToHost, stream);
    CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
    CHECK(runs == before + 2);
    for (size_t i = 0; i < x.size(); ++i) CHECK(y[i] == (x[i] > 0.6f || x[i] < -0.6f ? x[i] : 0.0f));
    cudaFree(in);
    cudaFree(out);
  }
  cudaStreamDestroy(stream);
  return true;
}

}  // namespace

int main() {
  ShowingLogger logger;
  HardShrinkCreator creator;
  CHECK(getPluginRegistry()->registerCreator(creator, "example"));
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));

  {
    auto* found = static_cast<IPluginCreatorV3Quick*>(getPluginRegistry()->getCreator("HardShrink", "1", "example"));
    CHECK(found != nullptr);
    float const threshold = 0.6f;
    PluginField const field("threshold", &threshold, PluginFieldType::kFLOAT32, 1);
    PluginFieldCollection const fields{1, &field};
    std::unique_ptr<IPluginV3> plugin(
        found->createPlugin("shrink", "example", &fields, TensorRTPhase::kBUILD, QuickPluginCreationRequest::kSTRICT_JIT));
    CHECK(plugin != nullptr);
    std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
    ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(-1, 3));
    IPluginV3Layer* layer = network->addPluginV3(&x, 1, nullptr, 0, *plugin);
    CHECK(layer != nullptr && layer->getType() == LayerType::kPLUGIN_V3);
    layer->getOutput(0)->setName("y");
    network->markOutput(*layer->getOutput(0));
    auto plan = build(*builder, *network);
    CHECK(plan != nullptr);
    CHECK(answers(logger, *plan));
  }
  {
    using namespace onnx_message;
    std::string const model = onnx_message::model(
        node("HardShrink", "shrink", {"x"}, {"y"}, attribute("threshold", 0.6f) + attribute("plugin_namespace", "example")),
        value(11, "x", {-1, 3}), value(12, "y", {-1, 3}));
    std::unique_ptr<INetworkDefinition> network(
        builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kPREFER_JIT_PYTHON_PLUGINS)));
    std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, logger));
    CHECK(parser->parse(model.data(), model.size()));
    CHECK(asked == QuickPluginCreationRequest::kPREFER_JIT);
    auto plan = build(*builder, *network);
    CHECK(plan != nullptr);
    CHECK(answers(logger, *plan));
  }
  return 0;
}
