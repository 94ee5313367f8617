// Generation 4: a Caffe model with two layers that the parser does not know; the program's factories, one of each kind, make them, and make
// them again for a plan.
#include <cuda_runtime_api.h>

#include <cstring>
#include <memory>

#include "NvCaffeParser.h"
#include "check.h"

using namespace nvinfer1;

namespace {

// y = factor * x, in the oldest form of a plugin.
class Scaling : public IPlugin {
 public:
  explicit Scaling(float factor) : factor_(factor) {}
  Scaling(void const* data, std::size_t length) {
    CHECK(length == sizeof(float) + sizeof(int));
    std::memcpy(&factor_, data, sizeof(float));
    std::memcpy(&count_, static_cast<char const*>(data) + sizeof(float), sizeof(int));
  }
  int getNbOutputs() const override { return 1; }
  Dims getOutputDimensions(int, Dims const* inputs, int) override { return inputs[0]; }
  void configure(Dims const* inputs, int, Dims const*, int, int) override { count_ = inputs[0].d[0] * inputs[0].d[1] * inputs[0].d[2]; }
  int initialize() override { return 0; }
  void terminate() override {}
  std::size_t getWorkspaceSize(int) const override { return 0; }
  int enqueue(int batchSize, void const* const* inputs, void** outputs, void*, cudaStream_t) override {
    for (int i = 0; i < batchSize * count_; ++i) static_cast<float*>(outputs[0])[i] = factor_ * static_cast<float const*>(inputs[0])[i];
    return 0;
  }
  std::size_t getSerializationSize() override { return sizeof(float) + sizeof(int); }
  void serialize(void* buffer) override {
    std::memcpy(buffer, &factor_, sizeof(float));
    std::memcpy(static_cast<char*>(buffer) + sizeof(float), &count_, sizeof(int));
  }

 private:
  float factor_ = 0;
  int count_ = 0;
};

// y = |x|, in the form that is told of formats.
class Absolute : public IPluginExt {
 public:
  Absolute() = default;
  Absolute(void const* data, std::size_t length) {
    CHECK(length == sizeof(int));
    std::memcpy(&count_, data, sizeof(int));
  }
  int getNbOutputs() const override { return 1; }
  Dims getOutputDimensions(int, Dims const* inputs, int) override { return inputs[0]; }
  bool supportsFormat(DataType type, PluginFormat format) const override {
    return type == DataType::kFLOAT && format == PluginFormat::kNCHW;
  }
  void configureWithFormat(Dims const* inputs, int, Dims const*, int, DataType, PluginFormat, int) override {
    count_ = inputs[0].d[0] * inputs[0].d[1] * inputs[0].d[2];
  }
  int initialize() override { return 0; }
  void terminate() override {}
  std::size_t getWorkspaceSize(int) const override { return 0; }
  int enqueue(int batchSize, void const* const* inputs, void** outputs, void*, cudaStream_t) override {
    for (int i = 0; i < batchSize * count_; ++i) static_cast<float*>(outputs[0])[i] = std::fabs(static_cast<float const*>(inputs[0])[i]);
    return 0;
  }
  std::size_t getSerializationSize() override { return sizeof(int); }
  void serialize(void* buffer) override { std::memcpy(buffer, &count_, sizeof(int)); }

 private:
  int count_ = 0;
};

// For the parser, and for plans.
class Factory : public nvcaffeparser1::IPluginFactoryExt, public nvinfer1::IPluginFactory {
 public:
  bool isPlugin(char const* layerName) override { return std::string(layerName) == "scaling" || isPluginExt(layerName); }
  bool isPluginExt(char const* layerName) override { return std::string(layerName) == "absolute"; }
  IPlugin* createPlugin(char const* layerName, Weights const* weights, int nbWeights) override {
    if (isPluginExt(layerName)) {
      CHECK(nbWeights == 0);
      return keep(new Absolute);
    }
    CHECK(isPlugin(layerName) && nbWeights == 1 && weights[0].count == 1);
    return keep(new Scaling(*static_cast<float const*>(weights[0].values)));
  }
  IPlugin* createPlugin(char const* layerName, void const* data, std::size_t length) override {
    if (isPluginExt(layerName)) return keep(new Absolute(data, length));
    return keep(new Scaling(data, length));
  }

 private:
  template <class Plugin>
  Plugin* keep(Plugin* plugin) {
    kept_.emplace_back(plugin, [](IPlugin* old) { delete static_cast<Plugin*>(old); });
    return plugin;
  }
  std::vector<std::shared_ptr<IPlugin>> kept_;
};

}  // namespace

int main() {
  ShowingLogger logger;
  Factory factory;
  CHECK(factory.getVersion() == NV_TENSORRT_VERSION && Absolute().getTensorRTVersion() == NV_TENSORRT_VERSION);
  std::string const deploy =
      "input: 'x' input_shape { dim: 1 dim: 1 dim: 1 dim: 4 }\n"
      "layer { name: 'scaling' type: 'Unheard' bottom: 'x' top: 'scaled' }\n"
      "layer { name: 'absolute' type: 'Unseen' bottom: 'scaled' top: 'y' }";
  // One blob [-2.5] for the layer 'scaling': name in field 1, floats in field 5 of the blob in field 7, of a layer in field 100.
  float const factor = -2.5f;
  std::string const model = std::string("\xa2\x06\x11\x0a\x07") + "scaling" + std::string("\x3a\x06\x2a\x04") +
                            std::string(reinterpret_cast<char const*>(&factor), sizeof factor);
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetwork();
  nvcaffeparser1::ICaffeParser* parser = nvcaffeparser1::createCaffeParser();
  parser->setPluginFactoryExt(&factory);
  nvcaffeparser1::IBlobNameToTensor const* blobs =
      parser->parseBuffers(deploy.data(), deploy.size(), model.data(), model.size(), *network, DataType::kFLOAT);
  CHECK(blobs == nullptr);  // 'scaling' is no plugin of the newer form
  parser->destroy();
  network->destroy();

  network = builder->createNetwork();
  parser = nvcaffeparser1::createCaffeParser();
  parser->setPluginFactory(&factory);
  parser->setPluginFactoryExt(&factory);
  parser->setProtobufBufferSize(1 << 20);
  blobs = parser->parseBuffers(deploy.data(), deploy.size(), model.data(), model.size(), *network, DataType::kFLOAT);
  CHECK(blobs != nullptr && blobs->find("y") != nullptr);
  network->markOutput(*blobs->find("y"));
  builder->setMaxBatchSize(2);
  ICudaEngine* built = builder->buildCudaEngine(*network);
  CHECK(built != nullptr);
  parser->destroy();
  network->destroy();
  builder->destroy();
  IHostMemory* plan = built->serialize();
  built->destroy();
  IRuntime* runtime = createInferRuntime(logger);
  ICudaEngine* engine = runtime->deserializeCudaEngine(plan->data(), plan->size(), &factory);
  CHECK(engine != nullptr);
  plan->destroy();
  IExecutionContext* context = engine->createExecutionContext();
  std::vector<float> x{1, -2, 3, -4, 5, -6, 7, -8}, y(8);
  void* buffers[2];
  buffers[engine->getBindingIndex("x")] = x.data();
  buffers[engine->getBindingIndex("y")] = y.data();
  CHECK(context->execute(2, buffers));
  check_values(y, {2.5f, 5, 7.5f, 10, 12.5f, 15, 17.5f, 20});
  context->destroy();
  engine->destroy();
  runtime->destroy();
  return 0;
}
