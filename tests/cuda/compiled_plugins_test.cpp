// Quick plugins whose kernel is compiled ahead, on the emulated GPU: the plan keeps the kernel, and its launch follows from the shapes.
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "NvInfer.h"
#include "impl/NvInferPythonPlugin.h"

namespace {

using namespace nvinfer1;

class Messages final : public ILogger {
 public:
  void log(Severity severity, char const* message) noexcept override {
    if (severity <= Severity::kERROR) errors += std::string(message) + "\n";
  }
  std::string errors;
};

// A number of a launch, as a program says it.
class Size final : public ISymExpr {
 public:
  explicit Size(IDimensionExpr const* expression, PluginArgDataType type = PluginArgDataType::kINT32)
      : expression_(expression), type_(type) {}
  ~Size() noexcept override = default;
  PluginArgType getType() const noexcept override { return PluginArgType::kINT; }
  PluginArgDataType getDataType() const noexcept override { return type_; }
  void* getExpr() noexcept override { return const_cast<IDimensionExpr*>(expression_); }

 private:
  IDimensionExpr const* expression_;
  PluginArgDataType type_;
};

struct Rules {
  bool has_tactics = false, is_named_wrongly = false, is_too_large = false;
};
std::vector<int32_t> tactics_set;

// y = 3 * x for x [n, m]: blocks of 8 threads in rows, one row of blocks for each row.
class Scale final : public IPluginV3, public IPluginV3QuickCore, public IPluginV3QuickAOTBuild {
 public:
  explicit Scale(Rules rules = {}) : rules_(rules) {
    std::ifstream file(COMPILED_KERNEL, std::ios::binary);
    kernel_.assign(std::istreambuf_iterator<char>(file), {});
  }
  IPluginCapability* getCapabilityInterface(PluginCapabilityType type) override {
    if (type == PluginCapabilityType::kCORE) return static_cast<IPluginV3QuickCore*>(this);
    return type == PluginCapabilityType::kBUILD ? static_cast<IPluginV3QuickAOTBuild*>(this) : nullptr;
  }
  IPluginV3* clone() override { return new Scale(*this); }
  char const* getPluginName() const override { return "Scale"; }
  char const* getPluginVersion() const override { return "1"; }
  char const* getPluginNamespace() const override { return ""; }
  int32_t getNbOutputs() const override { return 1; }
  int32_t getOutputDataTypes(DataType* outputs, int32_t, DataType const* inputs, int32_t const*, int32_t) const override {
    outputs[0] = inputs[0];
    return 0;
  }
  int32_t getOutputShapes(DimsExprs const* inputs, int32_t, DimsExprs const*, int32_t, DimsExprs* outputs, int32_t,
                          IExprBuilder&) override {
    outputs[0] = inputs[0];
    return 0;
  }
  int32_t configurePlugin(DynamicPluginTensorDesc const*, int32_t, DynamicPluginTensorDesc const*, int32_t) override { return 0; }
  int32_t getNbSupportedFormatCombinations(DynamicPluginTensorDesc const*, int32_t, int32_t) override { return 1; }
  int32_t getSupportedFormatCombinations(DynamicPluginTensorDesc const*, int32_t inputs, int32_t outputs, PluginTensorDesc* all,
                                         int32_t) override {
    for (int32_t i = 0; i < inputs + outputs; ++i) {
      all[i].type = DataType::kFLOAT;
      all[i].format = TensorFormat::kLINEAR;
    }
    return 0;
  }
  int32_t getNbTactics() override { return rules_.has_tactics ? 2 : 0; }
  int32_t getValidTactics(int32_t* tactics, int32_t) override {
    tactics[0] = 4;
    tactics[1] = 6;
    return 0;
  }
  int32_t setTactic(int32_t tactic) override {
    tactics_set.push_back(tactic);
    return 0;
  }
  int32_t getLaunchParams(DimsExprs const* inputs, DynamicPluginTensorDesc const*, int32_t, int32_t, IKernelLaunchParams* sizes,
                          ISymExprs* arguments, IExprBuilder& builder) override {
    Size eight(builder.constant(8)), zero(builder.constant(0));
    // What is not said is one thread, without shared memory.
    EXPECT_EQ(static_cast<IDimensionExpr*>(sizes->getBlockY()->getExpr())->getConstantValue(), 1);
    EXPECT_EQ(static_cast<IDimensionExpr*>(sizes->getSharedMem()->getExpr())->getConstantValue(), 0);
    Size rows(inputs[0].d[0]);
    Size blocks(builder.operation(DimensionOperation::kCEIL_DIV, *inputs[0].d[1], *builder.constant(8)));
    Size bytes(builder.operation(DimensionOperation::kPROD, *inputs[0].d[1], *builder.constant(4)));
    Size two(builder.constant(2)), one(builder.constant(1));
    EXPECT_TRUE(sizes->setGridX(&blocks) && sizes->setGridY(&rows) && sizes->setGridZ(&one));
    EXPECT_TRUE(sizes->setBlockX(&eight) && sizes->setBlockY(&two) && sizes->setBlockZ(&one) && sizes->setSharedMem(&bytes));
    EXPECT_FALSE(sizes->setGridX(nullptr));
    EXPECT_EQ(sizes->getGridX(), &blocks);
    EXPECT_EQ(sizes->getGridY(), &rows);
    EXPECT_EQ(sizes->getBlockX(), &eight);
    EXPECT_EQ(sizes->getGridZ(), sizes->getBlockZ());
    Size count(builder.operation(DimensionOperation::kPROD, *inputs[0].d[0], *inputs[0].d[1]));
    Size three(builder.constant(rules_.is_too_large ? 300 : 3), PluginArgDataType::kINT8);
    EXPECT_FALSE(arguments->setSymExpr(0, &count));
    EXPECT_FALSE(arguments->setNbSymExprs(-1));
    EXPECT_TRUE(arguments->setNbSymExprs(2) && arguments->setSymExpr(0, &count) && arguments->setSymExpr(1, &three));
    EXPECT_FALSE(arguments->setSymExpr(2, &count) || arguments->setSymExpr(0, nullptr));
    EXPECT_EQ(arguments->getNbSymExprs(), 2);
    EXPECT_EQ(arguments->getSymExpr(1), &three);
    EXPECT_EQ(arguments->getSymExpr(1)->getType(), PluginArgType::kINT);
    EXPECT_EQ(arguments->getSymExpr(2), nullptr);
    return 0;
  }
  int32_t getKernel(PluginTensorDesc const*, int32_t, PluginTensorDesc const*, int32_t, char const** name, char** code,
                    int32_t* size) override {
    *name = rules_.is_named_wrongly ? "scales" : "scale";
    *code = kernel_.data();
    *size = static_cast<int32_t>(kernel_.size());
    return 0;
  }

