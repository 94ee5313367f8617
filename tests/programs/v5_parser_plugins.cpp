// Generation 5: plugins in Caffe models by a factory, and in UFF models by the registry.
#include <cuda_runtime_api.h>

#include <cstring>

#include "NvCaffeParser.h"
#include "NvUffParser.h"
#include "check.h"
#include "v5_clip_plugin.h"

using namespace nvinfer1;

namespace {

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
