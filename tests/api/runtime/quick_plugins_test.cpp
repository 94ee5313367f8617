// Quick plugins: named types and formats, strides, tactics, state in the plan, and the kernels that need a GPU.
#include "NvInferRuntime.h"
#include "harness.h"
#include "impl/NvInferPythonPlugin.h"

namespace {

using namespace harness;

struct Seen {
  int runs = 0;
  int32_t tactic = 0;
  std::vector<int64_t> strides;
  std::vector<int32_t> ranks;
  TensorFormat format = TensorFormat::kLINEAR;
  std::string space;
  TensorRTPhase phase = TensorRTPhase::kBUILD;
};
Seen seen;

struct Rules {
  bool fails = false, has_tactics = false;
  TensorFormat format = TensorFormat::kLINEAR;
  int combinations = 1;
  int32_t alias = -1;
};

// y = factor * x. With IPluginV3QuickAOTBuild it is compiled, and the program cannot run it.
template <class Build>
class Scale final : public IPluginV3, public IPluginV3QuickCore, public Build, public IPluginV3QuickRuntime {
 public:
  explicit Scale(float factor, Rules rules = {}) : factor_(factor), rules_(rules) {}

  IPluginCapability* getCapabilityInterface(PluginCapabilityType type) override {
    if (type == PluginCapabilityType::kCORE) return static_cast<IPluginV3QuickCore*>(this);
    if (type == PluginCapabilityType::kBUILD) return static_cast<Build*>(this);
    return std::is_same<Build, IPluginV3QuickBuild>::value ? static_cast<IPluginV3QuickRuntime*>(this) : nullptr;
  }
  IPluginV3* clone() override { return new Scale(factor_, rules_); }
  char const* getPluginName() const override { return "Scale"; }
  char const* getPluginVersion() const override { return "1"; }
  char const* getPluginNamespace() const override { return "quick"; }

  int32_t getNbOutputs() const override { return 1; }
  int32_t getOutputDataTypes(DataType* outputs, int32_t, DataType const* inputs, int32_t const* ranks, int32_t count) const override {
    seen.ranks.assign(ranks, ranks + count);
    outputs[0] = inputs[0];
    return 0;
  }
  int32_t getOutputShapes(DimsExprs const* inputs, int32_t, DimsExprs const*, int32_t, DimsExprs* outputs, int32_t,
                          IExprBuilder&) override {
    outputs[0] = inputs[0];
    return 0;
  }
  int32_t configurePlugin(DynamicPluginTensorDesc const* in, int32_t, DynamicPluginTensorDesc const*, int32_t) override {
    seen.format = in[0].desc.format;
    return 0;
  }
  int32_t getNbSupportedFormatCombinations(DynamicPluginTensorDesc const*, int32_t, int32_t) override { return rules_.combinations; }
  int32_t getSupportedFormatCombinations(DynamicPluginTensorDesc const*, int32_t inputs, int32_t outputs, PluginTensorDesc* all,
                                         int32_t count) override {
    // The first ones are for a type that the network does not have.
    for (int32_t i = 0; i < count * (inputs + outputs); ++i) {
      all[i].type = i + inputs + outputs < count * (inputs + outputs) ? DataType::kINT32 : DataType::kFLOAT;
      all[i].format = rules_.format;
    }
    return 0;
  }
  int32_t getNbTactics() override { return rules_.has_tactics ? 2 : 0; }
  int32_t getValidTactics(int32_t* tactics, int32_t) override {
    tactics[0] = 7;
    tactics[1] = 9;
    return 0;
  }
  int32_t getAliasedInput(int32_t) override { return rules_.alias; }
  char const* getTimingCacheID() override { return "scale"; }
  char const* getMetadataString() override { return "a factor"; }

  int32_t setTactic(int32_t tactic) override {
    tactic_ = tactic;
    return 0;
  }
  int32_t enqueue(PluginTensorDesc const* in, PluginTensorDesc const*, void const* const* inputs, void* const* outputs, Dims const* strides,
                  Dims const*, int32_t, int32_t, cudaStream_t) override {
    ++seen.runs;
    seen.tactic = tactic_;
    seen.strides = shape_of(strides[0]);
    if (rules_.fails) return 5;
    int64_t count = 1;
    for (int32_t d = 0; d < in[0].dims.nbDims; ++d) count *= in[0].dims.d[d];
    for (int64_t i = 0; i < count; ++i) static_cast<float*>(outputs[0])[i] = factor_ * static_cast<float const*>(inputs[0])[i];
    volatile double busy = 0;  // the slower of the two loses
    for (int i = 0; tactic_ == 7 && i < 2000000; ++i) busy = busy + 1;
    return 0;
  }
  PluginFieldCollection const* getFieldsToSerialize() override {
    field_ = PluginField("factor", &factor_, PluginFieldType::kFLOAT32, 1);
    fields_ = {1, &field_};
    return &fields_;
  }