 private:
  Rules rules_;
  std::vector<char> kernel_;
};

class CompiledPlugins : public ::testing::Test {
 protected:
  void SetUp() override { tactics_set.clear(); }

  std::unique_ptr<IHostMemory> build(const Rules& rules = {}) {
    std::unique_ptr<IBuilder> builder(createInferBuilder(log_));
    std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
    std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
    ITensor* x = network->addInput("x", DataType::kFLOAT, Dims2(-1, -1));
    Scale plugin(rules);
    IPluginV3Layer* layer = network->addPluginV3(&x, 1, nullptr, 0, plugin);
    layer->getOutput(0)->setName("y");
    network->markOutput(*layer->getOutput(0));
    IOptimizationProfile* profile = builder->createOptimizationProfile();
    profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 1));
    profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(2, 16));
    profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(8, 64));
    config->addOptimizationProfile(profile);
    return std::unique_ptr<IHostMemory>(builder->buildSerializedNetwork(*network, *config));
  }

  // The runtime outlives the engines.
  std::unique_ptr<ICudaEngine> load(const IHostMemory& plan, bool allowed) {
    runtime_.reset(createInferRuntime(log_));
    runtime_->setEngineHostCodeAllowed(allowed);
    return std::unique_ptr<ICudaEngine>(runtime_->deserializeCudaEngine(plan.data(), plan.size()));
  }

  std::vector<float> run(IExecutionContext& context, const std::vector<float>& x, int64_t rows, int64_t columns) {
    cudaStream_t stream = nullptr;
    cudaStreamCreateWithFlags(&stream, 0);
    void *in = nullptr, *out = nullptr;
    const size_t bytes = x.size() * sizeof(float);
    cudaMalloc(&in, bytes);
    cudaMalloc(&out, bytes);
    cudaMemcpy(in, x.data(), bytes, cudaMemcpyHostToDevice);
    EXPECT_TRUE(context.setInputShape("x", Dims2(rows, columns)) && context.setTensorAddress("x", in) &&
                context.setTensorAddress("y", out));
    EXPECT_TRUE(context.enqueueV3(stream)) << log_.errors;
    cudaStreamSynchronize(stream);
    std::vector<float> y(x.size());
    cudaMemcpy(y.data(), out, bytes, cudaMemcpyDeviceToHost);
    cudaFree(in);
    cudaFree(out);
    cudaStreamDestroy(stream);
    return y;
  }

  // Of the newest launch: grid x, y, z, block x, y, z, bytes of shared memory.
  std::vector<unsigned> newest_launch() {
    std::vector<unsigned> sizes(7);
    auto tell = reinterpret_cast<void (*)(unsigned*)>(dlsym(RTLD_DEFAULT, "emulatedLaunch"));
    EXPECT_TRUE(tell);
    if (tell) tell(sizes.data());
    return sizes;
  }

  Messages log_;
  std::unique_ptr<IRuntime> runtime_;
};

