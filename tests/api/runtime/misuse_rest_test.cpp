// The rest of misuse: calls on engines, contexts, refitters, parsers and networks with null, wrong and late arguments, and what all getters
// answer after failures.
#include <algorithm>
#include <climits>
#include <cstring>
#include <sstream>

#include "NvCaffeParser.h"
#include "NvInferConsistency.h"
#include "NvOnnxConfig.h"
#include "NvOnnxParser.h"
#include "NvUffParser.h"
#include "harness.h"
#include "ingot/weights.h"

using namespace harness;

namespace {

// As in misuse_test.cpp: a loud call leaves one error in the log, a quiet one none.
struct Row {
  const char* call;
  std::function<bool()> refused;
  bool loud = true;
};
constexpr bool kQuiet = false;

void check(Messages& log, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    log.errors.clear();
    EXPECT_TRUE(row.refused()) << row.call;
    EXPECT_EQ(std::count(log.errors.begin(), log.errors.end(), '\n'), row.loud ? 1 : 0) << row.call << ": " << log.errors;
  }
  log.errors.clear();
}

const Weights kNone{DataType::kFLOAT, nullptr, 0};

// y = x . w + b, refittable, its weights streamable, with names for its weights.
struct Refittable : Program {
  Refittable() {
    config->setFlag(BuilderFlag::kREFIT);
    config->setFlag(BuilderFlag::kWEIGHT_STREAMING);
    const Weights values = weights({1, 2, 3, 4, 5, 6});
    auto* constant = network->addConstant(dims({3, 2}), values);
    network->setWeightsName(values, "w");
    auto* product = network->addMatrixMultiply(input("x", {2, 3}), MatrixOperation::kNONE, *constant->getOutput(0), MatrixOperation::kNONE);
    product->getOutput(0)->setName("y");
    mark(*product->getOutput(0));
    made = engine();
  }
  std::unique_ptr<ICudaEngine> made;
};

// All that an engine tells by itself.
std::string answers_of(ICudaEngine& engine) {
  std::ostringstream text;
  std::unique_ptr<IHostMemory> plan(engine.serialize());
  text << engine.getNbBindings() << engine.getNbOptimizationProfiles() << ' ' << engine.getDeviceMemorySize() << ' '
       << engine.getDeviceMemorySizeV2() << engine.isRefittable() << engine.getWeightStreamingAutomaticBudget() << ' '
       << engine.getStreamableWeightsSize() << ' ' << engine.hasImplicitBatchDimension() << engine.getWorkspaceSize() << ' '
       << (plan ? plan->size() : 0) << ' ' << engine.getErrorRecorder() << engine.getWeightStreamingBudgetV2();
  return text.str();
}

TEST(MisuseOfEngines, names_and_budgets_that_are_none) {
  Refittable net;
  ICudaEngine& engine = *net.made;
  const std::string before = answers_of(engine);
  check(net.log, {
                     {"getTensorDataType of null", [&] { return engine.getTensorDataType(nullptr) == DataType::kFLOAT; }},
                     {"getTensorDataType of no tensor", [&] { return engine.getTensorDataType("z") == DataType::kFLOAT; }},
                     {"getBindingDataType outside", [&] { return engine.getBindingDataType(-1) == DataType::kFLOAT; }},
                     {"getTensorLocation of null", [&] { return engine.getTensorLocation(nullptr) == TensorLocation::kDEVICE; }},
                     {"getAliasedInputTensor of null", [&] { return engine.getAliasedInputTensor(nullptr) == nullptr; }},
                     {"getAliasedInputTensor of an input", [&] { return engine.getAliasedInputTensor("x") == nullptr; }, kQuiet},
                     {"isDebugTensor of null", [&] { return !engine.isDebugTensor(nullptr); }, kQuiet},
                     {"isDebugTensor of no tensor", [&] { return !engine.isDebugTensor("z"); }, kQuiet},
                     {"setWeightStreamingBudgetV2 of -1", [&] { return !engine.setWeightStreamingBudgetV2(-1); }},
                     {"setWeightStreamingBudgetV2 of the least", [&] { return !engine.setWeightStreamingBudgetV2(INT64_MIN); }},
                     {"setWeightStreamingBudget of -2", [&] { return !engine.setWeightStreamingBudget(-2); }},
                     {"createExecutionContext of no strategy",
                      [&] { return engine.createExecutionContext(static_cast<ExecutionContextAllocationStrategy>(99)) == nullptr; }},
                 });
  EXPECT_EQ(answers_of(engine), before);
  std::unique_ptr<IExecutionContext> context(engine.createExecutionContext());
  net.log.errors.clear();
  EXPECT_FALSE(engine.setWeightStreamingBudgetV2(8));
  EXPECT_EQ(std::count(net.log.errors.begin(), net.log.errors.end(), '\n'), 1) << net.log.errors;
  context.reset();
  EXPECT_TRUE(engine.setWeightStreamingBudgetV2(8));
}

