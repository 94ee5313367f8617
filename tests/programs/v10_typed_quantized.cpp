// Generation 10: a strongly typed network with quantize and dequantize layers, casts to fp16 and weights that the program names; the types
// of tensors follow from the layers alone.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <memory>

#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int64_t kRows = 4, kIn = 32, kOut = 6;
constexpr float kStep = 1.0f / 64;

float number(int64_t i) { return static_cast<float>(i * 29 % 101 - 50) / 64; }

}  // namespace

int main() {
  ShowingLogger logger;
  std::vector<float> matrix, x;
  for (int64_t i = 0; i < kOut * kIn; ++i) matrix.push_back(number(i * 5 + 1) / 2);
  for (int64_t i = 0; i < kRows * kIn; ++i) x.push_back(number(i * 3 + 2) * 1.5f);
  std::vector<float> steps(kOut, 1.0f / 128);
  float const step = kStep;

  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(
      builder->createNetworkV2(1U << static_cast<uint32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED)));
  ITensor* input = network->addInput("x", DataType::kFLOAT, Dims2{kRows, kIn});
  ITensor* scale = network->addConstant(Dims{0, {}}, Weights{DataType::kFLOAT, &step, 1})->getOutput(0);
  ITensor* scales = network->addConstant(Dims{1, {kOut}}, Weights{DataType::kFLOAT, steps.data(), kOut})->getOutput(0);
  IConstantLayer* weights = network->addConstant(Dims2{kOut, kIn}, Weights{DataType::kFLOAT, matrix.data(), kOut * kIn});
  CHECK(network->setWeightsName(weights->getWeights(), "matrix"));

  IQuantizeLayer* q = network->addQuantize(*input, *scale, DataType::kINT8);
  CHECK(q->getOutput(0)->getType() == DataType::kINT8);
  IDequantizeLayer* dq = network->addDequantize(*q->getOutput(0), *scale, DataType::kFLOAT);
  IQuantizeLayer* qw = network->addQuantize(*weights->getOutput(0), *scales, DataType::kINT8);
  qw->setAxis(0);
  IDequantizeLayer* dqw = network->addDequantize(*qw->getOutput(0), *scales, DataType::kFLOAT);
  dqw->setAxis(0);
  CHECK(qw->getAxis() == 0 && dqw->getToType() == DataType::kFLOAT);
  IMatrixMultiplyLayer* product =
      network->addMatrixMultiply(*dq->getOutput(0), MatrixOperation::kNONE, *dqw->getOutput(0), MatrixOperation::kTRANSPOSE);
  ICastLayer* half = network->addCast(*product->getOutput(0), DataType::kHALF);
  CHECK(half->getToType() == DataType::kHALF && half->getOutput(0)->getType() == DataType::kHALF);
  IActivationLayer* relu = network->addActivation(*half->getOutput(0), ActivationType::kRELU);
  CHECK(relu->getOutput(0)->getType() == DataType::kHALF);
  ITensor* y = network->addCast(*relu->getOutput(0), DataType::kFLOAT)->getOutput(0);
  y->setName("y");
  network->markOutput(*y);
  ITensor* bytes = q->getOutput(0);
  bytes->setName("bytes");
  network->markOutput(*bytes);

  // Types that do not fit are refused at once: nothing is converted in such a network.
  logger.quiet = true;
  CHECK(network->addElementWise(*half->getOutput(0), *product->getOutput(0), ElementWiseOperation::kSUM) == nullptr);
  CHECK(!logger.errors.empty());
  logger.quiet = false;

  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  CHECK(plan != nullptr);
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  CHECK(engine != nullptr && engine->getTensorDataType("bytes") == DataType::kINT8);
  CHECK(engine->getTensorDataType("y") == DataType::kFLOAT);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  std::vector<float> got(kRows * kOut);
  std::vector<int8_t> quantized(kRows * kIn);
  CHECK(context->setTensorAddress("x", x.data()) && context->setTensorAddress("y", got.data()));
  CHECK(context->setTensorAddress("bytes", quantized.data()));
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  CHECK(context->enqueueV3(stream) && cudaStreamSynchronize(stream) == cudaSuccess);
  cudaStreamDestroy(stream);

  std::vector<float> wanted(kRows * kOut);
  auto const quantize = [](float value, float by) { return std::min(127.0f, std::max(-128.0f, std::nearbyint(value / by))); };
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(static_cast<float>(quantized[i]) == quantize(x[i], kStep));
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t o = 0; o < kOut; ++o) {
      float sum = 0;
      for (int64_t k = 0; k < kIn; ++k)
        sum +=
            quantize(x[static_cast<std::size_t>(r * kIn + k)], kStep) * quantize(matrix[static_cast<std::size_t>(o * kIn + k)], steps[0]);
      wanted[static_cast<std::size_t>(r * kOut + o)] = std::max(0.0f, sum * kStep * steps[0]);
    }
  }
  check_values(got, wanted, 2e-3f);  // the sums pass through fp16
  return 0;
}
