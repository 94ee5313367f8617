// Generation 4: an IPlugin and an IPluginExt in a network with an implicit batch, made again by a factory when the plan is loaded.
#include <cuda_runtime_api.h>

#include <cstring>
#include <map>

#include "check.h"

using namespace nvinfer1;

namespace {

// y = factor * x
class Times : public IPlugin {
 public:
  explicit Times(float factor) : factor_(factor) {}
  Times(void const* data, std::size_t length) {
    CHECK(length == 2 * sizeof(int));
    std::memcpy(&factor_, data, sizeof factor_);
    std::memcpy(&count_, static_cast<char const*>(data) + sizeof factor_, sizeof count_);
  }
  int getNbOutputs() const override { return 1; }
  Dims getOutputDimensions(int index, Dims const* inputs, int nbInputDims) override {
    CHECK(index == 0 && nbInputDims == 1 && inputs[0].nbDims == 3);
    return inputs[0];
  }
  void configure(Dims const* inputs, int nbInputs, Dims const* outputs, int nbOutputs, int maxBatchSize) override {
    CHECK(nbInputs == 1 && nbOutputs == 1 && inputs[0].nbDims == 3 && outputs[0].d[2] == inputs[0].d[2]);
    CHECK(maxBatchSize == 4);
    count_ = inputs[0].d[0] * inputs[0].d[1] * inputs[0].d[2];
  }
  int initialize() override {
    ++initialized;
    return 0;
  }
  void terminate() override { ++terminated; }
  std::size_t getWorkspaceSize(int maxBatchSize) const override { return static_cast<std::size_t>(maxBatchSize * count_) * sizeof(float); }
  int enqueue(int batchSize, void const* const* inputs, void** outputs, void* workspace, cudaStream_t stream) override {
    std::size_t const bytes = static_cast<std::size_t>(batchSize * count_) * sizeof(float);
    ++runs;
    // Through the workspace, on the stream of the run.
    if (cudaMemcpyAsync(workspace, inputs[0], bytes, cudaMemcpyDeviceToDevice, stream) != cudaSuccess) return 1;
    cudaStreamSynchronize(stream);
    for (int i = 0; i < batchSize * count_; ++i) static_cast<float*>(workspace)[i] *= factor_;
    return cudaMemcpyAsync(outputs[0], workspace, bytes, cudaMemcpyDeviceToDevice, stream) != cudaSuccess;
  }
  std::size_t getSerializationSize() override { return 2 * sizeof(int); }
  void serialize(void* buffer) override {
    std::memcpy(buffer, &factor_, sizeof factor_);
    std::memcpy(static_cast<char*>(buffer) + sizeof factor_, &count_, sizeof count_);
  }

  int initialized = 0, terminated = 0, runs = 0;

 private:
  float factor_ = 0;
  int count_ = 0;
};

// y = x + 1, told of type and format
class PlusOne : public IPluginExt {
 public:
  PlusOne() = default;
  PlusOne(void const* data, std::size_t length) {
    CHECK(length == sizeof count_);
    std::memcpy(&count_, data, sizeof count_);
  }
  int getNbOutputs() const override { return 1; }
  Dims getOutputDimensions(int, Dims const* inputs, int) override { return inputs[0]; }
  bool supportsFormat(DataType type, PluginFormat format) const override {
    return type == DataType::kFLOAT && format == PluginFormat::kNCHW;
  }
  void configureWithFormat(Dims const* inputs, int, Dims const*, int, DataType type, PluginFormat format, int) override {
    CHECK(type == DataType::kFLOAT && format == PluginFormat::kNCHW);
    count_ = inputs[0].d[0] * inputs[0].d[1] * inputs[0].d[2];
  }
  int initialize() override { return 0; }
  void terminate() override {}
  std::size_t getWorkspaceSize(int) const override { return 0; }
  int enqueue(int batchSize, void const* const* inputs, void** outputs, void*, cudaStream_t) override {
    for (int i = 0; i < batchSize * count_; ++i) static_cast<float*>(outputs[0])[i] = static_cast<float const*>(inputs[0])[i] + 1;
    return 0;
  }
  std::size_t getSerializationSize() override { return sizeof count_; }
  void serialize(void* buffer) override { std::memcpy(buffer, &count_, sizeof count_); }

