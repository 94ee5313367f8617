// What a user of an installed Ingot writes: builds a network of one layer, runs it on a stream, and checks the answer.
#include <NvInfer.h>
#include <NvInferVersion.h>
#include <NvOnnxParser.h>
#include <cuda_runtime_api.h>

#include <cstdio>
#include <memory>

class Logger : public nvinfer1::ILogger {
  void log(Severity severity, char const* message) noexcept override {
    if (severity <= Severity::kWARNING) std::printf("%s\n", message);
  }
};

int main() {
  Logger logger;
  std::unique_ptr<nvinfer1::IBuilder> builder(nvinfer1::createInferBuilder(logger));
  std::unique_ptr<nvinfer1::INetworkDefinition> network(builder->createNetworkV2(1U));
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, logger));
  nvinfer1::ITensor* x = network->addInput("x", nvinfer1::DataType::kFLOAT, nvinfer1::Dims2{1, 4});
  nvinfer1::ITensor* y = network->addActivation(*x, nvinfer1::ActivationType::kRELU)->getOutput(0);
  y->setName("y");
  network->markOutput(*y);
  std::unique_ptr<nvinfer1::IBuilderConfig> config(builder->createBuilderConfig());
  std::unique_ptr<nvinfer1::IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  std::unique_ptr<nvinfer1::IRuntime> runtime(nvinfer1::createInferRuntime(logger));
  std::unique_ptr<nvinfer1::ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  std::unique_ptr<nvinfer1::IExecutionContext> context(engine->createExecutionContext());

  cudaStream_t stream;
  void* device = nullptr;
  float values[4] = {-1.0f, 2.0f, -3.0f, 4.0f};
  if (cudaStreamCreate(&stream) != cudaSuccess || cudaMalloc(&device, sizeof values) != cudaSuccess) return 1;
  cudaMemcpyAsync(device, values, sizeof values, cudaMemcpyHostToDevice, stream);
#if NV_TENSORRT_MAJOR >= 10
  context->setTensorAddress("x", device);
  context->setTensorAddress("y", device);
  if (!context->enqueueV3(stream)) return 1;
#else
  void* bindings[] = {device, device};
  if (!context->enqueueV2(bindings, stream, nullptr)) return 1;
#endif
  cudaMemcpyAsync(values, device, sizeof values, cudaMemcpyDeviceToHost, stream);
  cudaStreamSynchronize(stream);
  cudaFree(device);
  cudaStreamDestroy(stream);
  std::printf("level %d: %g %g %g %g\n", NV_TENSORRT_MAJOR, values[0], values[1], values[2], values[3]);
  return values[0] == 0.0f && values[1] == 2.0f && values[2] == 0.0f && values[3] == 4.0f ? 0 : 1;
}
