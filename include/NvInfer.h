// Building: describe a network, or let a parser do it, and turn it into a plan or an engine.
//
//   nvinfer1::IBuilder* builder = nvinfer1::createInferBuilder(logger);
//   nvinfer1::INetworkDefinition* network = builder->createNetworkV2(0);
//   nvinfer1::ITensor* x = network->addInput("x", nvinfer1::DataType::kFLOAT, nvinfer1::Dims4(1, 3, 224, 224));
//   network->markOutput(*network->addActivation(*x, nvinfer1::ActivationType::kRELU)->getOutput(0));
//   nvinfer1::IBuilderConfig* config = builder->createBuilderConfig();
//   nvinfer1::IHostMemory* plan = builder->buildSerializedNetwork(*network, *config);
//
// Everything of NvInferRuntime.h is here too. Names that newer generations dropped stand at the end of their class, under "Retired".
#pragma once

#include "NvInferLegacyDims.h"
#include "NvInferRuntime.h"
#include "ingot/builder.h"
#include "ingot/builder_config.h"
#include "ingot/calibrators.h"
#include "ingot/layer.h"
#include "ingot/network.h"
#include "ingot/tensor.h"
#include "ingot/timing_cache.h"

namespace nvinfer1 {
namespace safe {
class IPluginRegistry;
}  // namespace safe

// The registry of creators for engines of a capability.
extern "C" TENSORRTAPI IPluginRegistry* getBuilderPluginRegistry(EngineCapability capability) noexcept;
extern "C" TENSORRTAPI safe::IPluginRegistry* getBuilderSafePluginRegistry(EngineCapability capability) noexcept;

// The folder of libraries that the builder loads on demand. Ingot loads none; true.
extern "C" TENSORRTAPI bool setInternalLibraryPath(AsciiChar const* path) noexcept;

}  // namespace nvinfer1