  int32_t getLaunchParams(DimsExprs const*, DynamicPluginTensorDesc const*, int32_t, int32_t, IKernelLaunchParams*, ISymExprs*,
                          IExprBuilder&) {
    return 0;
  }
  int32_t getKernel(PluginTensorDesc const*, int32_t, PluginTensorDesc const*, int32_t, char const**, char**, int32_t*) { return 0; }

 private:
  float factor_;
  Rules rules_;
  int32_t tactic_ = 0;
  PluginField field_;
  PluginFieldCollection fields_{0, nullptr};
};
using Called = Scale<IPluginV3QuickBuild>;
using Compiled = Scale<IPluginV3QuickAOTBuild>;

class Creator final : public IPluginCreatorV3Quick {
 public:
  IPluginV3* createPlugin(AsciiChar const*, AsciiChar const* space, PluginFieldCollection const* fields, TensorRTPhase phase,
                          QuickPluginCreationRequest) override {
    seen.space = space;
    seen.phase = phase;
    return fields->nbFields == 1 ? new Called(*static_cast<float const*>(fields->fields[0].data)) : nullptr;
  }
  PluginFieldCollection const* getFieldNames() override { return &none_; }
  char const* getPluginName() const override { return "Scale"; }
  char const* getPluginVersion() const override { return "1"; }
  char const* getPluginNamespace() const override { return "quick"; }

