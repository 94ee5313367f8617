// Generation 10: nodes of an ONNX model become plugins where the registry has a creator of their name.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <memory>

#include "NvOnnxParser.h"
#include "check.h"
#include "onnx_message.h"

using namespace nvinfer1;

namespace {

// y = max(power(x), -x)
std::string model(char const* version) {
  using namespace onnx_message;
  return onnx_message::model(node("Power", "cube", {"x"}, {"p"},
                                  attribute("power", int64_t{3}) + attribute("plugin_version", version) + attribute("ignored", 2.5f)) +
                                 node("Neg", "", {"x"}, {"m"}) + node("Max", "", {"p", "m"}, {"y"}),
                             value(11, "x", {-1}), value(12, "y", {-1}));
}

}  // namespace

int main(int, char** arguments) {
  ShowingLogger logger;
  std::string const library = std::string(arguments[1]) + "/program_v10_plugin_v3_library.so";
  CHECK(getPluginRegistry()->loadLibrary(library.c_str()) != nullptr);
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, logger));
  std::string const bytes = model("1");
  bool const supported = parser->supportsModelV2(bytes.data(), bytes.size(), nullptr);
  for (int i = 0; i < parser->getNbErrors(); ++i) std::fprintf(stderr, "%s\n", parser->getError(i)->desc());
  CHECK(supported);
  CHECK(parser->parse(bytes.data(), bytes.size()));
  CHECK(network->getLayer(0)->getType() == LayerType::kPLUGIN_V3 && std::string(network->getLayer(0)->getName()) == "cube");
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  char const* libraries[] = {library.c_str()};
  config->setPluginsToSerialize(libraries, 1);
  CHECK(config->getNbPluginsToSerialize() == 1 && library == config->getPluginToSerialize(0));
  IOptimizationProfile* profile = builder->createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims{1, {1}});
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims{1, {4}});
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims{1, {8}});
  config->addOptimizationProfile(profile);
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  CHECK(plan != nullptr);

  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  runtime->setEngineHostCodeAllowed(true);
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  CHECK(engine != nullptr);
  // The plan named the library, and the runtime's registry has loaded it.
  int32_t own = 0;
  runtime->getPluginRegistry().getAllCreators(&own);
  CHECK(own == 4);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  std::vector<float> x{-3, -0.5f, 0, 2}, y(4);
  CHECK(context->setInputShape("x", Dims{1, {4}}) && context->setTensorAddress("x", x.data()) && context->setTensorAddress("y", y.data()));
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  CHECK(context->enqueueV3(stream));
  cudaStreamSynchronize(stream);
  cudaStreamDestroy(stream);
  check_values(y, {3, 0.5f, 0, 8});

  // Without a creator the node is an error that names it.
  logger.quiet = true;
  std::unique_ptr<INetworkDefinition> other(builder->createNetworkV2(0));
  std::unique_ptr<nvonnxparser::IParser> second(nvonnxparser::createParser(*other, logger));
  std::string const unknown = model("7");
  CHECK(!second->parse(unknown.data(), unknown.size()));
  CHECK(second->getNbErrors() == 1 && std::string(second->getError(0)->nodeOperator()) == "Power");
  // For other programs of this test.
  if (std::FILE* file = std::fopen((std::string(arguments[1]) + "/plugin.onnx").c_str(), "wb")) {
    CHECK(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    std::fclose(file);
  }
  return 0;
}
