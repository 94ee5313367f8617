// Generation 5: int8 with an entropy calibrator that reads batches, keeps its cache and uses it the second time.
#include <cuda_runtime_api.h>

#include <cstring>

#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int kChannels = 8, kBatch = 2, kBatches = 4;

float value(int i) { return static_cast<float>(i * 37 % 101 - 50) / 50; }

class Calibrator : public IInt8EntropyCalibrator2 {
 public:
  Calibrator() { CHECK(cudaMalloc(&batch_, kBatch * kChannels * 16 * sizeof(float)) == cudaSuccess); }
  ~Calibrator() override { cudaFree(batch_); }
  int getBatchSize() const override { return kBatch; }
  bool getBatch(void* bindings[], char const* names[], int nbBindings) override {
    CHECK(nbBindings == 1 && std::string(names[0]) == "x");
    if (read == kBatches) return false;
    std::vector<float> values(kBatch * kChannels * 16);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(static_cast<int>(i) + read * 13);
    cudaMemcpy(batch_, values.data(), values.size() * sizeof(float), cudaMemcpyHostToDevice);
    bindings[0] = batch_;
    ++read;
    return true;
  }
  void const* readCalibrationCache(std::size_t& length) override {
    length = cache.size();
    return cache.empty() ? nullptr : cache.data();
  }
  void writeCalibrationCache(void const* data, std::size_t length) override {
    cache.assign(static_cast<char const*>(data), length);
    ++written;
  }
  std::string cache;
  int read = 0, written = 0;

 private:
  void* batch_ = nullptr;
};

std::vector<float> const kernel = [] {
  std::vector<float> values(kChannels * kChannels);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value(static_cast<int>(i) * 3 + 1) / 2;
  return values;
}();

std::vector<float> build_and_run(ShowingLogger& logger, Calibrator* calibrator) {
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetwork();
  ITensor* x = network->addInput("x", DataType::kFLOAT, DimsCHW(kChannels, 4, 4));
  auto* convolution = network->addConvolution(*x, kChannels, DimsHW(1, 1), Weights{DataType::kFLOAT, kernel.data(), kChannels * kChannels},
                                              Weights{DataType::kFLOAT, nullptr, 0});
  auto* relu = network->addActivation(*convolution->getOutput(0), ActivationType::kRELU);
  relu->getOutput(0)->setName("y");
  network->markOutput(*relu->getOutput(0));
  builder->setMaxBatchSize(kBatch);
  if (calibrator) {
    builder->setInt8Mode(true);
    builder->setInt8Calibrator(calibrator);
  }
  ICudaEngine* engine = builder->buildCudaEngine(*network);
  CHECK(engine != nullptr);
  network->destroy();
  builder->destroy();
  IExecutionContext* context = engine->createExecutionContext();
  std::vector<float> in(kBatch * kChannels * 16), out(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = value(static_cast<int>(i) + 5);
  void* buffers[2] = {in.data(), out.data()};
  CHECK(context->execute(kBatch, buffers));
  context->destroy();
  engine->destroy();
  return out;
}

}  // namespace

int main() {
  ShowingLogger logger;
  std::vector<float> const wanted = build_and_run(logger, nullptr);
  Calibrator calibrator;
  std::vector<float> const first = build_and_run(logger, &calibrator);
  CHECK(calibrator.read == kBatches && calibrator.written == 1 && !calibrator.cache.empty());
  CHECK(calibrator.cache.find("EntropyCalibration2") != std::string::npos && calibrator.cache.find("x: ") != std::string::npos);
  double product = 0, a = 0, b = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    product += static_cast<double>(wanted[i]) * first[i];
    a += static_cast<double>(wanted[i]) * wanted[i];
    b += static_cast<double>(first[i]) * first[i];
  }
  CHECK(product / std::sqrt(a * b) > 0.995);
  // The cache makes the same engine without a batch.
  calibrator.read = 0;
  std::vector<float> const second = build_and_run(logger, &calibrator);
  CHECK(calibrator.read == 0);
  check_values(second, first, 0);
  return 0;
}