TEST(MisuseOfContexts, runs_and_memory_that_cannot_be) {
  Refittable net;
  ICudaEngine& engine = *net.made;
  std::unique_ptr<IExecutionContext> context(engine.createExecutionContext());
  std::unique_ptr<IExecutionContext> bare(engine.createExecutionContextWithoutDeviceMemory());
  ASSERT_TRUE(context && bare);
  float x[6] = {1, 2, 3, 4, 5, 6}, y[4] = {};
  void* bindings[] = {x, y};
  check(net.log, {
                     {"getOutputTensorAddress of null", [&] { return context->getOutputTensorAddress(nullptr) == nullptr; }},
                     {"getOutputTensorAddress of an input", [&] { return context->getOutputTensorAddress("x") == nullptr; }},
                     {"getMaxOutputSize of null", [&] { return context->getMaxOutputSize(nullptr) == -1; }},
                     {"getOutputAllocator of null", [&] { return context->getOutputAllocator(nullptr) == nullptr; }},
                     {"reportToProfiler without one", [&] { return !context->reportToProfiler(); }},
                     {"setOptimizationProfile of -1", [&] { return !context->setOptimizationProfile(-1); }},
                     {"setOptimizationProfile outside", [&] { return !context->setOptimizationProfile(7); }},
                     {"enqueue of a batch that the engine has not", [&] { return !context->enqueue(2, bindings, nullptr, nullptr); }},
                     {"enqueue of no bindings", [&] { return !context->enqueue(1, nullptr, nullptr, nullptr); }},
                     {"setDeviceMemoryV2 of too few bytes for what it needs",
                      [&] {
                        bare->setDeviceMemoryV2(y, -1);
                        return true;
                      }},
                     {"setDeviceMemory of null",
                      [&] {
                        bare->setDeviceMemory(nullptr);
                        return true;
                      },
                      kQuiet},
                     {"setAuxStreams of null",
                      [&] {
                        context->setAuxStreams(nullptr, 2);
                        return true;
                      }},
                     {"setAuxStreams of -1",
                      [&] {
                        context->setAuxStreams(nullptr, -1);
                        return true;
                      }},
                     {"setAllTensorsDebugState without debug tensors", [&] { return context->setAllTensorsDebugState(true); }, kQuiet},
                     {"setUnfusedTensorsDebugState without any", [&] { return context->setUnfusedTensorsDebugState(false); }, kQuiet},
                 });
  EXPECT_EQ(&context->getEngine(), &engine);
  EXPECT_EQ(context->getErrorRecorder(), nullptr);
  EXPECT_EQ(context->getProfiler(), nullptr);
  EXPECT_TRUE(context->allInputShapesSpecified());
  ASSERT_TRUE(context->executeV2(bindings)) << net.log.errors;
  EXPECT_EQ(y[0], 22);
}

