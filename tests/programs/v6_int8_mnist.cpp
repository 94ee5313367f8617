// Generation 6: a Caffe network in int8 with an implicit batch: settings on IBuilderConfig, a min-max calibrator whose cache lies in a
// file.
#include <cuda_runtime_api.h>

#include <fstream>
#include <iterator>

#include "NvCaffeParser.h"
#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int kPixels = 28 * 28, kClasses = 10, kBatch = 5;

std::vector<float> read_floats(std::string const& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary);
  std::string const bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  CHECK(bytes.size() >= count * sizeof(float));
  std::vector<float> values(count);
  std::copy(bytes.end() - static_cast<std::ptrdiff_t>(count * sizeof(float)), bytes.end(), reinterpret_cast<char*>(values.data()));
  return values;
}

// Calibrates with the digits moved by a pixel or two, so that none of them is a picture that is asked later.
class DigitCalibrator : public IInt8MinMaxCalibrator {
 public:
  DigitCalibrator(std::vector<float> const& digits, std::string const& cache_file) : digits_(digits), cache_file_(cache_file) {
    CHECK(cudaMalloc(&batch_, kBatch * kPixels * sizeof(float)) == cudaSuccess);
  }
  ~DigitCalibrator() override { cudaFree(batch_); }
  int getBatchSize() const override { return kBatch; }
  bool getBatch(void* bindings[], char const* names[], int nbBindings) override {
    CHECK(nbBindings == 1 && std::string(names[0]) == "data");
    if (batches == 8) return false;
    std::vector<float> moved(kBatch * kPixels);
    for (int row = 0; row < kBatch; ++row) {
      int const digit = (batches % 2) * kBatch + row, shift = 1 + batches / 4, down = batches % 4 < 2 ? shift : 0, right = shift - down;
      for (int y = 0; y < 28; ++y) {
        for (int x = 0; x < 28; ++x) {
          int const from = std::max(0, y - down) * 28 + std::max(0, x - right);
          moved[static_cast<std::size_t>(row * kPixels + y * 28 + x)] = digits_[static_cast<std::size_t>(digit * kPixels + from)];
        }
      }
    }
    cudaMemcpy(batch_, moved.data(), moved.size() * sizeof(float), cudaMemcpyHostToDevice);
    bindings[0] = batch_;
    ++batches;
    return true;
  }
  void const* readCalibrationCache(std::size_t& length) override {
    std::ifstream file(cache_file_, std::ios::binary);
    cache_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    length = cache_.size();
    return length ? cache_.data() : nullptr;
  }
  void writeCalibrationCache(void const* cache, std::size_t length) override {
    std::ofstream(cache_file_, std::ios::binary).write(static_cast<char const*>(cache), static_cast<std::streamsize>(length));
  }
  int batches = 0;

 private:
  std::vector<float> const& digits_;
  std::string cache_file_;
  std::vector<char> cache_;
  void* batch_ = nullptr;
};

std::vector<float> classify(ShowingLogger& logger, std::string const& folder, IInt8Calibrator* calibrator, std::vector<float> const& in) {
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetworkV2(0U);
  CHECK(network->hasImplicitBatchDimension());
  nvcaffeparser1::ICaffeParser* parser = nvcaffeparser1::createCaffeParser();
  nvcaffeparser1::IBlobNameToTensor const* blobs =
      parser->parse((folder + "/deploy.prototxt").c_str(), (folder + "/mnist_fp16raw.caffemodel").c_str(), *network, DataType::kFLOAT);
  CHECK(blobs != nullptr);
  network->markOutput(*blobs->find("prob"));
  builder->setMaxBatchSize(10);
  IBuilderConfig* config = builder->createBuilderConfig();
  config->setMaxWorkspaceSize(1 << 24);
  config->setAvgTimingIterations(1);
  config->setMinTimingIterations(1);
  if (calibrator) {
    config->setFlag(BuilderFlag::kINT8);
    CHECK(config->getFlag(BuilderFlag::kINT8) && !config->getFlag(BuilderFlag::kFP16));
    config->setInt8Calibrator(calibrator);
  }
  ICudaEngine* engine = builder->buildEngineWithConfig(*network, *config);
  CHECK(engine != nullptr);
  config->destroy();
  parser->destroy();
  network->destroy();
  builder->destroy();

  IExecutionContext* context = engine->createExecutionContext();
  std::vector<float> prob(10 * kClasses);
  void* buffers[2];
  int const data = engine->getBindingIndex("data"), out = engine->getBindingIndex("prob");
  cudaMalloc(&buffers[data], in.size() * sizeof(float));
  cudaMalloc(&buffers[out], prob.size() * sizeof(float));
  cudaMemcpy(buffers[data], in.data(), in.size() * sizeof(float), cudaMemcpyHostToDevice);
  CHECK(context->execute(10, buffers));
  cudaMemcpy(prob.data(), buffers[out], prob.size() * sizeof(float), cudaMemcpyDeviceToHost);
  cudaFree(buffers[0]);
  cudaFree(buffers[1]);
  context->destroy();
  engine->destroy();
  return prob;
}

}  // namespace

int main(int, char** arguments) {
  std::string const folder = std::string(arguments[2]) + "/models/caffe/mnist_lenet";
  std::string const cache_file = std::string(arguments[1]) + "/v6_int8_mnist.cache";
  std::remove(cache_file.c_str());
  std::vector<float> const in = read_floats(folder + "/input_data.npy", 10 * kPixels);
  ShowingLogger logger;
  std::vector<float> const full = classify(logger, folder, nullptr, in);
  std::vector<float> first;
  {
    DigitCalibrator calibrator(in, cache_file);
    first = classify(logger, folder, &calibrator, in);
    CHECK(calibrator.batches == 8);
  }
  bool differs = false;
  for (std::size_t digit = 0; digit < 10; ++digit) {
    CHECK(full[digit * 10 + digit] > 0.5f);
    for (std::size_t other = 0; other < 10; ++other) {
      CHECK(other == digit || first[digit * 10 + other] < first[digit * 10 + digit]);
      differs |= first[digit * 10 + other] != full[digit * 10 + other];
    }
  }
  CHECK(differs);  // it did run in int8
  // A later process finds the cache and reads no picture.
  DigitCalibrator again(in, cache_file);
  std::vector<float> const second = classify(logger, folder, &again, in);
  CHECK(again.batches == 0);
  check_values(second, first, 0);
  return 0;
}
