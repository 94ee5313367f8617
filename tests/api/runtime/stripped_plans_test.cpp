// Plans without weights, and the weights that a refitter brings.
#include <cmath>
#include <cstring>

#include "harness.h"

using namespace harness;

namespace {

std::vector<float> wave(size_t count, float step) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = std::sin(static_cast<float>(i + 1) * step);
  return values;
}

constexpr size_t kKernel = 16 * 16 * 9, kMatrix = 576 * 10;

// y = matmul(relu(conv(x)), w) with weights that follow from `seed`.
struct Net {
  explicit Net(float seed) : kernel(wave(kKernel, seed)), bias(wave(16, seed * 2)), matrix(wave(kMatrix, seed * 3)) {
    ITensor& x = p.input("x", {1, 16, 6, 6});
    auto* conv = p.network->addConvolutionNd(x, 16, dims({3, 3}), p.weights(kernel), p.weights(bias));
    conv->setName("conv");
    conv->setPaddingNd(dims({1, 1}));
    auto* relu = p.network->addActivation(*conv->getOutput(0), ActivationType::kRELU);
    auto* flat = p.network->addShuffle(*relu->getOutput(0));
    flat->setReshapeDimensions(dims({1, 576}));
    auto* w = p.network->addConstant(dims({576, 10}), p.weights(matrix));
    w->setName("w");
    auto* product = p.network->addMatrixMultiply(*flat->getOutput(0), MatrixOperation::kNONE, *w->getOutput(0), MatrixOperation::kNONE);
    product->getOutput(0)->setName("y");
    p.output(*product);
    p.config->setBuilderOptimizationLevel(0);
  }
  std::unique_ptr<IHostMemory> plan() { return std::unique_ptr<IHostMemory>(p.builder->buildSerializedNetwork(*p.network, *p.config)); }
  void give_to(IRefitter& refitter) {
    EXPECT_TRUE(refitter.setWeights("conv", WeightsRole::kKERNEL, p.weights(kernel)));
    EXPECT_TRUE(refitter.setWeights("conv", WeightsRole::kBIAS, p.weights(bias)));
    EXPECT_TRUE(refitter.setWeights("w", WeightsRole::kCONSTANT, p.weights(matrix)));
  }
  Program p;
  std::vector<float> kernel, bias, matrix;
};

std::unique_ptr<ICudaEngine> load(IHostMemory& plan, Messages& log) {
  std::unique_ptr<IRuntime> runtime(createInferRuntime(log));
  return std::unique_ptr<ICudaEngine>(runtime->deserializeCudaEngine(plan.data(), plan.size()));
}

// Ten numbers; none where the run failed.
std::vector<float> answers(ICudaEngine& engine) {
  std::unique_ptr<IExecutionContext> context(engine.createExecutionContext());
  std::vector<float> x = wave(576, 0.05F), y(10);
  void* bindings[] = {x.data(), y.data()};
  return context && context->executeV2(bindings) ? y : std::vector<float>();
}

