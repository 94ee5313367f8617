// Generation 10: plugins of IPluginV3 from a library; tactics, sizes that the run tells, aliased outputs, shape inputs.
#include <cuda_runtime_api.h>

#include <memory>

#include "check.h"

using namespace nvinfer1;

namespace {

template <class T>
using Owned = std::unique_ptr<T>;

IPluginCreatorV3One& creator_of(char const* name) {
  IPluginCreatorInterface* creator = getPluginRegistry()->getCreator(name, "1", "");
  CHECK(creator != nullptr && std::string(creator->getInterfaceInfo().kind) == "PLUGIN CREATOR_V3ONE");
  return *static_cast<IPluginCreatorV3One*>(creator);
}

class Outputs : public IOutputAllocator {
 public:
  void* reallocateOutputAsync(char const*, void*, uint64_t size, uint64_t, cudaStream_t) override {
    memory.resize(size / sizeof(float) + 1);
    return memory.data();
  }
  void notifyShape(char const*, Dims const& dims) noexcept override { shape = dims; }
  std::vector<float> memory;
  Dims shape{};
};

// x [n] -> power = (x ^ 3 + 1), positive = those of x above 0, fitted [3, 2]
Owned<IHostMemory> build(ShowingLogger& logger) {
  Owned<IBuilder> builder(createInferBuilder(logger));
  Owned<INetworkDefinition> network(builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED)));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims{1, {-1}});
  int32_t const three = 3;
  PluginField const field("power", &three, PluginFieldType::kINT32, 1);
  PluginFieldCollection const fields{1, &field};
  Owned<IPluginV3> power(creator_of("Power").createPlugin("p", &fields, TensorRTPhase::kBUILD));
  CHECK(power != nullptr);
  IPluginV3Layer* cubed = network->addPluginV3(&x, 1, nullptr, 0, *power);
  CHECK(cubed != nullptr && cubed->getType() == LayerType::kPLUGIN_V3);
  ITensor* cube = cubed->getOutput(0);
  Owned<IPluginV3> increment(creator_of("Increment").createPlugin("i", nullptr, TensorRTPhase::kBUILD));
  ITensor* plus = network->addPluginV3(&cube, 1, nullptr, 0, *increment)->getOutput(0);
  plus->setName("power");
  network->markOutput(*plus);

  Owned<IPluginV3> positive(creator_of("Positive").createPlugin("q", nullptr, TensorRTPhase::kBUILD));
  IPluginV3Layer* above = network->addPluginV3(&x, 1, nullptr, 0, *positive);
  CHECK(above != nullptr && above->getNbOutputs() == 2);
  CHECK(above->getOutput(0)->getDimensions().d[0] == -1 && above->getOutput(1)->getDimensions().nbDims == 0);
  // What follows works on as many elements as there are.
  ITensor* doubled = network->addElementWise(*above->getOutput(0), *above->getOutput(0), ElementWiseOperation::kSUM)->getOutput(0);
  doubled->setName("positive");
  network->markOutput(*doubled);

  static int32_t const kShape[] = {3, 2};
  ITensor* shape = network->addConstant(Dims{1, {2}}, Weights{DataType::kINT32, kShape, 2})->getOutput(0);
  Owned<IPluginV3> fit(creator_of("Fit").createPlugin("f", nullptr, TensorRTPhase::kBUILD));
  IPluginV3Layer* fitted = network->addPluginV3(&x, 1, &shape, 1, *fit);
  CHECK(fitted != nullptr && fitted->getOutput(0)->getDimensions().nbDims == 2 && fitted->getOutput(0)->getDimensions().d[0] == 3);
  fitted->getOutput(0)->setName("fitted");
  network->markOutput(*fitted->getOutput(0));

  Owned<IBuilderConfig> config(builder->createBuilderConfig());
  IOptimizationProfile* profile = builder->createOptimizationProfile();
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims{1, {1}});
  profile->setDimensions("x", OptProfileSelector::kOPT, Dims{1, {4}});
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims{1, {8}});
  config->addOptimizationProfile(profile);
  return Owned<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

}  // namespace

int main(int, char** arguments) {
  ShowingLogger logger;
  std::string const path = std::string(arguments[1]) + "/program_v10_plugin_v3_library.so";
  IPluginRegistry* registry = getPluginRegistry();
  IPluginRegistry::PluginLibraryHandle library = registry->loadLibrary(path.c_str());
  CHECK(library != nullptr);
  int32_t count = 0;
  registry->getAllCreators(&count);
  CHECK(count == 4);
  Owned<IHostMemory> plan = build(logger);
  CHECK(plan != nullptr);

  Owned<IRuntime> runtime(createInferRuntime(logger));
  Owned<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  CHECK(engine != nullptr);
  // Two contexts, each with plugins of its own, with shapes that change in turns.
  Owned<IExecutionContext> contexts[2] = {Owned<IExecutionContext>(engine->createExecutionContext()),
                                          Owned<IExecutionContext>(engine->createExecutionContext())};
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  for (int32_t round = 0; round < 6; ++round) {
    IExecutionContext& context = *contexts[round % 2];
    int32_t const n = 3 + round;
    std::vector<float> x, power(static_cast<size_t>(n)), fitted(6), wanted_power, wanted_positive, wanted_fitted;
    for (int32_t i = 0; i < n; ++i) {
      x.push_back(static_cast<float>(i % 2 ? -i : i));
      wanted_power.push_back(x.back() * x.back() * x.back() + 1);
      if (x.back() > 0) wanted_positive.push_back(2 * x.back());
    }
    for (size_t i = 0; i < 6; ++i) wanted_fitted.push_back(x[i % x.size()]);
    Outputs positive;
    CHECK(context.setInputShape("x", Dims{1, {n}}));
    CHECK(context.setTensorAddress("x", x.data()) && context.setTensorAddress("power", power.data()) &&
          context.setTensorAddress("fitted", fitted.data()));
    CHECK(context.setOutputAllocator("positive", &positive));
    CHECK(context.enqueueV3(stream));
    cudaStreamSynchronize(stream);
    check_values(power, wanted_power, 1e-3f);
    check_values(fitted, wanted_fitted);
    CHECK(positive.shape.nbDims == 1 && positive.shape.d[0] == static_cast<int64_t>(wanted_positive.size()));
    positive.memory.resize(wanted_positive.size());
    check_values(positive.memory, wanted_positive);
  }
  cudaStreamDestroy(stream);
  // The same plan from the engine itself.
  Owned<IHostMemory> again(engine->serialize());
  CHECK(again != nullptr && again->size() == plan->size());
  return 0;
}
