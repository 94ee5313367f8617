// Generation 8: a plugin library that a registry loads and lets go, and a plugin that throws.
#include <cuda_runtime_api.h>

#include <memory>

#include "check.h"

using namespace nvinfer1;

namespace {

std::unique_ptr<IHostMemory> build(ShowingLogger& logger, IPluginCreator& creator, float offset) {
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(
      builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH)));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(1, 3));
  PluginField const field("offset", &offset, PluginFieldType::kFLOAT32, 1);
  PluginFieldCollection const fields{1, &field};
  IPluginV2* plugin = creator.createPlugin("offset", &fields);
  CHECK(plugin != nullptr);
  IPluginV2Layer* layer = network->addPluginV2(&x, 1, *plugin);
  plugin->destroy();
  CHECK(layer != nullptr);
  layer->getOutput(0)->setName("y");
  network->markOutput(*layer->getOutput(0));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  return std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

}  // namespace

int main(int, char** arguments) {
  ShowingLogger logger;
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  IPluginRegistry& registry = runtime->getPluginRegistry();
  std::string const path = std::string(arguments[1]) + "/program_v8_plugin_shared_library.so";
  IPluginRegistry::PluginLibraryHandle library = registry.loadLibrary(path.c_str());
  CHECK(library != nullptr);
  auto* creator = registry.getPluginCreator("Offset", "1", "shared");
  CHECK(creator != nullptr);
  // The registry is the runtime's own: the one of the process does not know the library.
  CHECK(getPluginRegistry()->getPluginCreator("Offset", "1", "shared") == nullptr);

  std::unique_ptr<IHostMemory> plan = build(logger, *creator, 0.5f);
  CHECK(plan != nullptr);
  {
    std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    CHECK(engine != nullptr);
    std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
    std::vector<float> x{1, 2, 3}, y(3);
    cudaStream_t stream;
    cudaStreamCreate(&stream);
    CHECK(context->setTensorAddress("x", x.data()) && context->setTensorAddress("y", y.data()));
    CHECK(context->enqueueV3(stream));
    cudaStreamSynchronize(stream);
    check_values(y, {1.5f, 2.5f, 3.5f});
    cudaStreamDestroy(stream);
  }
  // A plugin that throws is an error, not the end.
  logger.quiet = true;
  std::unique_ptr<IHostMemory> throwing = build(logger, *creator, 1000);
  CHECK(throwing != nullptr);
  {
    std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(throwing->data(), throwing->size()));
    CHECK(engine != nullptr);
    std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
    std::vector<float> x{1, 2, 3}, y(3);
    void* buffers[2] = {x.data(), y.data()};
    CHECK(!context->executeV2(buffers));
    CHECK(logger.errors.find("the offset is too large") != std::string::npos);
  }
  registry.deregisterLibrary(library);
  CHECK(registry.getPluginCreator("Offset", "1", "shared") == nullptr);
  CHECK(runtime->deserializeCudaEngine(plan->data(), plan->size()) == nullptr);
  CHECK(logger.errors.find("plugin 'Offset' version '1' of 'shared' has no creator") != std::string::npos);
  CHECK(registry.loadLibrary("not/there.so") == nullptr);
  CHECK(registry.loadLibrary(nullptr) == nullptr);
  return 0;
}
