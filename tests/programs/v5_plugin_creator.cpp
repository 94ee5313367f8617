// Generation 5: an IPluginV2 whose creator registers itself, in a network with an implicit batch.
#include <cuda_runtime_api.h>

#include <cstring>

#include "check.h"
#include "v5_clip_plugin.h"

using namespace nvinfer1;

int main() {
  CHECK(getInferLibVersion() == NV_TENSORRT_VERSION);
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
  CHECK(plugin != nullptr && plugin->getTensorRTVersion() >> 24 == 0 && creator->getTensorRTVersion() == NV_TENSORRT_VERSION);

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
