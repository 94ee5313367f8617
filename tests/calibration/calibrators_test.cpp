// The four kinds of calibrators through the public API: what they are asked, and the caches that come back.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "NvInfer.h"

namespace {

using nvinfer1::Dims4;
using nvinfer1::OptProfileSelector;

struct Logger final : nvinfer1::ILogger {
  void log(Severity severity, char const* message) noexcept override {
    if (severity <= Severity::kWARNING) text += std::string(message) + "\n";
  }
  std::string text;
};

constexpr int kSamples = 16, kElements = 1 * 8 * 8;

float sample_value(int sample, int element) {
  return std::sin(0.37f * static_cast<float>(sample * kElements + element)) * static_cast<float>(1 + sample % 3);
}

template <class Base>
class Calibrator : public Base {
 public:
  explicit Calibrator(int batch) : batch_(batch) { EXPECT_EQ(cudaMalloc(&memory_, sizeof(float) * kElements * batch), cudaSuccess); }
  ~Calibrator() { cudaFree(memory_); }
  int32_t getBatchSize() const noexcept override { return batch_; }
  bool getBatch(void* bindings[], char const* names[], int32_t count) noexcept override {
    ++asked;
    EXPECT_EQ(count, 1);
    EXPECT_STREQ(names[0], "x");
    if (given_ + batch_ > kSamples) return false;
    std::vector<float> values;
    for (int s = 0; s < batch_; ++s) {
      for (int e = 0; e < kElements; ++e) values.push_back(sample_value(given_ + s, e));
    }
    given_ += batch_;
    cudaMemcpy(memory_, values.data(), values.size() * sizeof(float), cudaMemcpyHostToDevice);
    bindings[0] = memory_;
    return true;
  }
  void const* readCalibrationCache(std::size_t& length) noexcept override {
    length = given_cache.size();
    return given_cache.empty() ? nullptr : given_cache.data();
  }
  void writeCalibrationCache(void const* text, std::size_t length) noexcept override {
    written.assign(static_cast<char const*>(text), length);
  }

  std::string given_cache, written;
  int asked = 0;

