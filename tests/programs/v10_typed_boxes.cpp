// Generation 10: a strongly typed detector's tail. Boxes over a threshold are chosen with NonZero and gathered, so only the run knows how
// many there are: an IOutputAllocator gets the memory, and a shape tensor says the limit of a slice.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <memory>

#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int64_t kBoxes = 12;

class GrowingOutput : public IOutputAllocator {
 public:
  ~GrowingOutput() override { cudaFree(memory); }
  void* reallocateOutputAsync(char const* tensorName, void*, uint64_t size, uint64_t alignment, cudaStream_t) noexcept override {
    CHECK(std::string(tensorName) == "chosen" && alignment > 0);
    if (size > capacity) {
      cudaFree(memory);
      memory = nullptr;
      if (cudaMalloc(&memory, size) != cudaSuccess) return nullptr;
      capacity = size;
    }
    return memory;
  }
  void notifyShape(char const* tensorName, Dims const& dims) noexcept override {
    CHECK(std::string(tensorName) == "chosen" && dims.nbDims == 2 && dims.d[1] == 4);
    rows = dims.d[0];
  }
  void* memory = nullptr;
  uint64_t capacity = 0;
  int64_t rows = -1;
};

}  // namespace

int main() {
  ShowingLogger logger;
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(
      builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED)));
  ITensor* boxes = network->addInput("boxes", DataType::kFLOAT, Dims2{-1, 4});
  ITensor* scores = network->addInput("scores", DataType::kFLOAT, Dims{1, {-1}});
  ITensor* threshold = network->addInput("threshold", DataType::kFLOAT, Dims{1, {1}});
  boxes->setDimensionName(0, "n");
  scores->setDimensionName(0, "n");
  CHECK(std::string(scores->getDimensionName(0)) == "n");
  ITensor* over = network->addElementWise(*scores, *threshold, ElementWiseOperation::kGREATER)->getOutput(0);
  CHECK(over->getType() == DataType::kBOOL);
  INonZeroLayer* places = network->addNonZero(*over, DataType::kINT32);  // [1, count]
  IShuffleLayer* flat = network->addShuffle(*places->getOutput(0));
  flat->setReshapeDimensions(Dims{1, {-1}});
  ITensor* chosen = network->addGather(*boxes, *flat->getOutput(0), 0)->getOutput(0);
  chosen->setName("chosen");
  network->markOutput(*chosen);

  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  IOptimizationProfile* profile = builder->createOptimizationProfile();
  OptProfileSelector const which[] = {OptProfileSelector::kMIN, OptProfileSelector::kOPT, OptProfileSelector::kMAX};
  int64_t const sizes[] = {1, 8, kBoxes};
  for (int i = 0; i < 3; ++i) {
    CHECK(profile->setDimensions("boxes", which[i], Dims2{sizes[i], 4}));
    CHECK(profile->setDimensions("scores", which[i], Dims{1, {sizes[i]}}));
  }
  CHECK(profile->isValid() && config->addOptimizationProfile(profile) == 0);
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  CHECK(plan != nullptr);
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  CHECK(engine != nullptr && engine->getTensorShape("chosen").d[0] == -1);

  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  GrowingOutput output;
  CHECK(context->setOutputAllocator("chosen", &output) && context->getOutputAllocator("chosen") == &output);
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  for (int64_t n : {1, 12, 5, 9}) {
    std::vector<float> all, score;
    for (int64_t i = 0; i < n; ++i) {
      score.push_back(static_cast<float>((i * 7 + n) % 10) / 10);
      for (int64_t c = 0; c < 4; ++c) all.push_back(static_cast<float>(i * 4 + c));
    }
    for (float limit : {0.45f, 0.0f, 2.0f}) {
      CHECK(context->setInputShape("boxes", Dims2{n, 4}) && context->setInputShape("scores", Dims{1, {n}}));
      CHECK(context->setTensorAddress("boxes", all.data()) && context->setTensorAddress("scores", score.data()));
      CHECK(context->setTensorAddress("threshold", &limit));
      output.rows = -1;
      CHECK(context->enqueueV3(stream) && cudaStreamSynchronize(stream) == cudaSuccess);
      std::vector<float> wanted;
      for (int64_t i = 0; i < n; ++i) {
        if (score[static_cast<std::size_t>(i)] > limit) wanted.insert(wanted.end(), all.begin() + i * 4, all.begin() + i * 4 + 4);
      }
      CHECK(output.rows * 4 == static_cast<int64_t>(wanted.size()));
      std::vector<float> got(wanted.size());
      if (!got.empty()) cudaMemcpy(got.data(), output.memory, got.size() * sizeof(float), cudaMemcpyDeviceToHost);
      check_values(got, wanted, 0);
    }
  }
  // Dimensions of one name have one size.
  logger.quiet = true;
  std::vector<float> all(kBoxes * 4), score(kBoxes);
  float limit = 0;
  CHECK(context->setTensorAddress("boxes", all.data()) && context->setTensorAddress("scores", score.data()));
  CHECK(context->setTensorAddress("threshold", &limit));
  bool const taken = context->setInputShape("boxes", Dims2{3, 4}) && context->setInputShape("scores", Dims{1, {4}});
  CHECK(!taken || !context->enqueueV3(stream));
  cudaStreamDestroy(stream);
  return 0;
}
