// Generation 6: an IPluginV2IOExt that reads fp32 as it lies and gives HWC-ordered halves, between layers of the network.
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include <cstring>

#include "check.h"

using namespace nvinfer1;

namespace {

int attached = 0, detached = 0, runs = 0;

// y = 2 * x in fp16, channels innermost and padded to eight: y [H, W, 8]
class DoubleToHalf : public IPluginV2IOExt {
 public:
  DoubleToHalf() = default;
  DoubleToHalf(void const* data, std::size_t length) {
    CHECK(length == sizeof size_);
    std::memcpy(size_, data, sizeof size_);
  }
  int getNbOutputs() const override { return 1; }
  Dims getOutputDimensions(int, Dims const* inputs, int) override { return inputs[0]; }
  DataType getOutputDataType(int, DataType const*, int) const override { return DataType::kHALF; }
  bool isOutputBroadcastAcrossBatch(int, bool const*, int) const override { return false; }
  bool canBroadcastInputAcrossBatch(int) const override { return false; }
  bool supportsFormatCombination(int pos, PluginTensorDesc const* inOut, int nbInputs, int nbOutputs) const override {
    CHECK(nbInputs == 1 && nbOutputs == 1 && pos < 2);
    if (pos == 0) return inOut[0].type == DataType::kFLOAT && inOut[0].format == TensorFormat::kLINEAR;
    return inOut[1].type == DataType::kHALF && inOut[1].format == TensorFormat::kHWC8;
  }
  void configurePlugin(PluginTensorDesc const* in, int, PluginTensorDesc const* out, int) override {
    CHECK(in[0].type == DataType::kFLOAT && out[0].type == DataType::kHALF && out[0].format == TensorFormat::kHWC8);
    CHECK(in[0].dims.nbDims == 3);
    for (int d = 0; d < 3; ++d) size_[d] = in[0].dims.d[d];
  }
  void attachToContext(cudnnContext*, cublasContext*, IGpuAllocator*) override { ++attached; }
  void detachFromContext() override { ++detached; }
  int initialize() override { return 0; }
  void terminate() override {}
  std::size_t getWorkspaceSize(int) const override { return 0; }
  int enqueue(int batchSize, void const* const* inputs, void** outputs, void*, cudaStream_t) override {
    ++runs;
    auto const* x = static_cast<float const*>(inputs[0]);
    auto* y = static_cast<__half*>(outputs[0]);
    int const spots = size_[1] * size_[2], padded = (size_[0] + 7) / 8 * 8;
    for (int n = 0; n < batchSize; ++n) {
      for (int spot = 0; spot < spots; ++spot) {
        for (int c = 0; c < padded; ++c)
          y[(n * spots + spot) * padded + c] = __float2half(c < size_[0] ? 2 * x[(n * size_[0] + c) * spots + spot] : 0);
      }
    }
    return 0;
  }
  std::size_t getSerializationSize() const override { return sizeof size_; }
  void serialize(void* buffer) const override { std::memcpy(buffer, size_, sizeof size_); }
  char const* getPluginType() const override { return "DoubleToHalf"; }
  char const* getPluginVersion() const override { return "2"; }
  void destroy() override { delete this; }
  IPluginV2Ext* clone() const override { return new DoubleToHalf(*this); }
  void setPluginNamespace(char const* space) override { space_ = space; }
  char const* getPluginNamespace() const override { return space_.c_str(); }

 private:
  int size_[3] = {0, 0, 0};
  std::string space_ = "program";
};

class Creator : public IPluginCreator {
 public:
  char const* getPluginName() const override { return "DoubleToHalf"; }
  char const* getPluginVersion() const override { return "2"; }
  PluginFieldCollection const* getFieldNames() override { return &none_; }
  IPluginV2* createPlugin(char const*, PluginFieldCollection const*) override { return new DoubleToHalf; }
  IPluginV2* deserializePlugin(char const*, void const* data, std::size_t length) override { return new DoubleToHalf(data, length); }
  void setPluginNamespace(char const* space) override { space_ = space; }
  char const* getPluginNamespace() const override { return space_.c_str(); }

 private:
  PluginFieldCollection none_{0, nullptr};
  std::string space_;
};

}  // namespace

int main() {
  CHECK(getInferLibVersion() == NV_TENSORRT_VERSION);
  ShowingLogger logger;
  Creator creator;
  CHECK(getPluginRegistry()->registerCreator(creator, "program"));
  CHECK(!getPluginRegistry()->registerCreator(creator, "program"));  // taken
  CHECK(getPluginRegistry()->getPluginCreator("DoubleToHalf", "2", "") == nullptr);
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetworkV2(0);
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims3(3, 1, 2));
  DoubleToHalf plugin;
  // Which class it derives from, and the version that it was compiled with.
  CHECK(plugin.getTensorRTVersion() >> 24 == static_cast<int>(PluginVersion::kV2_IOEXT));
  CHECK((plugin.getTensorRTVersion() & 0xFFFFFF) == NV_TENSORRT_VERSION && creator.getTensorRTVersion() == NV_TENSORRT_VERSION);
  ITensor* relu = network->addActivation(*x, ActivationType::kRELU)->getOutput(0);
  IPluginV2Layer* layer = network->addPluginV2(&relu, 1, plugin);
  CHECK(layer != nullptr);
  CHECK(layer->getOutput(0)->getType() == DataType::kHALF);
  ITensor* sum = network->addElementWise(*layer->getOutput(0), *layer->getOutput(0), ElementWiseOperation::kSUM)->getOutput(0);
  sum->setName("y");
  network->markOutput(*sum);
  sum->setType(DataType::kHALF);
  builder->setMaxBatchSize(2);
  IBuilderConfig* config = builder->createBuilderConfig();
  config->setFlag(BuilderFlag::kFP16);
  ICudaEngine* built = builder->buildEngineWithConfig(*network, *config);
  CHECK(built != nullptr);
  IHostMemory* plan = built->serialize();
  built->destroy();
  config->destroy();
  network->destroy();
  builder->destroy();

  IRuntime* runtime = createInferRuntime(logger);
  ICudaEngine* engine = runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr);
  plan->destroy();
  CHECK(engine != nullptr);
  int const before_attached = attached, before_detached = detached;
  IExecutionContext* context = engine->createExecutionContext();
  CHECK(attached == before_attached + 1);
  std::vector<float> values{1, -2, 3, 4, -5, 6, 7, 8, 9, 10, 11, 12};
  std::vector<__half> result(12);
  void* buffers[2] = {values.data(), result.data()};
  runs = 0;
  for (int again = 0; again < 3; ++again) CHECK(context->execute(2, buffers));
  CHECK(runs == 3);
  std::vector<float> got, wanted;
  for (std::size_t i = 0; i < values.size(); ++i) {
    got.push_back(__half2float(result[i]));
    wanted.push_back(values[i] > 0 ? 4 * values[i] : 0);
  }
  check_values(got, wanted);
  context->destroy();
  CHECK(detached == before_detached + 1);
  engine->destroy();
  runtime->destroy();
  CHECK(attached == detached);
  return 0;
}