TEST(MisuseOfRefitters, names_roles_and_places_that_are_none) {
  Refittable net;
  std::unique_ptr<IRefitter> refitter(createInferRefitter(*net.made, net.log));
  ASSERT_TRUE(refitter) << net.log.errors;
  const float values[6] = {2, 2, 2, 2, 2, 2};
  const Weights fresh{DataType::kFLOAT, values, 6};
  const int32_t all = refitter->getAllWeights(0, nullptr), roles = refitter->getAll(0, nullptr, nullptr);
  char const* one[1] = {nullptr};
  check(net.log, {
                     {"getWeightsLocation of null", [&] { return refitter->getWeightsLocation(nullptr) == TensorLocation::kHOST; }, kQuiet},
                     {"getWeightsPrototype of null", [&] { return refitter->getWeightsPrototype(nullptr).count == 0; }, kQuiet},
                     {"unsetNamedWeights of null", [&] { return !refitter->unsetNamedWeights(nullptr); }, kQuiet},
                     {"unsetNamedWeights of what is not set", [&] { return !refitter->unsetNamedWeights("w"); }, kQuiet},
                     {"getAllWeights of -1 names", [&] { return refitter->getAllWeights(-1, one) == all && !one[0]; }, kQuiet},
                     {"getMissingWeights of -1 names", [&] { return refitter->getMissingWeights(-1, one) == 0 && !one[0]; }, kQuiet},
                     {"getAll of null", [&] { return refitter->getAll(-5, nullptr, nullptr) == roles; }, kQuiet},
                     {"getMissing of null", [&] { return refitter->getMissing(8, nullptr, nullptr) == 0; }, kQuiet},
                     {"setNamedWeights without values", [&] { return !refitter->setNamedWeights("w", kNone); }},
                     {"setNamedWeights on the device without a name",
                      [&] { return !refitter->setNamedWeights(nullptr, fresh, TensorLocation::kDEVICE); }},
                     {"setDynamicRange of null", [&] { return !refitter->setDynamicRange(nullptr, -1, 1); }},
                     {"refitCudaEngineAsync of nothing", [&] { return refitter->refitCudaEngineAsync(nullptr); }, kQuiet},
                 });
  EXPECT_EQ(refitter->getErrorRecorder(), nullptr);
  ASSERT_TRUE(refitter->setNamedWeights("w", fresh));
  EXPECT_TRUE(refitter->refitCudaEngine()) << net.log.errors;
  EXPECT_EQ(run_engine(*net.made, {{"x", {{2, 3}, {1, 1, 1, 1, 1, 1}}}}, net.log)[0].numbers[0], 6);
}

TEST(MisuseOfNetworks, the_rest_of_the_calls) {
  Program program, other;
  INetworkDefinition& network = *program.network;
  ITensor& x = program.input("x", {1, 4, 8, 8});
  ITensor& stranger = other.input("stranger", {1, 4, 8, 8});
  ITensor* strangers[] = {&stranger};
  ITensor* nulls[] = {nullptr};
  const std::vector<float> values(64, 1.0f);
  const Weights some{DataType::kFLOAT, values.data(), 5};
  ILoop* loop = network.addLoop();
  IIfConditional* conditional = network.addIfConditional();
  check(
      program.log,
      {
          {"addScaleNd of a stranger", [&] { return network.addScaleNd(stranger, ScaleMode::kCHANNEL, some, kNone, kNone, 1) == nullptr; }},
          {"addNormalizationV2 of a stranger", [&] { return network.addNormalizationV2(stranger, x, x, 2) == nullptr; }},
          {"addDistCollective of no operation",
           [&] {
             return network.addDistCollective(x, static_cast<CollectiveOperation>(99), ReduceOperation::kSUM, 0, nullptr, 0) == nullptr;
           }},
          {"addPooling of a stranger", [&] { return network.addPooling(stranger, PoolingType::kMAX, DimsHW(2, 2)) == nullptr; }},
          {"addRNN of a stranger",
           [&] {
             return network.addRNN(stranger, 1, 1, 1, RNNOperation::kRELU, RNNInputMode::kLINEAR, RNNDirection::kUNIDIRECTION, some,
                                   some) == nullptr;
           }},
          {"markDebug of a stranger", [&] { return !network.markDebug(stranger); }},
          {"unmarkDebug of what is not marked", [&] { return network.unmarkDebug(x); }, kQuiet},
          {"isDebugTensor of a stranger", [&] { return !network.isDebugTensor(stranger); }, kQuiet},
          {"unmarkUnfusedTensorsAsDebugTensors of none", [&] { return network.unmarkUnfusedTensorsAsDebugTensors(); }, kQuiet},
          {"markUnfusedTensorsAsDebugTensors twice",
           [&] {
             return network.markUnfusedTensorsAsDebugTensors() && network.markUnfusedTensorsAsDebugTensors() &&
                    network.unmarkUnfusedTensorsAsDebugTensors();
           },
           kQuiet},
          {"setPoolingOutputDimensionsFormula of null",
           [&] {
             network.setPoolingOutputDimensionsFormula(nullptr);
             return true;
           },
           kQuiet},
          {"setConvolutionOutputDimensionsFormula of null",
           [&] {
             network.setConvolutionOutputDimensionsFormula(nullptr);
             return true;
           },
           kQuiet},
          {"setDeconvolutionOutputDimensionsFormula of null",
           [&] {
             network.setDeconvolutionOutputDimensionsFormula(nullptr);
             return true;
           },
           kQuiet},
          {"addOutput of a conditional of strangers", [&] { return conditional->addOutput(stranger, x) == nullptr; }},
          {"addLoopOutput of a stranger", [&] { return loop->addLoopOutput(stranger, LoopOutput::kLAST_VALUE, 0) == nullptr; }},
      });
  EXPECT_EQ(network.getErrorRecorder(), nullptr);
  EXPECT_FALSE(network.hasImplicitBatchDimension());
  EXPECT_EQ(std::string(strangers[0]->getName()), "stranger");
  EXPECT_EQ(nulls[0], nullptr);
}

