// Generation 8: an algorithm selector that writes down what a build took and has it taken again; a timing cache beside it.
#include <cuda_runtime_api.h>

#include <map>
#include <memory>

#include "check.h"

using namespace nvinfer1;

namespace {

class Selector : public IAlgorithmSelector {
 public:
  int32_t selectAlgorithms(IAlgorithmContext const& context, IAlgorithm const* const* choices, int32_t nbChoices,
                           int32_t* selection) noexcept override {
    ++asked;
    for (int32_t i = 0; i < nbChoices; ++i) {
      CHECK(choices[i]->getTimingMSec() >= 0 && choices[i]->getAlgorithmIOInfoByIndex(100) == nullptr);
      IAlgorithmIOInfo const& input = choices[i]->getAlgorithmIOInfo(0);
      CHECK(input.getDataType() == DataType::kFLOAT && input.getVectorizedDim() >= -1 && input.getComponentsPerElement() != 0);
    }
    auto const known = taken.find(context.getName());
    if (known == taken.end()) {
      for (int32_t i = 0; i < nbChoices; ++i) selection[i] = i;
      return nbChoices;
    }
    for (int32_t i = 0; i < nbChoices; ++i) {
      if (choices[i]->getAlgorithmVariant().getImplementation() == known->second.first &&
          choices[i]->getAlgorithmVariant().getTactic() == known->second.second) {
        selection[0] = i;
        ++found;
        return 1;
      }
    }
    return 0;
  }
  void reportAlgorithms(IAlgorithmContext const* const* contexts, IAlgorithm const* const* choices,
                        int32_t nbAlgorithms) noexcept override {
    for (int32_t i = 0; i < nbAlgorithms; ++i)
      taken[contexts[i]->getName()] = {choices[i]->getAlgorithmVariant().getImplementation(),
                                       choices[i]->getAlgorithmVariant().getTactic()};
  }
  std::map<std::string, std::pair<int64_t, int64_t>> taken;
  int asked = 0, found = 0;
};

std::unique_ptr<IHostMemory> build(ShowingLogger& logger, Selector& selector, std::vector<char>& timings) {
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(
      builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kEXPLICIT_BATCH)));
  ITensor* x = network->addInput("x", DataType::kFLOAT, Dims4(1, 8, 8, 8));
  static std::vector<float> const kernel(8 * 8 * 9, 0.125f);
  IConvolutionLayer* convolution = network->addConvolutionNd(*x, 8, DimsHW(3, 3), Weights{DataType::kFLOAT, kernel.data(), 8 * 8 * 9},
                                                             Weights{DataType::kFLOAT, nullptr, 0});
  convolution->setPaddingNd(DimsHW(1, 1));
  convolution->setName("convolution");
  ISoftMaxLayer* softmax = network->addSoftMax(*convolution->getOutput(0));
  softmax->setName("softmax");
  softmax->getOutput(0)->setName("y");
  network->markOutput(*softmax->getOutput(0));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  config->setAlgorithmSelector(&selector);
  std::unique_ptr<ITimingCache> cache(config->createTimingCache(timings.data(), timings.size()));
  CHECK(cache != nullptr && config->setTimingCache(*cache, false));
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  std::unique_ptr<IHostMemory> blob(cache->serialize());
  timings.assign(static_cast<char const*>(blob->data()), static_cast<char const*>(blob->data()) + blob->size());
  return plan;
}

}  // namespace

int main() {
  CHECK(getInferLibVersion() == NV_TENSORRT_VERSION);
  ShowingLogger logger;
  Selector selector;
  std::vector<char> timings;
  std::unique_ptr<IHostMemory> const first = build(logger, selector, timings);
  CHECK(first != nullptr && selector.asked >= 2 && selector.taken.size() >= 2 && selector.found == 0);
  selector.asked = 0;
  auto const before = selector.taken;
  std::unique_ptr<IHostMemory> const second = build(logger, selector, timings);
  CHECK(second != nullptr && selector.found == selector.asked);
  CHECK(selector.taken == before);
  return 0;
}