TEST_F(CompiledPlugins, the_launch_follows_from_the_shapes) {
  auto plan = build();
  ASSERT_TRUE(plan) << log_.errors;
  auto engine = load(*plan, true);
  ASSERT_TRUE(engine) << log_.errors;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  for (int64_t columns : {9, 20}) {
    std::vector<float> x(static_cast<size_t>(3 * columns)), wanted;
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) - 5;
    for (float value : x) wanted.push_back(3 * value);
    EXPECT_EQ(run(*context, x, 3, columns), wanted);
    const auto blocks = static_cast<unsigned>((columns + 7) / 8), bytes = static_cast<unsigned>(4 * columns);
    EXPECT_EQ(newest_launch(), (std::vector<unsigned>{blocks, 3, 1, 8, 2, 1, bytes}));
  }
}

TEST_F(CompiledPlugins, a_plan_brings_code_only_where_that_is_allowed) {
  auto plan = build();
  ASSERT_TRUE(plan) << log_.errors;
  EXPECT_FALSE(load(*plan, false));
  EXPECT_NE(log_.errors.find("call setEngineHostCodeAllowed(true)"), std::string::npos) << log_.errors;
}

TEST_F(CompiledPlugins, each_tactic_has_its_kernel) {
  Rules rules;
  rules.has_tactics = true;
  auto plan = build(rules);
  ASSERT_TRUE(plan) << log_.errors;
  ASSERT_GE(tactics_set.size(), 3u);
  EXPECT_NE(std::find(tactics_set.begin(), tactics_set.end(), 4), tactics_set.end());
  EXPECT_NE(std::find(tactics_set.begin(), tactics_set.end(), 6), tactics_set.end());
}

TEST_F(CompiledPlugins, errors_name_the_kernel) {
  Rules named;
  named.is_named_wrongly = true;
  auto plan = build(named);
  if (plan) {
    auto engine = load(*plan, true);
    std::unique_ptr<IExecutionContext> context(engine ? engine->createExecutionContext() : nullptr);
    EXPECT_FALSE(context);
  }
  EXPECT_NE(log_.errors.find("the kernel 'scales'"), std::string::npos) << log_.errors;

  Rules large;
  large.is_too_large = true;
  log_.errors.clear();
  plan = build(large);
  if (plan) {
    auto engine = load(*plan, true);
    ASSERT_TRUE(engine) << log_.errors;
    std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
    void* memory = nullptr;
    cudaMalloc(&memory, 256);
    context->setInputShape("x", Dims2(1, 1));
    context->setTensorAddress("x", memory);
    context->setTensorAddress("y", memory);
    EXPECT_FALSE(context->enqueueV3(nullptr));
    cudaFree(memory);
  }
  EXPECT_NE(log_.errors.find("argument 1 is 300, which int8 does not hold"), std::string::npos) << log_.errors;
}

}  // namespace