TEST(StrippedPlans, a_refitted_engine_equals_one_built_from_the_weights_bit_for_bit) {
  Net old(0.7F), fresh(0.31F);
  old.p.config->setFlag(BuilderFlag::kSTRIP_PLAN);
  const auto small = old.plan();
  ASSERT_NE(small, nullptr) << old.p.log.errors;
  old.p.config->clearFlag(BuilderFlag::kSTRIP_PLAN);
  old.p.config->setFlag(BuilderFlag::kREFIT);
  fresh.p.config->setFlag(BuilderFlag::kREFIT);
  const auto whole = old.plan(), wanted = fresh.plan();
  ASSERT_NE(whole, nullptr);
  EXPECT_LT(small->size() + (kKernel + kMatrix) * sizeof(float), whole->size());

  Messages log;
  const auto engine = load(*small, log);
  ASSERT_NE(engine, nullptr) << log.errors;
  EXPECT_TRUE(engine->isRefittable());
  EXPECT_EQ(engine->getEngineStat(EngineStat::kSTRIPPED_WEIGHTS_SIZE), static_cast<int64_t>((kKernel + 16 + kMatrix) * sizeof(float)));
  EXPECT_TRUE(answers(*engine).empty());
  EXPECT_NE(log.errors.find("the plan was written without its weights, and 3 are still missing"), std::string::npos) << log.errors;

  std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, log));
  EXPECT_EQ(refitter->getMissing(0, nullptr, nullptr), 3);
  EXPECT_EQ(refitter->getMissingWeights(0, nullptr), 3);
  EXPECT_FALSE(refitter->refitCudaEngine());
  EXPECT_NE(log.errors.find("3 weights that the plan was written without are not set"), std::string::npos) << log.errors;
  EXPECT_TRUE(refitter->setWeights("conv", WeightsRole::kKERNEL, fresh.p.weights(fresh.kernel)));
  const char* layers[3] = {};
  WeightsRole roles[3] = {};
  ASSERT_EQ(refitter->getMissing(3, layers, roles), 2);
  EXPECT_STREQ(layers[0], "conv");
  EXPECT_EQ(roles[0], WeightsRole::kBIAS);
  EXPECT_STREQ(layers[1], "w");
  fresh.give_to(*refitter);
  EXPECT_EQ(refitter->getMissing(0, nullptr, nullptr), 0);
  ASSERT_TRUE(refitter->refitCudaEngine()) << log.errors;
  EXPECT_EQ(refitter->getMissing(0, nullptr, nullptr), 0);
  EXPECT_EQ(engine->getEngineStat(EngineStat::kSTRIPPED_WEIGHTS_SIZE), 0);

  const auto direct = load(*wanted, log);
  const std::vector<float> got = answers(*engine), same = answers(*direct);
  ASSERT_EQ(got.size(), 10u) << log.errors;
  ASSERT_EQ(same.size(), 10u) << log.errors;
  EXPECT_EQ(std::memcmp(got.data(), same.data(), sizeof(float) * 10), 0);

  // Written again, it has its weights; without kINCLUDE_REFIT nobody may change them any more.
  std::unique_ptr<ISerializationConfig> config(engine->createSerializationConfig());
  std::unique_ptr<IHostMemory> fixed(engine->serializeWithConfig(*config));
  const auto last = load(*fixed, log);
  ASSERT_NE(last, nullptr) << log.errors;
  EXPECT_FALSE(last->isRefittable());
  EXPECT_EQ(answers(*last), got);
  config->setFlag(SerializationFlag::kINCLUDE_REFIT);
  std::unique_ptr<IHostMemory> open(engine->serializeWithConfig(*config));
  const auto still = load(*open, log);
  ASSERT_NE(still, nullptr) << log.errors;
  EXPECT_TRUE(still->isRefittable());
}

TEST(StrippedPlans, an_engine_is_written_without_its_weights) {
  Net net(0.7F);
  net.p.config->setFlag(BuilderFlag::kREFIT);
  const auto engine = net.p.engine();
  ASSERT_NE(engine, nullptr);
  const std::vector<float> wanted = answers(*engine);
  std::unique_ptr<ISerializationConfig> config(engine->createSerializationConfig());
  config->setFlag(SerializationFlag::kEXCLUDE_WEIGHTS);
  std::unique_ptr<IHostMemory> small(engine->serializeWithConfig(*config)), whole(engine->serialize());
  ASSERT_NE(small, nullptr) << net.p.log.errors;
  EXPECT_LT(small->size() + (kKernel + kMatrix) * sizeof(float), whole->size());
  const auto stripped = load(*small, net.p.log);
  ASSERT_NE(stripped, nullptr) << net.p.log.errors;
  std::unique_ptr<IRefitter> refitter(createInferRefitter(*stripped, net.p.log));
  net.give_to(*refitter);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  ASSERT_TRUE(refitter->refitCudaEngineAsync(stream)) << net.p.log.errors;
  cudaStreamDestroy(stream);
  EXPECT_EQ(answers(*stripped), wanted);

  Net plain(0.7F);
  const auto closed = plain.p.engine();
  std::unique_ptr<ISerializationConfig> exclude(closed->createSerializationConfig());
  exclude->setFlag(SerializationFlag::kEXCLUDE_WEIGHTS);
  EXPECT_EQ(closed->serializeWithConfig(*exclude), nullptr);
  EXPECT_NE(plain.p.log.errors.find("kEXCLUDE_WEIGHTS leaves out refittable weights"), std::string::npos) << plain.p.log.errors;
}

