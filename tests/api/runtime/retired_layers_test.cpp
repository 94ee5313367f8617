// Layers and formulas of the first generations, and what refits reach of layers that hold single numbers.
#include <cmath>

#include "harness.h"

using namespace harness;

namespace {

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

// One LSTM of one unit: weights of the input and of the state by gate, in the order forget, input, cell, output.
struct Cell {
  float w[4], r[4], b[8];
};

// Hidden states over the steps.
std::vector<float> lstm(const Cell& cell, const std::vector<float>& x, float h, float c) {
  std::vector<float> states;
  for (float value : x) {
    const auto gate = [&](int i) { return cell.w[i] * value + cell.r[i] * h + cell.b[i] + cell.b[4 + i]; };
    c = sigmoid(gate(0)) * c + sigmoid(gate(1)) * std::tanh(gate(2));
    h = sigmoid(gate(3)) * std::tanh(c);
    states.push_back(h);
  }
  return states;
}

TEST(RetiredLayers, recurrent_layers_with_their_weights_in_one_block) {
  const Cell first{{0.5F, -0.25F, 1, 0.75F}, {0.1F, 0.2F, -0.3F, 0.4F}, {0.05F, 0, -0.1F, 0.2F, 0.1F, 0.15F, 0, -0.05F}};
  const Cell second{{-0.5F, 0.3F, 0.9F, 0.1F}, {0.3F, -0.2F, 0.6F, 0.5F}, {0, 0.1F, 0.2F, 0, 0, 0, -0.2F, 0.3F}};
  std::vector<float> block, bias;
  for (const Cell& cell : {first, second}) {
    block.insert(block.end(), cell.w, cell.w + 4);
    block.insert(block.end(), cell.r, cell.r + 4);
    bias.insert(bias.end(), cell.b, cell.b + 8);
  }
  Program p;
  p.network.reset(p.builder->createNetworkV2(0));
  // [1, steps, sequences, size]
  ITensor& x = p.input("x", {1, 3, 2, 1});
  IRNNLayer* rnn = p.network->addRNN(x, 2, 1, 3, RNNOperation::kLSTM, RNNInputMode::kLINEAR, RNNDirection::kUNIDIRECTION, p.weights(block),
                                     p.weights(bias));
  ASSERT_NE(rnn, nullptr) << p.log.errors;
  EXPECT_EQ(rnn->getType(), LayerType::kRNN);
  EXPECT_EQ(rnn->getLayerCount(), 2u);
  EXPECT_EQ(rnn->getHiddenSize(), 1u);
  EXPECT_EQ(rnn->getSeqLength(), 3);
  EXPECT_EQ(rnn->getDataLength(), 1);
  EXPECT_EQ(rnn->getOperation(), RNNOperation::kLSTM);
  EXPECT_EQ(rnn->getInputMode(), RNNInputMode::kLINEAR);
  EXPECT_EQ(rnn->getDirection(), RNNDirection::kUNIDIRECTION);
  EXPECT_EQ(rnn->getWeights().count, 16);
  EXPECT_EQ(rnn->getBias().count, 16);
  EXPECT_EQ(rnn->getHiddenState(), nullptr);
  ITensor& h0 = p.input("h0", {1, 2, 2, 1});
  ITensor& c0 = p.input("c0", {1, 2, 2, 1});
  rnn->setHiddenState(h0);
  rnn->setCellState(c0);
  EXPECT_EQ(rnn->getHiddenState(), &h0);
  EXPECT_EQ(rnn->getCellState(), &c0);
  for (int32_t i = 0; i < 3; ++i) p.output(*rnn, i);
  const auto values = p.run({{"x", {{1, 3, 2, 1}, {1, 10, -1, 0.5, 2, -3}}},
                             {"h0", {{1, 2, 2, 1}, {0.1, 0.2, 0.3, 0.4}}},
                             {"c0", {{1, 2, 2, 1}, {0.5, 0.6, 0.7, 0.8}}}});
  ASSERT_EQ(values.size(), 3u) << p.log.errors;
  const std::vector<float> a = lstm(first, {1, -1, 2}, 0.1F, 0.5F), b = lstm(first, {10, 0.5F, -3}, 0.2F, 0.6F);
  const std::vector<float> top_a = lstm(second, a, 0.3F, 0.7F), top_b = lstm(second, b, 0.4F, 0.8F);
  expect_near(values[0], {1, 3, 2, 1}, {top_a[0], top_b[0], top_a[1], top_b[1], top_a[2], top_b[2]}, 1e-5);
  expect_near(values[1], {1, 2, 2, 1}, {a[2], b[2], top_a[2], top_b[2]}, 1e-5);
}

TEST(RetiredLayers, settings_of_a_block_find_its_parts_again) {
  // Two directions of one unit each over relu, with the input as it is: only weights of the states are in the block.
  Program p;
  p.network.reset(p.builder->createNetworkV2(0));
  ITensor& x = p.input("x", {1, 2, 1, 1});
  IRNNLayer* rnn = p.network->addRNN(x, 1, 1, 2, RNNOperation::kTANH, RNNInputMode::kLINEAR, RNNDirection::kUNIDIRECTION, p.weights({1, 2}),
                                     Weights{DataType::kFLOAT, nullptr, 0});
  ASSERT_NE(rnn, nullptr) << p.log.errors;
  rnn->setOperation(RNNOperation::kRELU);
  rnn->setInputMode(RNNInputMode::kSKIP);
  rnn->setDirection(RNNDirection::kBIDIRECTION);
  rnn->setWeights(p.weights({0.5, 3}));
  rnn->setBias(p.weights({1, 0, 0, 10}));
  p.output(*rnn, 0);
  p.output(*rnn, 1);
  const auto values = p.run({{"x", {{1, 2, 1, 1}, {1, 2}}}});
  ASSERT_EQ(values.size(), 2u) << p.log.errors;
  // Forward 1 + 1, then 2 + 1 + 0.5 * 2; backward 2 + 10, then 1 + 10 + 3 * 12.
  expect_near(values[0], {1, 2, 1, 2}, {2, 47, 4, 12});
  expect_near(values[1], {1, 2, 1, 1}, {4, 47});

  rnn->setWeights(p.weights({1, 2, 3}));
  EXPECT_EQ(p.builder->buildSerializedNetwork(*p.network, *p.config), nullptr);
  EXPECT_NE(p.log.errors.find("the block has 3 values; 2 are wanted"), std::string::npos) << p.log.errors;
  EXPECT_EQ(p.network->addRNN(x, 1, 0, 2, RNNOperation::kRELU, RNNInputMode::kLINEAR, RNNDirection::kUNIDIRECTION, Weights{}, Weights{}),
            nullptr);
  EXPECT_EQ(p.network->addRNN(x, 1, 1, 1, RNNOperation::kRELU, RNNInputMode::kLINEAR, RNNDirection::kUNIDIRECTION, Weights{}, Weights{}),
            nullptr);
}

struct Fixed final : IOutputDimensionsFormula {
  explicit Fixed(int32_t add) : add(add) {}
  DimsHW compute(DimsHW input, DimsHW kernel, DimsHW stride, DimsHW padding, DimsHW dilation, char const* name) const override {
    last = name ? name : "";
    const auto count = [&](int i) {
      return static_cast<int32_t>((input.d[i] + 2 * padding.d[i] - dilation.d[i] * (kernel.d[i] - 1) - 1) / stride.d[i]) + 1 + add;
    };
    return DimsHW(count(0), count(1));
  }
  int32_t add;
  mutable std::string last;
};

TEST(RetiredLayers, formulas_tell_the_sizes_of_outputs) {
  const std::vector<double> numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  Program p;
  ITensor& x = p.input("x", {1, 1, 4, 4});
  Fixed more(1), less(-1);
  p.network->setPoolingOutputDimensionsFormula(&more);
  EXPECT_EQ(&p.network->getPoolingOutputDimensionsFormula(), &more);
  auto* average = p.network->addPoolingNd(x, PoolingType::kAVERAGE, dims({3, 3}));
  average->setStrideNd(dims({3, 3}));
  average->setAverageCountExcludesPadding(true);
  // As windows rounded up: 2 x 2 of them, the last ones partly outside.
  expect_near({shape_of(average->getOutput(0)->getDimensions()), {}}, {1, 1, 2, 2}, {});
  p.network->setConvolutionOutputDimensionsFormula(&less);
  auto* convolution = p.network->addConvolutionNd(x, 1, dims({1, 1}), p.weights({2}), Weights{DataType::kFLOAT, nullptr, 0});
  EXPECT_EQ(shape_of(convolution->getOutput(0)->getDimensions()), (std::vector<int64_t>{1, 1, 3, 3}));
  Fixed wider(8);  // (4 - 1) * 1 + 1 = 4 is usual; the formula above gives 4 + 8
  p.network->setDeconvolutionOutputDimensionsFormula(&wider);
  auto* back = p.network->addDeconvolutionNd(x, 1, dims({1, 1}), p.weights({1}), Weights{DataType::kFLOAT, nullptr, 0});
  back->setStrideNd(dims({4, 4}));
  EXPECT_EQ(shape_of(back->getOutput(0)->getDimensions()), (std::vector<int64_t>{1, 1, 9, 9}));
  EXPECT_NE(more.last.find("[Pooling]"), std::string::npos) << more.last;
  p.output(*average);
  p.output(*convolution);
  p.output(*back);
  const auto values = p.run({{"x", {{1, 1, 4, 4}, numbers}}});
  ASSERT_EQ(values.size(), 3u) << p.log.errors;
  expect_near(values[0], {1, 1, 2, 2}, {6, 8, 14, 16});
  expect_near(values[1], {1, 1, 3, 3}, {2, 4, 6, 10, 12, 14, 18, 20, 22});
  std::vector<double> spread(81);
  for (size_t i = 0; i < 9; ++i) spread[i / 3 * 36 + i % 3 * 4] = numbers[i / 3 * 4 + i % 3];
  expect_near(values[2], {1, 1, 9, 9}, spread);

  // Without it the usual sizes are back.
  p.network->setPoolingOutputDimensionsFormula(nullptr);
  auto* usual = p.network->addPoolingNd(x, PoolingType::kMAX, dims({3, 3}));
  EXPECT_EQ(shape_of(usual->getOutput(0)->getDimensions()), (std::vector<int64_t>{1, 1, 2, 2}));
  Fixed none(-9);
  p.network->setPoolingOutputDimensionsFormula(&none);
  EXPECT_NE(p.log.errors.find("the formula for its output's dimensions gives"), std::string::npos) << p.log.errors;
}

TEST(RetiredLayers, numbers_of_layers_are_refitted) {
  for (const bool before_convolution : {false, true}) {
    Program p;
    ITensor* x = &p.input("x", {1, 1, 2, 2});
    p.config->setFlag(BuilderFlag::kREFIT);
    const auto scale_layer = [&] {
      auto* scale = p.network->addScale(*x, ScaleMode::kUNIFORM, p.weights({1}), p.weights({2}), Weights{DataType::kFLOAT, nullptr, 0});
      scale->setName("scale");
      x = scale->getOutput(0);
    };
    if (before_convolution) scale_layer();
    auto* convolution = p.network->addConvolutionNd(*x, 1, dims({1, 1}), p.weights({3}), p.weights({0.5}));
    convolution->setName("convolution");
    x = convolution->getOutput(0);
    if (!before_convolution) scale_layer();
    p.mark(*x);
    const auto engine = p.engine();
    ASSERT_NE(engine, nullptr) << p.log.errors;
    const std::vector<double> numbers{1, 2, 3, 4};
    const auto answers = [&](double factor, double shift, double kernel, double bias) {
      std::vector<double> wanted;
      for (double n : numbers)
        wanted.push_back(before_convolution ? kernel * (factor * n + shift) + bias : factor * (kernel * n + bias) + shift);
      expect_near(run_engine(*engine, {{"x", {{1, 1, 2, 2}, numbers}}}, p.log).at(0), {1, 1, 2, 2}, wanted);
    };
    answers(2, 1, 3, 0.5);
    std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, p.log));
    EXPECT_EQ(refitter->getAll(0, nullptr, nullptr), 4);
    EXPECT_TRUE(refitter->setWeights("scale", WeightsRole::kSCALE, p.weights({5}))) << p.log.errors;
    EXPECT_TRUE(refitter->setWeights("scale", WeightsRole::kSHIFT, p.weights({-1}))) << p.log.errors;
    EXPECT_TRUE(refitter->setWeights("convolution", WeightsRole::kBIAS, p.weights({0.25}))) << p.log.errors;
    ASSERT_TRUE(refitter->refitCudaEngine()) << p.log.errors;
    answers(5, -1, 3, 0.25);
    EXPECT_TRUE(refitter->setWeights("convolution", WeightsRole::kKERNEL, p.weights({4}))) << p.log.errors;
    ASSERT_TRUE(refitter->refitCudaEngine()) << p.log.errors;
    answers(5, -1, 4, 0.25);
  }
}

TEST(RetiredLayers, a_runtime_that_a_program_loads_reads_plans) {
  Program p;
  p.output(*p.network->addActivation(p.input("x", {2}), ActivationType::kRELU));
  std::unique_ptr<IHostMemory> plan(p.builder->buildSerializedNetwork(*p.network, *p.config));
  ASSERT_NE(plan, nullptr);
  std::unique_ptr<IRuntime> runtime(createInferRuntime(p.log));
  std::unique_ptr<IRuntime> lean(runtime->loadRuntime("libnvinfer_lean.so.8"));
  ASSERT_NE(lean, nullptr) << p.log.errors;
  runtime.reset();
  std::unique_ptr<ICudaEngine> engine(lean->deserializeCudaEngine(plan->data(), plan->size()));
  ASSERT_NE(engine, nullptr) << p.log.errors;
  expect_near(run_engine(*engine, {{"x", {{2}, {-1, 2}}}}, p.log).at(0), {2}, {0, 2});
  EXPECT_EQ(lean->loadRuntime(""), nullptr);
}

}  // namespace
