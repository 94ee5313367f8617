// Generation 5: an IPluginV2 whose creator registers itself, in a network with an implicit batch.
#include <cuda_runtime_api.h>

#include <cstring>

#include "check.h"

using namespace nvinfer1;

namespace {

int alive = 0;

// y = min(max(x, low), high)
class Clip : public IPluginV2 {
 public:
  Clip(float low, float high) : low_(low), high_(high) { ++alive; }
  Clip(void const* data, std::size_t length) : Clip(0.0f, 0.0f) {
    CHECK(length == 3 * sizeof(float));
    std::memcpy(&low_, data, sizeof low_);
    std::memcpy(&high_, static_cast<char const*>(data) + 4, sizeof high_);
    std::memcpy(&count_, static_cast<char const*>(data) + 8, sizeof count_);
  }
  ~Clip() override { --alive; }
  int getNbOutputs() const override { return 1; }
  Dims getOutputDimensions(int, Dims const* inputs, int) override { return inputs[0]; }
  bool supportsFormat(DataType type, PluginFormat format) const override {
    return type == DataType::kFLOAT && format == PluginFormat::kNCHW;
  }
  void configureWithFormat(Dims const* inputs, int, Dims const*, int, DataType, PluginFormat, int maxBatchSize) override {
    CHECK(maxBatchSize == 2);
    count_ = 1;
    for (int d = 0; d < inputs[0].nbDims; ++d) count_ *= inputs[0].d[d];
  }
  int initialize() override { return 0; }
  void terminate() override {}
  std::size_t getWorkspaceSize(int) const override { return 0; }
  int enqueue(int batchSize, void const* const* inputs, void** outputs, void*, cudaStream_t) override {
    for (int i = 0; i < batchSize * count_; ++i) {
      float const x = static_cast<float const*>(inputs[0])[i];
      static_cast<float*>(outputs[0])[i] = x < low_ ? low_ : x > high_ ? high_ : x;
    }
    return 0;
  }
  std::size_t getSerializationSize() const override { return 3 * sizeof(float); }
  void serialize(void* buffer) const override {
    std::memcpy(buffer, &low_, 4);
    std::memcpy(static_cast<char*>(buffer) + 4, &high_, 4);
    std::memcpy(static_cast<char*>(buffer) + 8, &count_, 4);
  }
  char const* getPluginType() const override { return "ProgramClip"; }
  char const* getPluginVersion() const override { return "1"; }
  void destroy() override { delete this; }
  IPluginV2* clone() const override {
    Clip* copy = new Clip(low_, high_);
    copy->count_ = count_;
    return copy;
  }
  void setPluginNamespace(char const* space) override { space_ = space; }
  char const* getPluginNamespace() const override { return space_.c_str(); }

 private:
  float low_, high_;
  int count_ = 0;
  std::string space_;
};

class ClipCreator : public IPluginCreator {
 public:
  ClipCreator() {
    parameters_[0] = PluginField("low", nullptr, PluginFieldType::kFLOAT32, 1);
    parameters_[1] = PluginField("high", nullptr, PluginFieldType::kFLOAT32, 1);
    names_.nbFields = 2;
    names_.fields = parameters_;
  }
  char const* getPluginName() const override { return "ProgramClip"; }
  char const* getPluginVersion() const override { return "1"; }
  PluginFieldCollection const* getFieldNames() override { return &names_; }
  IPluginV2* createPlugin(char const*, PluginFieldCollection const* fc) override {
    float low = 0, high = 0;
    for (int i = 0; i < fc->nbFields; ++i) {
      if (!std::strcmp(fc->fields[i].name, "low")) low = *static_cast<float const*>(fc->fields[i].data);
      if (!std::strcmp(fc->fields[i].name, "high")) high = *static_cast<float const*>(fc->fields[i].data);
    }
    return new Clip(low, high);
  }
  IPluginV2* deserializePlugin(char const*, void const* data, std::size_t length) override { return new Clip(data, length); }
  void setPluginNamespace(char const* space) override { space_ = space; }
  char const* getPluginNamespace() const override { return space_.c_str(); }

 private:
  PluginField parameters_[2];
  PluginFieldCollection names_;
  std::string space_;
};
REGISTER_TENSORRT_PLUGIN(ClipCreator);

}  // namespace

int main() {
  ShowingLogger logger;
  int count = 0;
  getPluginRegistry()->getPluginCreatorList(&count);
  CHECK(count >= 1);
  IPluginCreator* creator = getPluginRegistry()->getPluginCreator("ProgramClip", "1", "");
  CHECK(creator != nullptr && creator->getFieldNames()->nbFields == 2);
  float low = -1, high = 1.5f;
  PluginField fields[] = {PluginField("low", &low, PluginFieldType::kFLOAT32, 1), PluginField("high", &high, PluginFieldType::kFLOAT32, 1)};
  PluginFieldCollection const parameters{2, fields};
  IPluginV2* plugin = creator->createPlugin("clip", &parameters);

  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetwork();
  ITensor* x = network->addInput("x", DataType::kFLOAT, DimsCHW(1, 1, 3));
  IPluginV2Layer* layer = network->addPluginV2(&x, 1, *plugin);
  plugin->destroy();  // the network has a copy
  CHECK(layer != nullptr && std::string(layer->getPlugin().getPluginType()) == "ProgramClip");
  layer->setName("clip");
  layer->getOutput(0)->setName("y");
  network->markOutput(*layer->getOutput(0));
  builder->setMaxBatchSize(2);
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  CHECK(engine != nullptr);
  network->destroy();
  builder->destroy();
  IHostMemory* plan = engine->serialize();
  engine->destroy();
  CHECK(alive == 0);

  IRuntime* runtime = createInferRuntime(logger);
  engine = runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr);
  CHECK(engine != nullptr);
  IExecutionContext* context = engine->createExecutionContext();
  std::vector<float> x_values{-3, 0, 1, 2, -0.5f, 9}, y_values(6);
  void* buffers[2] = {x_values.data(), y_values.data()};
  CHECK(context->execute(2, buffers));
  check_values(y_values, {-1, 0, 1, 1.5f, -0.5f, 1.5f});
  context->destroy();
  engine->destroy();
  CHECK(alive == 0);

  // A plan whose creator is gone is refused, and the log names the plugin.
  CHECK(getPluginRegistry()->deregisterCreator(*creator));
  logger.quiet = true;
  CHECK(runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr) == nullptr);
  CHECK(logger.errors.find("ProgramClip") != std::string::npos);
  plan->destroy();
  runtime->destroy();
  return 0;
}