TEST(MisuseOfBuilders, the_rest_of_the_calls) {
  Program program;
  IBuilder& builder = *program.builder;
  IBuilderConfig& config = *program.config;
  auto* layer = program.network->addActivation(program.input("x", {2}), ActivationType::kRELU);
  INetworkDefinition* implicit = builder.createNetwork();
  ASSERT_NE(implicit, nullptr);
  check(program.log,
        {
            {"buildCudaEngine of an empty network", [&] { return builder.buildCudaEngine(*implicit) == nullptr; }},
            {"getDeviceType of null", [&] { return config.getDeviceType(nullptr) == DeviceType::kGPU; }, kQuiet},
            {"resetDeviceType of null",
             [&] {
               config.resetDeviceType(nullptr);
               return true;
             },
             kQuiet},
            {"resetDeviceType of what has none",
             [&] {
               config.resetDeviceType(layer);
               return true;
             },
             kQuiet},
            {"the builder's getDeviceType of null", [&] { return builder.getDeviceType(nullptr) == DeviceType::kGPU; }, kQuiet},
            {"the builder's resetDeviceType of null",
             [&] {
               builder.resetDeviceType(nullptr);
               return true;
             },
             kQuiet},
            {"getMemoryPoolLimit of no pool", [&] { return config.getMemoryPoolLimit(static_cast<MemoryPoolType>(99)) == 0; }, kQuiet},
            {"setRemoteAutoTuningConfig of any", [&] { return !config.setRemoteAutoTuningConfig("host:1"); }},
            {"setRemoteAutoTuningConfig of null", [&] { return config.setRemoteAutoTuningConfig(nullptr); }, kQuiet},
        });
  EXPECT_EQ(config.getNbOptimizationProfiles(), 0);
  EXPECT_EQ(builder.getErrorRecorder(), nullptr);
  EXPECT_EQ(builder.getMaxDLABatchSize(), 0);
  IOptimizationProfile* profile = builder.createOptimizationProfile();
  EXPECT_FALSE(profile->setDimensions("x", OptProfileSelector::kMIN, Dims{9, {}}));
  profile->setDimensions("x", OptProfileSelector::kMIN, Dims{1, {4}});
  profile->setDimensions("x", OptProfileSelector::kMAX, Dims{1, {2}});
  EXPECT_FALSE(profile->isValid());
  delete implicit;
}

