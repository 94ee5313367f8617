// Generation 11: one block of a transformer from the layers of its year: rotary embedding, causal attention, normalization, with lengths
// that change from run to run and memory for activations that the program gives.
#include <cuda_runtime_api.h>

#include <memory>

#include "check.h"

using namespace nvinfer1;

namespace {

constexpr int64_t kHeads = 2, kSize = 4, kMost = 7;

float number(int64_t i) { return static_cast<float>(i * 37 % 53 - 26) / 26; }

// [1, heads, n, size] times rotations by position: pairs are (i, i + size / 2).
std::vector<float> rotate(std::vector<float> const& x, int64_t n) {
  std::vector<float> y(x);
  for (int64_t h = 0; h < kHeads; ++h) {
    for (int64_t t = 0; t < n; ++t) {
      for (int64_t i = 0; i < kSize / 2; ++i) {
        std::size_t const a = static_cast<std::size_t>((h * n + t) * kSize + i), b = a + kSize / 2;
        float const angle = static_cast<float>(t) * std::pow(10.0f, -static_cast<float>(i));
        y[a] = x[a] * std::cos(angle) - x[b] * std::sin(angle);
        y[b] = x[a] * std::sin(angle) + x[b] * std::cos(angle);
      }
    }
  }
  return y;
}

// Causal attention, then normalization over the last axis.
std::vector<float> answer(std::vector<float> const& q, std::vector<float> const& k, std::vector<float> const& v, int64_t n) {
  std::vector<float> y(q.size(), 0);
  for (int64_t h = 0; h < kHeads; ++h) {
    for (int64_t t = 0; t < n; ++t) {
      float* row = &y[static_cast<std::size_t>((h * n + t) * kSize)];
      float total = 0;
      for (int64_t s = 0; s <= t; ++s) {
        float score = 0;
        for (int64_t i = 0; i < kSize; ++i)
          score += q[static_cast<std::size_t>((h * n + t) * kSize + i)] * k[static_cast<std::size_t>((h * n + s) * kSize + i)];
        total += std::exp(score);
        for (int64_t i = 0; i < kSize; ++i) row[i] += std::exp(score) * v[static_cast<std::size_t>((h * n + s) * kSize + i)];
      }
      float mean = 0, variance = 0;
      for (int64_t i = 0; i < kSize; ++i) mean += (row[i] /= total) / kSize;
      for (int64_t i = 0; i < kSize; ++i) variance += (row[i] - mean) * (row[i] - mean) / kSize;
      for (int64_t i = 0; i < kSize; ++i) row[i] = (row[i] - mean) / std::sqrt(variance + 1e-5f) * 2 + 0.5f;
    }
  }
  return y;
}

}  // namespace