 private:
  PluginFieldCollection none_{0, nullptr};
};

// x [2, 3, 2, 2] -> the plugin -> relu
struct Net {
  explicit Net(IPluginV3& plugin, const std::vector<int64_t>& shape = {2, 3}) {
    seen = Seen();
    ITensor* x = &p.input("x", shape);
    layer = p.network->addPluginV3(&x, 1, nullptr, 0, plugin);
    if (layer) p.output(*p.network->addActivation(*layer->getOutput(0), ActivationType::kRELU));
  }
  std::unique_ptr<ICudaEngine> engine() { return std::unique_ptr<ICudaEngine>(p.builder->buildEngineWithConfig(*p.network, *p.config)); }
  std::vector<Value> run(const Value& x) {
    auto made = engine();
    return made ? run_engine(*made, {{"x", x}}, p.log) : std::vector<Value>();
  }
  Program p;
  IPluginV3Layer* layer = nullptr;
};

TEST(QuickPlugins, one_is_called_with_strides) {
  Called plugin(3);
  Net net(plugin);
  const auto values = net.run({{2, 3}, {1, -2, 3, 4, 5, -6}});
  ASSERT_EQ(values.size(), 1u) << net.p.log.errors;
  expect_near(values[0], {2, 3}, {3, 0, 9, 12, 15, 0});
  EXPECT_EQ(seen.strides, (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(seen.ranks, std::vector<int32_t>{2});
}

TEST(QuickPlugins, a_combination_names_the_format) {
  Rules rules;
  rules.format = TensorFormat::kHWC;
  rules.combinations = 3;
  Called plugin(2, rules);
  Net net(plugin, {1, 3, 1, 2});
  const auto values = net.run({{1, 3, 1, 2}, {1, 2, 3, 4, 5, 6}});
  ASSERT_EQ(values.size(), 1u) << net.p.log.errors;
  expect_near(values[0], {1, 3, 1, 2}, {2, 4, 6, 8, 10, 12});
  EXPECT_EQ(seen.format, TensorFormat::kHWC);
  EXPECT_EQ(seen.strides, (std::vector<int64_t>{6, 1, 6, 3}));
}

TEST(QuickPlugins, the_faster_tactic_is_kept) {
  Rules rules;
  rules.has_tactics = true;
  Called plugin(2, rules);
  Net net(plugin);
  const auto values = net.run({{2, 3}, {1, 2, 3, 4, 5, 6}});
  ASSERT_EQ(values.size(), 1u) << net.p.log.errors;
  EXPECT_EQ(seen.tactic, 9);
}

TEST(QuickPlugins, an_output_may_lie_over_its_input) {
  Rules rules;
  rules.alias = 0;
  Called plugin(2, rules);
  Net net(plugin);
  const auto values = net.run({{2, 3}, {1, 2, 3, 4, 5, 6}});
  ASSERT_EQ(values.size(), 1u) << net.p.log.errors;
  expect_near(values[0], {2, 3}, {2, 4, 6, 8, 10, 12});
}

TEST(QuickPlugins, the_inspector_shows_its_remark) {
  Called plugin(2);
  Net net(plugin);
  net.layer->setMetadata("mine");
  net.p.config->setProfilingVerbosity(ProfilingVerbosity::kDETAILED);
  auto engine = net.engine();
  ASSERT_TRUE(engine) << net.p.log.errors;
  std::unique_ptr<IEngineInspector> inspector(engine->createEngineInspector());
  const std::string text = inspector->getEngineInformation(LayerInformationFormat::kJSON);
  EXPECT_NE(text.find("\"Metadata\": \"mine a factor\""), std::string::npos) << text;
}

TEST(QuickPlugins, a_plan_makes_it_again_from_its_fields) {
  Called plugin(4);
  Net net(plugin);
  std::unique_ptr<IHostMemory> plan(net.p.builder->buildSerializedNetwork(*net.p.network, *net.p.config));
  ASSERT_TRUE(plan) << net.p.log.errors;
  std::unique_ptr<IRuntime> runtime(createInferRuntime(net.p.log));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  EXPECT_FALSE(engine);
  EXPECT_NE(net.p.log.errors.find("plugin 'Scale' version '1' of 'quick' has no creator"), std::string::npos) << net.p.log.errors;

  Creator creator;
  ASSERT_TRUE(runtime->getPluginRegistry().registerCreator(creator, "quick"));
  engine.reset(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  ASSERT_TRUE(engine) << net.p.log.errors;
  EXPECT_EQ(seen.space, "quick");
  EXPECT_EQ(seen.phase, TensorRTPhase::kRUNTIME);
  const auto values = run_engine(*engine, {{"x", {{2, 3}, {1, 2, 3, 4, 5, 6}}}}, net.p.log);
  expect_near(values[0], {2, 3}, {4, 8, 12, 16, 20, 24});
}

TEST(QuickPlugins, failures_are_told_with_their_call) {
  Rules none;
  none.combinations = 0;
  Called without(2, none);
  Net refused(without);
  EXPECT_FALSE(refused.engine());
  EXPECT_NE(refused.p.log.errors.find("takes no format with tensors of float"), std::string::npos) << refused.p.log.errors;

  none.combinations = -1;
  Called wrong(2, none);
  Net counted(wrong);
  EXPECT_FALSE(counted.engine());
  EXPECT_NE(counted.p.log.errors.find("getNbSupportedFormatCombinations gives -1"), std::string::npos) << counted.p.log.errors;

  Rules failing;
  failing.fails = true;
  Called failed(2, failing);
  Net run(failed);
  auto engine = run.engine();
  ASSERT_TRUE(engine) << run.p.log.errors;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  float x[6] = {}, y[6] = {};
  void* buffers[] = {x, y};
  EXPECT_FALSE(context->executeV2(buffers));
  EXPECT_NE(run.p.log.errors.find("enqueue returned 5"), std::string::npos) << run.p.log.errors;
}

// The program that enqueues and then only waits.
TEST(QuickPlugins, a_run_that_fails_on_a_stream_is_seen_at_once) {
  Rules failing;
  failing.fails = true;
  Called plugin(2, failing);
  Net net(plugin);
  auto engine = net.engine();
  ASSERT_TRUE(engine) << net.p.log.errors;
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  float x[6] = {}, y[6] = {};
  context->setTensorAddress("x", x);
  context->setTensorAddress(engine->getIOTensorName(1), y);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  for (int time = 0; time < 2; ++time) {
    net.p.log.errors.clear();
    EXPECT_TRUE(context->enqueueV3(stream)) << net.p.log.errors;
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
    EXPECT_NE(net.p.log.errors.find("enqueue returned 5"), std::string::npos) << net.p.log.errors;
  }
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  cudaStreamDestroy(stream);
  cudaGetLastError();
}

TEST(QuickPlugins, compiled_kernels_are_not_on_this_device) {
  Compiled plugin(2);
  Net net(plugin);
  ASSERT_TRUE(net.layer) << net.p.log.errors;
  EXPECT_FALSE(net.engine());
  EXPECT_NE(net.p.log.errors.find("it is not on this device"), std::string::npos) << net.p.log.errors;
}

}  // namespace