TEST(MisuseOfParsers, the_rest_of_the_calls) {
  Refittable net;
  std::unique_ptr<IRefitter> refitter(createInferRefitter(*net.made, net.log));
  std::unique_ptr<nvonnxparser::IParserRefitter> fresh(nvonnxparser::createParserRefitter(*refitter, net.log));
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*net.network, net.log));
  ASSERT_TRUE(fresh && parser);
  const std::string noise = "\x08\x07noise";
  check(net.log, {
                     {"refitFromBytes of null", [&] { return !fresh->refitFromBytes(nullptr, 4); }},
                     {"refitFromBytes of noise", [&] { return !fresh->refitFromBytes(noise.data(), noise.size()); }},
                     {"refitFromFile of null", [&] { return !fresh->refitFromFile(nullptr); }},
                     {"refitFromFile of no file", [&] { return !fresh->refitFromFile("not/there.onnx"); }},
                     {"supportsModelV2 of null", [&] { return !parser->supportsModelV2(nullptr, 9, nullptr); }, kQuiet},
                     {"supportsModelV2 of noise", [&] { return !parser->supportsModelV2(noise.data(), noise.size(), nullptr); }, kQuiet},
                 });
  ASSERT_GT(parser->getNbErrors(), 0);
  EXPECT_GE(parser->getError(0)->line(), 0);
  EXPECT_NE(parser->getError(0)->nodeOperator(), nullptr);

  std::unique_ptr<nvonnxparser::IOnnxConfig> config(nvonnxparser::createONNXConfig());
  config->setModelDtype(DataType::kHALF);
  config->setModelFileName(nullptr);
  EXPECT_EQ(config->getModelDtype(), DataType::kHALF);
  EXPECT_STREQ(config->getModelFileName(), "");
  std::unique_ptr<nvonnxparser::IONNXParser> old(nvonnxparser::createONNXParser(*config));
  ASSERT_TRUE(old);
  EXPECT_FALSE(old->convertToTRTNetwork());
  EXPECT_EQ(old->getTRTNetwork(), nullptr);
  old->reportParsingInfo();

  std::unique_ptr<nvuffparser::IUffParser> uff(nvuffparser::createUffParser());
  EXPECT_FALSE(uff->registerInput(nullptr, Dims3(1, 2, 3), nvuffparser::UffInputOrder::kNCHW));
  EXPECT_FALSE(uff->registerOutput(nullptr));
  EXPECT_FALSE(uff->parse(nullptr, *net.network, DataType::kFLOAT));
  EXPECT_EQ(uff->getErrorRecorder(), nullptr);
  EXPECT_GE(uff->getUffRequiredVersionMajor() + uff->getUffRequiredVersionMinor(), 0);

  std::unique_ptr<nvcaffeparser1::ICaffeParser> caffe(nvcaffeparser1::createCaffeParser());
  EXPECT_EQ(caffe->getErrorRecorder(), nullptr);
  EXPECT_EQ(caffe->parseBinaryProto(nullptr), nullptr);
  EXPECT_EQ(caffe->parseBinaryProto("not/there"), nullptr);

  const std::string broken = "3\nbroken";
  std::unique_ptr<ingot::IWeightsFile> file(ingot::readWeights("1\na 0 2 3f800000 40000000\n", 26, net.log));
  ASSERT_TRUE(file) << net.log.errors;
  EXPECT_EQ(file->getNbWeights(), 1);
  EXPECT_EQ(file->getName(-1), nullptr);
  EXPECT_FALSE(file->hasWeights(nullptr));
  EXPECT_EQ(file->getNbDims("b"), -1);
  EXPECT_EQ(file->getDims(nullptr), nullptr);
  EXPECT_EQ(ingot::readWeights(nullptr, 3, net.log), nullptr);
  EXPECT_EQ(ingot::readWeights(broken.data(), broken.size(), net.log), nullptr);
}

TEST(MisuseOfRegistries, caches_and_checkers) {
  Refittable net;
  IPluginRegistry& registry = net.builder->getPluginRegistry();
  class Nameless final : public IPluginCreatorV3One {
   public:
    IPluginV3* createPlugin(AsciiChar const*, PluginFieldCollection const*, TensorRTPhase) override { return nullptr; }
    PluginFieldCollection const* getFieldNames() override { return nullptr; }
    AsciiChar const* getPluginName() const override { return nullptr; }
    AsciiChar const* getPluginVersion() const override { return nullptr; }
    AsciiChar const* getPluginNamespace() const override { return nullptr; }
  } nameless;
  int32_t count = -1;
  check(net.log, {
                     {"registerCreator without a name", [&] { return !registry.registerCreator(nameless, ""); }},
                     {"deregisterCreator of a stranger", [&] { return !registry.deregisterCreator(nameless); }, kQuiet},
                     {"getPluginCreatorList",
                      [&] {
                        registry.getPluginCreatorList(&count);
                        registry.getPluginCreatorList(nullptr);
                        return count == 0;
                      },
                      kQuiet},
                 });
  EXPECT_EQ(registry.getErrorRecorder(), nullptr);
  std::unique_ptr<ITimingCache> cache(net.config->createTimingCache(nullptr, 0));
  ASSERT_TRUE(cache);
  std::unique_ptr<ITimingCache> second(net.config->createTimingCache(nullptr, 0));
  EXPECT_TRUE(cache->combine(*second, false));
  EXPECT_TRUE(cache->combine(*cache, true));
  std::unique_ptr<IHostMemory> bytes(cache->serialize());
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->type(), DataType::kINT8);
  std::unique_ptr<IHostMemory> plan(net.made->serialize());
  std::string cut(static_cast<char const*>(plan->data()), plan->size() / 2);
  std::unique_ptr<consistency::IConsistencyChecker> checker(consistency::createConsistencyChecker(net.log, cut.data(), cut.size()));
  EXPECT_TRUE(!checker || !checker->validate());
}

