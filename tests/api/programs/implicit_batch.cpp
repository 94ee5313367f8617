// Compiles as generations 4 5 6 7.
// A program of the first years: implicit batch, settings on the builder, bindings by index, destroy(), plugins from factories.
#include <cuda_runtime_api.h>

#include <cassert>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "NvCaffeParser.h"
#include "NvInfer.h"
#include "NvInferPlugin.h"
#include "NvUffParser.h"

using namespace nvinfer1;

class Logger : public ILogger {
  void log(Severity severity, const char* msg) override {
    if (severity != Severity::kINFO) messages.push_back(msg);
  }

 public:
  std::vector<std::string> messages;
} gLogger;

// Doubles its input.
class Twice : public IPluginExt {
 public:
  Twice() {}
  Twice(const void* data, size_t length) {
    assert(length == sizeof(mCount));
    std::memcpy(&mCount, data, length);
  }
  int getNbOutputs() const override { return 1; }
  Dims getOutputDimensions(int index, const Dims* inputs, int nbInputDims) override {
    assert(index == 0 && nbInputDims == 1 && inputs[0].nbDims == 3);
    (void)index;
    (void)nbInputDims;
    return DimsCHW(inputs[0].d[0], inputs[0].d[1], inputs[0].d[2]);
  }
  bool supportsFormat(DataType type, PluginFormat format) const override {
    return type == DataType::kFLOAT && format == PluginFormat::kNCHW;
  }
  void configureWithFormat(const Dims* inputDims, int, const Dims*, int, DataType, PluginFormat, int) override {
    mCount = 1;
    for (int i = 0; i < inputDims[0].nbDims; ++i) mCount *= inputDims[0].d[i];
  }
  int initialize() override { return 0; }
  void terminate() override {}
  size_t getWorkspaceSize(int) const override { return 0; }
  int enqueue(int batchSize, const void* const* inputs, void** outputs, void*, cudaStream_t stream) override {
    return cudaMemcpyAsync(outputs[0], inputs[0], batchSize * mCount * sizeof(float), cudaMemcpyDeviceToDevice, stream) != cudaSuccess;
  }
  size_t getSerializationSize() override { return sizeof(mCount); }
  void serialize(void* buffer) override { std::memcpy(buffer, &mCount, sizeof(mCount)); }

 private:
  size_t mCount = 0;
};

class Factory : public nvinfer1::IPluginFactory, public nvcaffeparser1::IPluginFactoryExt {
 public:
  bool isPlugin(const char* name) override { return isPluginExt(name); }
  bool isPluginExt(const char* name) override { return !std::strcmp(name, "twice"); }
  IPlugin* createPlugin(const char*, const Weights*, int) override { return new Twice; }
  IPlugin* createPlugin(const char*, const void* data, size_t length) override { return new Twice(data, length); }
};

class Calibrator : public IInt8EntropyCalibrator {
 public:
  int getBatchSize() const override { return 1; }
  bool getBatch(void* bindings[], const char* names[], int nbBindings) override {
    return nbBindings == 1 && names[0] && bindings[0] && false;
  }
  const void* readCalibrationCache(size_t& length) override {
    length = 0;
    return nullptr;
  }
  void writeCalibrationCache(const void*, size_t) override {}
};

IHostMemory* fromCaffe(Factory& factory) {
  IBuilder* builder = createInferBuilder(gLogger);
  INetworkDefinition* network = builder->createNetwork();
  nvcaffeparser1::ICaffeParser* parser = nvcaffeparser1::createCaffeParser();
  parser->setPluginFactoryExt(&factory);
  const nvcaffeparser1::IBlobNameToTensor* blobs = parser->parse("net.prototxt", "net.caffemodel", *network, DataType::kFLOAT);
  network->markOutput(*blobs->find("prob"));
  Calibrator calibrator;
  builder->setMaxBatchSize(8);
  builder->setMaxWorkspaceSize(1 << 20);
  builder->setFp16Mode(builder->platformHasFastFp16());
  builder->setInt8Mode(false);
  builder->setInt8Calibrator(&calibrator);
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  network->destroy();
  parser->destroy();
  IHostMemory* plan = engine->serialize();
  engine->destroy();
  builder->destroy();
  nvcaffeparser1::shutdownProtobufLibrary();
  return plan;
}

void fromUff(INetworkDefinition& network) {
  nvuffparser::IUffParser* parser = nvuffparser::createUffParser();
  parser->registerInput("in", DimsCHW(1, 28, 28), nvuffparser::UffInputOrder::kNCHW);
  parser->registerOutput("out");
  parser->parse("lenet5.uff", network, DataType::kFLOAT);
  parser->destroy();
}

void byHand(INetworkDefinition& network, const std::vector<float>& values) {
  ITensor* x = network.addInput("x", DataType::kFLOAT, DimsCHW{1, 28, 28});
  Weights kernel{DataType::kFLOAT, values.data(), static_cast<int64_t>(values.size())};
  Weights none{DataType::kFLOAT, nullptr, 0};
  IConvolutionLayer* conv = network.addConvolution(*x, 20, DimsHW{5, 5}, kernel, none);
  conv->setStride(DimsHW{1, 1});
  conv->setPadding(DimsHW{2, 2});
  IPoolingLayer* pool = network.addPooling(*conv->getOutput(0), PoolingType::kMAX, DimsHW{2, 2});
  pool->setStride(DimsHW{2, 2});
  IFullyConnectedLayer* ip = network.addFullyConnected(*pool->getOutput(0), 500, kernel, none);
  IActivationLayer* relu = network.addActivation(*ip->getOutput(0), ActivationType::kRELU);
  static Twice twice;
  ITensor* inputs[] = {relu->getOutput(0)};
  IPluginLayer* plugin = network.addPluginExt(inputs, 1, twice);
  ISoftMaxLayer* prob = network.addSoftMax(*plugin->getOutput(0));
  prob->getOutput(0)->setName("prob");
  network.markOutput(*prob->getOutput(0));
}

bool run(const void* plan, size_t size, Factory& factory, const float* input, float* output) {
  IRuntime* runtime = createInferRuntime(gLogger);
  ICudaEngine* engine = runtime->deserializeCudaEngine(plan, size, &factory);
  IExecutionContext* context = engine->createExecutionContext();
  assert(engine->getNbBindings() == 2);
  void* buffers[2];
  const int in = engine->getBindingIndex("data"), out = engine->getBindingIndex("prob");
  Dims shape = engine->getBindingDimensions(in);
  size_t count = engine->getMaxBatchSize();
  for (int i = 0; i < shape.nbDims; ++i) count *= shape.d[i];
  cudaMalloc(&buffers[in], count * sizeof(float));
  cudaMalloc(&buffers[out], 10 * sizeof(float));
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaMemcpyAsync(buffers[in], input, count * sizeof(float), cudaMemcpyHostToDevice, stream);
  const bool ok = context->enqueue(1, buffers, stream, nullptr);
  cudaMemcpyAsync(output, buffers[out], 10 * sizeof(float), cudaMemcpyDeviceToHost, stream);
  cudaStreamSynchronize(stream);
  cudaStreamDestroy(stream);
  cudaFree(buffers[in]);
  cudaFree(buffers[out]);
  context->destroy();
  engine->destroy();
  runtime->destroy();
  return ok;
}
