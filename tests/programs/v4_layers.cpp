// Generation 4: a small image classifier written layer by layer, with an implicit batch; half2 mode asked for where it is fast.
#include <cuda_runtime_api.h>

#include <algorithm>

#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int kMaps = 3, kSide = 6, kClasses = 4, kPooled = 2 * 2 * kMaps;

std::vector<float> numbers(std::size_t count, float step) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(static_cast<int>(i * 7 % 11) - 5) * step;
  return values;
}

std::vector<float> const kernel = numbers(kMaps * 9, 0.1f), bias = numbers(kMaps, 0.05f), matrix = numbers(kClasses * kPooled, 0.03f),
                         offset = numbers(kClasses, 0.2f);

Weights weights(std::vector<float> const& values) { return Weights{DataType::kFLOAT, values.data(), static_cast<int64_t>(values.size())}; }

// convolution 3x3, ReLU, pooling 2x2, fully connected, softmax
std::vector<float> reference(float const* image) {
  std::vector<float> pooled(kPooled, 0), scores(kClasses);
  for (int m = 0; m < kMaps; ++m) {
    for (int y = 0; y < kSide - 2; ++y) {
      for (int x = 0; x < kSide - 2; ++x) {
        float sum = bias[m];
        for (int i = 0; i < 3; ++i) {
          for (int j = 0; j < 3; ++j) sum += kernel[m * 9 + i * 3 + j] * image[(y + i) * kSide + x + j];
        }
        float& most = pooled[m * 4 + y / 2 * 2 + x / 2];
        most = std::max(most, sum);
      }
    }
  }
  float total = 0;
  for (int c = 0; c < kClasses; ++c) {
    float sum = offset[c];
    for (int i = 0; i < kPooled; ++i) sum += matrix[c * kPooled + i] * pooled[i];
    total += scores[c] = std::exp(sum);
  }
  for (float& score : scores) score /= total;
  return scores;
}

}  // namespace

int main() {
  CHECK(getInferLibVersion() == NV_TENSORRT_VERSION);
  ShowingLogger logger;
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetwork();
  ITensor* data = network->addInput("data", DataType::kFLOAT, DimsCHW(1, kSide, kSide));
  IConvolutionLayer* convolution = network->addConvolution(*data, kMaps, DimsHW(3, 3), weights(kernel), weights(bias));
  convolution->setStride(DimsHW(1, 1));
  convolution->setName("convolution");
  IActivationLayer* relu = network->addActivation(*convolution->getOutput(0), ActivationType::kRELU);
  IPoolingLayer* pool = network->addPooling(*relu->getOutput(0), PoolingType::kMAX, DimsHW(2, 2));
  pool->setStride(DimsHW(2, 2));
  IFullyConnectedLayer* full = network->addFullyConnected(*pool->getOutput(0), kClasses, weights(matrix), weights(offset));
  ISoftMaxLayer* softmax = network->addSoftMax(*full->getOutput(0));
  softmax->getOutput(0)->setName("prob");
  network->markOutput(*softmax->getOutput(0));
  builder->setMaxBatchSize(3);
  builder->setMaxWorkspaceSize(16 << 20);
  builder->setMinFindIterations(2);
  if (builder->platformHasFastFp16()) builder->setHalf2Mode(true);
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  CHECK(engine != nullptr && engine->getNbBindings() == 2 && engine->getMaxBatchSize() == 3);
  CHECK(engine->getBindingDimensions(0).nbDims == 3 && engine->getBindingDimensions(0).d[2] == kSide);
  network->destroy();
  builder->destroy();

  IExecutionContext* context = engine->createExecutionContext();
  for (int batch = 1; batch <= 3; ++batch) {
    std::vector<float> const images = numbers(static_cast<std::size_t>(batch) * kSide * kSide, 0.3f);
    std::vector<float> got(static_cast<std::size_t>(batch) * kClasses), wanted;
    void* buffers[2];
    cudaMalloc(&buffers[engine->getBindingIndex("data")], images.size() * sizeof(float));
    cudaMalloc(&buffers[engine->getBindingIndex("prob")], got.size() * sizeof(float));
    cudaMemcpy(buffers[0], images.data(), images.size() * sizeof(float), cudaMemcpyHostToDevice);
    CHECK(context->execute(batch, buffers));
    cudaMemcpy(got.data(), buffers[1], got.size() * sizeof(float), cudaMemcpyDeviceToHost);
    for (int n = 0; n < batch; ++n) {
      std::vector<float> const one = reference(images.data() + n * kSide * kSide);
      wanted.insert(wanted.end(), one.begin(), one.end());
    }
    check_values(got, wanted, 2e-3f);
    cudaFree(buffers[0]);
    cudaFree(buffers[1]);
  }
  // More rows than the engine was built for.
  logger.quiet = true;
  void* none[2] = {nullptr, nullptr};
  CHECK(!context->execute(4, none));
  context->destroy();
  engine->destroy();
  return 0;
}