// What layers and loops belong to, and plugins that are none.
TEST(MisuseOfLayers, the_rest_of_the_calls) {
  Program program, other;
  INetworkDefinition& network = *program.network;
  ITensor& x = program.input("x", {1, 4, 8, 8});
  ITensor& stranger = other.input("stranger", {2, 3});
  ITensor* strangers[] = {&stranger};
  ILoop* loop = network.addLoop();
  IIfConditional* conditional = network.addIfConditional();
  ILoopOutputLayer* kept = nullptr;
  IIfConditionalInputLayer* entry = conditional->addInput(x);
  ASSERT_TRUE(loop && entry);
  ITripLimitLayer* limit = loop->addTripLimit(program.integers({}, {2}), TripLimit::kCOUNT);
  kept = loop->addLoopOutput(*loop->addRecurrence(x)->getOutput(0), LoopOutput::kLAST_VALUE, 0);
  ASSERT_TRUE(limit && kept);
  EXPECT_EQ(limit->getLoop(), loop);
  EXPECT_EQ(kept->getLoopOutput(), LoopOutput::kLAST_VALUE);
  EXPECT_EQ(entry->getConditional(), conditional);

  IResizeLayer* resize = network.addResize(x);
  float scales[4] = {};
  EXPECT_EQ(resize->getScales(4, nullptr), -1);
  EXPECT_EQ(resize->getScales(4, scales), -1);
  EXPECT_EQ(resize->getScales(-1, scales), -1);

  class Nothing final : public IPluginV3 {
   public:
    IPluginCapability* getCapabilityInterface(PluginCapabilityType) override { return nullptr; }
    IPluginV3* clone() override { return nullptr; }
  } nothing;
  class Old final : public IPluginExt {
   public:
    explicit Old(int32_t outputs) : outputs_(outputs) {}
    int32_t getNbOutputs() const override { return outputs_; }
    Dims getOutputDimensions(int32_t, Dims const* inputs, int32_t) override { return inputs[0]; }
    int32_t initialize() override { return 0; }
    void terminate() override {}
    std::size_t getWorkspaceSize(int32_t) const override { return 0; }
    int32_t enqueue(int32_t, void const* const*, void**, void*, cudaStream_t) override { return 0; }
    std::size_t getSerializationSize() override { return 0; }
    void serialize(void*) override {}
    bool supportsFormat(DataType, PluginFormat) const override { return true; }
    void configureWithFormat(Dims const*, int32_t, Dims const*, int32_t, DataType, PluginFormat, int32_t) override {}

   private:
    int32_t outputs_;
  } old(1), without(0);
  ITensor* own[] = {&x};
  check(program.log, {
                         {"addPlugin of no inputs", [&] { return network.addPlugin(nullptr, 1, old) == nullptr; }},
                         {"addPlugin of -1 inputs", [&] { return network.addPlugin(own, -1, old) == nullptr; }},
                         {"addPlugin of a stranger", [&] { return network.addPlugin(strangers, 1, old) == nullptr; }},
                         {"addPluginExt of no inputs", [&] { return network.addPluginExt(nullptr, 1, old) == nullptr; }},
                         {"addPluginExt without outputs", [&] { return network.addPluginExt(own, 1, without) == nullptr; }},
                         {"addPluginV3 without capabilities", [&] { return network.addPluginV3(own, 1, nullptr, 0, nothing) == nullptr; }},
                         {"addPluginV3 of no inputs", [&] { return network.addPluginV3(nullptr, 2, nullptr, 0, nothing) == nullptr; }},
                         {"addPluginV3 of -1 inputs", [&] { return network.addPluginV3(own, -1, nullptr, 0, nothing) == nullptr; }},
                         {"addPluginV3 of a stranger", [&] { return network.addPluginV3(strangers, 1, nullptr, 0, nothing) == nullptr; }},
                     });
}
}  // namespace