TEST(StrippedPlans, weights_on_the_device_and_those_that_were_marked) {
  Net net(0.7F), other(0.31F);
  net.p.network->setWeightsName(
      net.p.network->getLayer(0) ? static_cast<IConvolutionLayer*>(net.p.network->getLayer(0))->getKernelWeights() : Weights{}, "kernel");
  ASSERT_TRUE(net.p.network->markWeightsRefittable("kernel"));
  net.p.config->setFlag(BuilderFlag::kREFIT_INDIVIDUAL);
  net.p.config->setFlag(BuilderFlag::kSTRIP_PLAN);
  const auto plan = net.plan();
  ASSERT_NE(plan, nullptr) << net.p.log.errors;
  const auto engine = load(*plan, net.p.log);
  ASSERT_NE(engine, nullptr) << net.p.log.errors;
  std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, net.p.log));
  const char* name = nullptr;
  ASSERT_EQ(refitter->getMissingWeights(1, &name), 1);
  EXPECT_STREQ(name, "kernel");
  void* memory = nullptr;
  cudaMalloc(&memory, kKernel * sizeof(float));
  cudaStream_t stream = nullptr;
  cudaStreamCreate(&stream);
  cudaMemcpyAsync(memory, other.kernel.data(), kKernel * sizeof(float), cudaMemcpyHostToDevice, stream);
  ASSERT_TRUE(
      refitter->setNamedWeights("kernel", Weights{DataType::kFLOAT, memory, static_cast<int64_t>(kKernel)}, TensorLocation::kDEVICE));
  EXPECT_EQ(refitter->getWeightsLocation("kernel"), TensorLocation::kDEVICE);
  ASSERT_TRUE(refitter->refitCudaEngineAsync(stream)) << net.p.log.errors;
  cudaStreamDestroy(stream);
  cudaFree(memory);

  Net mixed(0.7F);
  static_cast<IConvolutionLayer*>(mixed.p.network->getLayer(0))->setKernelWeights(mixed.p.weights(other.kernel));
  mixed.p.config->setFlag(BuilderFlag::kREFIT);
  const auto direct = mixed.p.engine();
  EXPECT_EQ(answers(*engine), answers(*direct));

  Net nothing(0.7F);
  nothing.p.config->setFlag(BuilderFlag::kREFIT_INDIVIDUAL);
  const auto closed = nothing.p.engine();
  ASSERT_NE(closed, nullptr);
  std::unique_ptr<IRefitter> none(createInferRefitter(*closed, nothing.p.log));
  ASSERT_NE(none, nullptr);
  EXPECT_EQ(none->getAllWeights(0, nullptr), 0);
}

TEST(StrippedPlans, the_budget_of_streamed_weights_is_kept) {
  Net net(0.7F);
  const auto plain = net.p.engine();
  EXPECT_EQ(plain->getStreamableWeightsSize(), 0);
  net.p.config->setFlag(BuilderFlag::kWEIGHT_STREAMING);
  const auto engine = net.p.engine();
  const int64_t size = engine->getStreamableWeightsSize();
  EXPECT_GE(size, static_cast<int64_t>((kKernel + kMatrix) * sizeof(float)));
  EXPECT_EQ(engine->getWeightStreamingBudgetV2(), size);
  EXPECT_EQ(engine->getWeightStreamingAutomaticBudget(), size);
  EXPECT_TRUE(engine->setWeightStreamingBudgetV2(1000));
  EXPECT_EQ(engine->getWeightStreamingBudgetV2(), 1000);
  EXPECT_FALSE(engine->setWeightStreamingBudgetV2(-1));
  EXPECT_TRUE(engine->setWeightStreamingBudgetV2(size * 2));
  EXPECT_EQ(engine->getWeightStreamingBudgetV2(), size);
  // The first form: 0 switches streaming off, and -1 leaves it to the engine.
  EXPECT_TRUE(engine->setWeightStreamingBudget(2000));
  EXPECT_EQ(engine->getWeightStreamingBudget(), 2000);
  EXPECT_TRUE(engine->setWeightStreamingBudget(0));
  EXPECT_EQ(engine->getWeightStreamingBudget(), size);
  EXPECT_FALSE(engine->setWeightStreamingBudget(-2));
  EXPECT_EQ(answers(*engine), answers(*plain));
}

}  // namespace
