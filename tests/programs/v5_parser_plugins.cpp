// Generation 5: plugins in Caffe models by a factory, and in UFF models by the registry.
#include <cuda_runtime_api.h>

#include <cstring>

#include "NvCaffeParser.h"
#include "NvUffParser.h"
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


// Clips to the two numbers of the layer's blob. The plugin stays the factory's.
class Factory : public nvcaffeparser1::IPluginFactoryV2 {
 public:
  ~Factory() override { delete made_; }
  bool isPluginV2(char const* layerName) override { return !std::strcmp(layerName, "clip"); }
  IPluginV2* createPlugin(char const* layerName, Weights const* weights, int nbWeights, char const* libNamespace) override {
    CHECK(!std::strcmp(layerName, "clip") && !std::strcmp(libNamespace, "mine"));
    CHECK(nbWeights == 1 && weights[0].count == 2 && weights[0].type == DataType::kFLOAT);
    float const* values = static_cast<float const*>(weights[0].values);
    return made_ = new Clip(values[0], values[1]);
  }

 private:
  Clip* made_ = nullptr;
};

std::vector<float> run(IBuilder& builder, INetworkDefinition& network) {
  builder.setMaxBatchSize(2);
  ICudaEngine* engine = builder.buildCudaEngine(network);
  CHECK(engine != nullptr);
  IExecutionContext* context = engine->createExecutionContext();
  std::vector<float> x_values{-3, 0, 1, 2, -0.5f, 9}, y_values(6);
  void* buffers[2] = {};
  buffers[engine->getBindingIndex("x")] = x_values.data();
  buffers[engine->getBindingIndex("y")] = y_values.data();
  CHECK(context->execute(2, buffers));
  context->destroy();
  engine->destroy();
  return y_values;
}

}  // namespace

int main(int, char** arguments) {
  ShowingLogger logger;
  IBuilder* builder = createInferBuilder(logger);

  // The layer's blob is [-1, 1.5]: name in field 1, floats in field 5 of the blob in field 7, of a layer in field 100.
  std::string const deploy =
      "input: 'x' input_shape { dim: 1 dim: 1 dim: 1 dim: 3 } layer { name: 'clip' type: 'Unheard' bottom: 'x' top: 'y' }";
  float const blob[] = {-1, 1.5f};
  std::string const model = std::string("\xa2\x06\x12\x0a\x04") + "clip" + std::string("\x3a\x0a\x2a\x08") +
                            std::string(reinterpret_cast<char const*>(blob), sizeof blob);
  {
    Factory factory;
    INetworkDefinition* network = builder->createNetwork();
    nvcaffeparser1::ICaffeParser* parser = nvcaffeparser1::createCaffeParser();
    parser->setPluginFactoryV2(&factory);
    parser->setPluginNamespace("mine");
    nvcaffeparser1::IBlobNameToTensor const* blobs =
        parser->parseBuffers(deploy.data(), deploy.size(), model.data(), model.size(), *network, DataType::kFLOAT);
    CHECK(blobs != nullptr);
    CHECK(!std::strcmp(network->getLayer(0)->getName(), "clip"));
    network->markOutput(*blobs->find("y"));
    check_values(run(*builder, *network), {-1, 0, 1, 1.5f, -0.5f, 1.5f});
    parser->destroy();
    network->destroy();
  }
  CHECK(alive == 0);

  INetworkDefinition* network = builder->createNetwork();
  nvuffparser::IUffParser* parser = nvuffparser::createUffParser();
  CHECK(parser->registerInput("x", DimsCHW(1, 1, 3), nvuffparser::UffInputOrder::kNHWC));
  CHECK(parser->registerOutput("y"));
  CHECK(parser->parse((std::string(arguments[2]) + "/tests/fuzz/corpus/uff/plugin.uff").c_str(), *network, DataType::kFLOAT));
  check_values(run(*builder, *network), {-1, 0, 1, 1.5f, -0.5f, 1.5f});
  parser->destroy();
  network->destroy();
  builder->destroy();
  CHECK(alive == 0);
  return 0;
}