int main() {
  ShowingLogger logger;
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
  Dims4 const any{1, kHeads, -1, kSize};
  ITensor* q = network->addInput("q", DataType::kFLOAT, any);
  ITensor* k = network->addInput("k", DataType::kFLOAT, any);
  ITensor* v = network->addInput("v", DataType::kFLOAT, any);
  ITensor* positions = network->addInput("positions", DataType::kINT64, Dims2{1, -1});
  for (ITensor* tensor : {q, k, v}) tensor->setDimensionName(2, "n");
  positions->setDimensionName(1, "n");
  std::vector<float> cosines, sines;
  for (int64_t t = 0; t < kMost; ++t) {
    for (int64_t i = 0; i < kSize / 2; ++i) {
      float const angle = static_cast<float>(t) * std::pow(10.0f, -static_cast<float>(i));
      cosines.push_back(std::cos(angle));
      sines.push_back(std::sin(angle));
    }
  }
  Dims2 const table{kMost, kSize / 2};
  int64_t const entries = kMost * kSize / 2;
  ITensor* cosine = network->addConstant(table, Weights{DataType::kFLOAT, cosines.data(), entries})->getOutput(0);
  ITensor* sine = network->addConstant(table, Weights{DataType::kFLOAT, sines.data(), entries})->getOutput(0);
  for (ITensor** tensor : {&q, &k}) {
    IRotaryEmbeddingLayer* rotary = network->addRotaryEmbedding(**tensor, *cosine, *sine, false, 0);
    CHECK(rotary != nullptr && !rotary->getInterleaved());
    rotary->setInput(3, *positions);
    *tensor = rotary->getOutput(0);
  }
  IAttention* attention = network->addAttentionV2(*q, *k, *v, AttentionNormalizationOp::kSOFTMAX, CausalMaskKind::kUPPER_LEFT);
  CHECK(attention != nullptr && attention->getCausalKind() == CausalMaskKind::kUPPER_LEFT);
  CHECK(attention->setDecomposable(true) && attention->setName("attention") && std::string(attention->getName()) == "attention");
  std::vector<float> const two(kSize, 2.0f), half(kSize, 0.5f);
  Dims4 const last{1, 1, 1, kSize};
  ITensor* scale = network->addConstant(last, Weights{DataType::kFLOAT, two.data(), kSize})->getOutput(0);
  ITensor* bias = network->addConstant(last, Weights{DataType::kFLOAT, half.data(), kSize})->getOutput(0);
  INormalizationLayer* normalization = network->addNormalizationV2(*attention->getOutput(0), *scale, *bias, 1U << 3);
  CHECK(normalization != nullptr);
  normalization->setEpsilon(1e-5f);
  CHECK(normalization->getEpsilon() == 1e-5f && normalization->getAxes() == 1U << 3);
  normalization->getOutput(0)->setName("y");
  network->markOutput(*normalization->getOutput(0));

  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  config->clearFlag(BuilderFlag::kTF32);
  IOptimizationProfile* profile = builder->createOptimizationProfile();
  OptProfileSelector const which[] = {OptProfileSelector::kMIN, OptProfileSelector::kOPT, OptProfileSelector::kMAX};
  int64_t const lengths[] = {1, 4, kMost};
  for (int i = 0; i < 3; ++i) {
    for (char const* name : {"q", "k", "v"}) CHECK(profile->setDimensions(name, which[i], Dims4{1, kHeads, lengths[i], kSize}));
    CHECK(profile->setDimensions("positions", which[i], Dims2{1, lengths[i]}));
  }
  config->addOptimizationProfile(profile);
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  CHECK(plan != nullptr);
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  CHECK(engine != nullptr);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext(ExecutionContextAllocationStrategy::kUSER_MANAGED));
  CHECK(context != nullptr);
  int64_t const needed = engine->getDeviceMemorySizeV2();
  CHECK(needed >= engine->getDeviceMemorySizeForProfileV2(0));
  void* activations = nullptr;
  CHECK(cudaMalloc(&activations, static_cast<std::size_t>(needed + 1)) == cudaSuccess);
  context->setDeviceMemoryV2(activations, needed);
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream) == cudaSuccess);
  for (int64_t n : {1, 7, 3, 5}) {
    std::vector<float> values[3], y(static_cast<std::size_t>(kHeads * n * kSize));
    std::vector<int64_t> places;
    for (int64_t i = 0; i < n; ++i) places.push_back(i);
    char const* names[] = {"q", "k", "v"};
    for (int i = 0; i < 3; ++i) {
      for (std::size_t e = 0; e < y.size(); ++e) values[i].push_back(number(static_cast<int64_t>(e) * (i + 2) + i));
      CHECK(context->setInputShape(names[i], Dims4{1, kHeads, n, kSize}) && context->setTensorAddress(names[i], values[i].data()));
    }
    CHECK(context->setInputShape("positions", Dims2{1, n}) && context->setTensorAddress("positions", places.data()));
    CHECK(context->setTensorAddress("y", y.data()));
    CHECK(context->enqueueV3(stream) && cudaStreamSynchronize(stream) == cudaSuccess);
    check_values(y, answer(rotate(values[0], n), rotate(values[1], n), values[2], n), 1e-4f);
  }
  cudaStreamDestroy(stream);
  context.reset();
  cudaFree(activations);
  return 0;
}