 private:
  int count_ = 0;
};

class Factory : public IPluginFactory {
 public:
  IPlugin* createPlugin(char const* layerName, void const* data, std::size_t length) override {
    names.push_back(layerName);
    if (std::string(layerName) == "times") return times = new Times(data, length);
    if (std::string(layerName) == "plus") return plus = new PlusOne(data, length);
    return nullptr;
  }
  ~Factory() override {
    delete times;
    delete plus;
  }
  std::vector<std::string> names;
  Times* times = nullptr;
  PlusOne* plus = nullptr;
};

std::vector<float> run(ICudaEngine& engine, int batch) {
  IExecutionContext* context = engine.createExecutionContext();
  CHECK(context != nullptr);
  std::vector<float> x(static_cast<std::size_t>(batch) * 4), y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  void* buffers[2];
  int const input = engine.getBindingIndex("x"), output = engine.getBindingIndex("y");
  std::size_t const bytes = x.size() * sizeof(float);
  CHECK(cudaMalloc(&buffers[input], bytes) == cudaSuccess && cudaMalloc(&buffers[output], bytes) == cudaSuccess);
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  cudaMemcpyAsync(buffers[input], x.data(), bytes, cudaMemcpyHostToDevice, stream);
  CHECK(context->enqueue(batch, buffers, stream, nullptr));
  cudaMemcpyAsync(y.data(), buffers[output], bytes, cudaMemcpyDeviceToHost, stream);
  cudaStreamSynchronize(stream);
  cudaStreamDestroy(stream);
  cudaFree(buffers[0]);
  cudaFree(buffers[1]);
  context->destroy();
  return y;
}

std::vector<float> expected(int batch) {
  std::vector<float> values;
  for (int i = 0; i < batch * 4; ++i) values.push_back(2.5f * static_cast<float>(i) + 1);
  return values;
}

}  // namespace

int main() {
  ShowingLogger logger;
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetwork();
  ITensor* x = network->addInput("x", DataType::kFLOAT, DimsCHW(1, 2, 2));
  Times times(2.5f);
  PlusOne plus;
  IPluginLayer* first = network->addPlugin(&x, 1, times);
  CHECK(first != nullptr && &first->getPlugin() == &times);
  first->setName("times");
  ITensor* between = first->getOutput(0);
  IPluginLayer* second = network->addPluginExt(&between, 1, plus);
  CHECK(second != nullptr && second->getType() == LayerType::kPLUGIN);
  second->setName("plus");
  second->getOutput(0)->setName("y");
  network->markOutput(*second->getOutput(0));
  builder->setMaxBatchSize(4);
  builder->setMaxWorkspaceSize(1 << 20);
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  CHECK(engine != nullptr);
  network->destroy();
  builder->destroy();
  check_values(run(*engine, 3), expected(3));
  CHECK(times.runs > 0 && times.initialized > 0);
  IHostMemory* plan = engine->serialize();
  engine->destroy();
  CHECK(times.initialized == times.terminated);

  IRuntime* runtime = createInferRuntime(logger);
  {
    Factory factory;
    ICudaEngine* loaded = runtime->deserializeCudaEngine(plan->data(), plan->size(), &factory);
    CHECK(loaded != nullptr && factory.names.size() == 2);
    check_values(run(*loaded, 4), expected(4));
    check_values(run(*loaded, 1), expected(1));
    CHECK(factory.times->runs == 2);
    loaded->destroy();
    CHECK(factory.times->terminated == 1);
  }
  // Without a factory the plan cannot come to life, and the log says why.
  logger.quiet = true;
  CHECK(runtime->deserializeCudaEngine(plan->data(), plan->size(), nullptr) == nullptr);
  CHECK(logger.errors.find("IPluginFactory") != std::string::npos);
  plan->destroy();
  runtime->destroy();
  return 0;
}