 private:
  int batch_, given_ = 0;
  void* memory_ = nullptr;
};

struct Legacy : nvinfer1::IInt8LegacyCalibrator {
  double getQuantile() const noexcept override { return 0.5; }
  double getRegressionCutoff() const noexcept override { return 0.1; }
  void const* readHistogramCache(std::size_t& length) noexcept override {
    length = 0;
    return nullptr;
  }
  void writeHistogramCache(void const*, std::size_t) noexcept override {}
};

// x -> convolution -> relu, built for int8.
std::unique_ptr<nvinfer1::IHostMemory> build(Logger& logger, nvinfer1::IInt8Calibrator* calibrator, int batch) {
  std::unique_ptr<nvinfer1::IBuilder> builder(nvinfer1::createInferBuilder(logger));
  std::unique_ptr<nvinfer1::INetworkDefinition> network(builder->createNetworkV2(1U));
  nvinfer1::ITensor* x = network->addInput("x", nvinfer1::DataType::kFLOAT, Dims4{-1, 1, 8, 8});
  std::vector<float> weights(4 * 9), bias(4, 0.25f);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = std::cos(static_cast<float>(i));
  auto* convolution = network->addConvolutionNd(*x, 4, nvinfer1::Dims{2, {3, 3}}, {nvinfer1::DataType::kFLOAT, weights.data(), 36},
                                                {nvinfer1::DataType::kFLOAT, bias.data(), 4});
  convolution->getOutput(0)->setName("sums");
  auto* relu = network->addActivation(*convolution->getOutput(0), nvinfer1::ActivationType::kRELU);
  relu->getOutput(0)->setName("y");
  network->markOutput(*relu->getOutput(0));
  std::unique_ptr<nvinfer1::IBuilderConfig> config(builder->createBuilderConfig());
  config->setFlag(nvinfer1::BuilderFlag::kINT8);
  config->setInt8Calibrator(calibrator);
  nvinfer1::IOptimizationProfile* run = builder->createOptimizationProfile();
  nvinfer1::IOptimizationProfile* calibration = builder->createOptimizationProfile();
  for (auto select : {OptProfileSelector::kMIN, OptProfileSelector::kOPT, OptProfileSelector::kMAX}) {
    run->setDimensions("x", select, Dims4{2, 1, 8, 8});
    calibration->setDimensions("x", select, Dims4{batch, 1, 8, 8});
  }
  config->addOptimizationProfile(run);
  config->setCalibrationProfile(calibration);
  return std::unique_ptr<nvinfer1::IHostMemory>(builder->buildSerializedNetwork(*network, *config));
}

float scale_of(const std::string& cache, const std::string& tensor) {
  const size_t at = cache.find("\n" + tensor + ": ");
  if (at == std::string::npos) return -1;
  const uint32_t bits = static_cast<uint32_t>(std::stoul(cache.substr(at + tensor.size() + 3, 8), nullptr, 16));
  float scale;
  std::memcpy(&scale, &bits, 4);
  return scale;
}

TEST(Calibrators, MinMaxTakesTheLargestMagnitude) {
  Logger logger;
  Calibrator<nvinfer1::IInt8MinMaxCalibrator> calibrator(4);
  ASSERT_TRUE(build(logger, &calibrator, 4)) << logger.text;
  EXPECT_EQ(calibrator.written.substr(0, 4), "TRT-");
  EXPECT_NE(calibrator.written.find("-MinMaxCalibration\n"), std::string::npos) << calibrator.written;
  float largest = 0;
  for (int s = 0; s < kSamples; ++s) {
    for (int e = 0; e < kElements; ++e) largest = std::max(largest, std::fabs(sample_value(s, e)));
  }
  EXPECT_FLOAT_EQ(scale_of(calibrator.written, "x"), largest / 127);
  EXPECT_GT(scale_of(calibrator.written, "sums"), scale_of(calibrator.written, "x"));
  EXPECT_GT(scale_of(calibrator.written, "y"), 0);
  EXPECT_EQ(calibrator.asked, kSamples / 4 + 1);
}

TEST(Calibrators, TheCacheDoesNotDependOnTheBatch) {
  Logger logger;
  Calibrator<nvinfer1::IInt8EntropyCalibrator2> one(1), many(16);
  ASSERT_TRUE(build(logger, &one, 1)) << logger.text;
  ASSERT_TRUE(build(logger, &many, 16)) << logger.text;
  EXPECT_EQ(one.written, many.written);
  EXPECT_NE(one.written.find("-EntropyCalibration2\n"), std::string::npos);
}

TEST(Calibrators, ACacheIsReadInsteadOfBatches) {
  Logger logger;
  Calibrator<nvinfer1::IInt8EntropyCalibrator> first(4);
  auto plan = build(logger, &first, 4);
  ASSERT_TRUE(plan) << logger.text;
  Calibrator<nvinfer1::IInt8EntropyCalibrator> second(4);
  second.given_cache = first.written;
  auto again = build(logger, &second, 4);
  ASSERT_TRUE(again) << logger.text;
  EXPECT_EQ(second.asked, 0);
  EXPECT_TRUE(second.written.empty());
}

TEST(Calibrators, LegacyTakesItsQuantile) {
  Logger logger;
  Calibrator<Legacy> calibrator(4);
  ASSERT_TRUE(build(logger, &calibrator, 4)) << logger.text;
  EXPECT_NE(calibrator.written.find("-LegacyCalibration\n"), std::string::npos);
  // A third of the samples each peak near 1, 2 and 3: the middle one is near 2.
  EXPECT_NEAR(scale_of(calibrator.written, "x") * 127, 2, 0.02);
}

TEST(Calibrators, WithoutBatchesOrWithABrokenCacheTheBuildFails) {
  Logger logger;
  Calibrator<nvinfer1::IInt8MinMaxCalibrator> none(32);  // more than there are
  EXPECT_FALSE(build(logger, &none, 32));
  EXPECT_NE(logger.text.find("getBatch() gave no batch"), std::string::npos) << logger.text;
  Calibrator<nvinfer1::IInt8MinMaxCalibrator> broken(4);
  broken.given_cache = "TRT-8601-MinMaxCalibration\nx: what\n";
  EXPECT_FALSE(build(logger, &broken, 4));
  EXPECT_NE(logger.text.find("line 2"), std::string::npos) << logger.text;
}

}  // namespace
