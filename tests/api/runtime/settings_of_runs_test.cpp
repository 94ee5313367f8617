// Settings and answers of runtimes, engines, contexts, refitters, parsers and registries, with arguments that are wrong beside good ones.
#include <cmath>

#include "NvCaffeParser.h"
#include "NvOnnxConfig.h"
#include "NvOnnxParser.h"
#include "NvUffParser.h"
#include "settings.h"

using namespace harness;

namespace {

struct Runs : testing::Test {
  Program program;
  std::unique_ptr<IRuntime> runtime{createInferRuntime(program.log)};
  std::unique_ptr<ICudaEngine> engine;
  // y = -x for x [n, 3] with 1 to 4 rows.
  void SetUp() override {
    ITensor& x = program.input("x", {-1, 3});
    ITensor& y = *program.network->addUnary(x, UnaryOperation::kNEG)->getOutput(0);
    y.setName("y");
    program.mark(y);
    program.config->setFlag(BuilderFlag::kREFIT);
    IOptimizationProfile* profile = program.builder->createOptimizationProfile();
    profile->setDimensions("x", OptProfileSelector::kMIN, Dims2(1, 3));
    profile->setDimensions("x", OptProfileSelector::kOPT, Dims2(2, 3));
    profile->setDimensions("x", OptProfileSelector::kMAX, Dims2(4, 3));
    program.config->addOptimizationProfile(profile);
    std::unique_ptr<IHostMemory> plan(program.builder->buildSerializedNetwork(*program.network, *program.config));
    ASSERT_NE(plan, nullptr) << program.log.errors;
    engine.reset(runtime->deserializeCudaEngine(plan->data(), plan->size()));
    ASSERT_NE(engine, nullptr) << program.log.errors;
  }
};

TEST_F(Runs, runtimes) {
  IRuntime& it = *runtime;
  SETTING(it, setMaxThreads, getMaxThreads, it.getMaxThreads(), 3, 0, -1);
  SETTING(it, setDLACore, getDLACore, it.getDLACore(), 0, -2);
  SETTING(it, setEngineHostCodeAllowed, getEngineHostCodeAllowed, false, true);
  EXPECT_EQ(it.getNbDLACores(), 0);
  it.setTemporaryDirectory("/tmp");
  EXPECT_STREQ(it.getTemporaryDirectory(), "/tmp");
  it.setTemporaryDirectory(nullptr);
  EXPECT_EQ(it.getTemporaryDirectory(), nullptr);
  const auto files = it.getTempfileControlFlags();
  it.setTempfileControlFlags(1u);
  EXPECT_EQ(it.getTempfileControlFlags(), 1u);
  it.setTempfileControlFlags(files);
  EXPECT_EQ(program.log.errors, "");
}

TEST_F(Runs, engines_answer_by_index_and_name) {
  ICudaEngine& it = *engine;
  EXPECT_EQ(it.getTensorComponentsPerElement("x"), -1);
  EXPECT_EQ(it.getTensorComponentsPerElement("z"), -1);
  EXPECT_EQ(it.getBindingFormat(0), TensorFormat::kLINEAR);
  EXPECT_EQ(it.getBindingBytesPerComponent(0), it.getTensorBytesPerComponent("x"));
  EXPECT_EQ(it.getBindingComponentsPerElement(1), -1);
  EXPECT_EQ(it.getBindingVectorizedDim(0), -1);
  EXPECT_STREQ(it.getBindingFormatDesc(0), it.getTensorFormatDesc("x"));
  EXPECT_FALSE(it.isShapeBinding(0));
  EXPECT_TRUE(it.isExecutionBinding(0));
  EXPECT_FALSE(it.isShapeInferenceIO("x"));
  EXPECT_EQ(it.getLocation(1), TensorLocation::kDEVICE);
  EXPECT_EQ(it.getNbAuxStreams(), 0);
  EXPECT_GE(it.getWeightStreamingScratchMemorySize(), 0);
  EXPECT_EQ(it.getWeightStreamingBudget(), it.getWeightStreamingBudgetV2());
  EXPECT_GE(it.getMinimumWeightStreamingBudget(), 0);
  EXPECT_EQ(it.getEngineCapability(), EngineCapability::kSTANDARD);
  EXPECT_EQ(it.getHardwareCompatibilityLevel(), HardwareCompatibilityLevel::kNONE);
  EXPECT_EQ(it.getTacticSources(), 0u);  // it needs none of them
  EXPECT_EQ(it.getDeviceMemorySizeForProfile(0), static_cast<std::size_t>(it.getDeviceMemorySizeForProfileV2(0)));
  EXPECT_GE(it.getEngineStat(EngineStat::kTOTAL_WEIGHTS_SIZE), 0);
  EXPECT_EQ(it.getProfileShapeValues(0, 0, OptProfileSelector::kMIN), nullptr);
  EXPECT_EQ(it.getProfileTensorValues("x", 0, OptProfileSelector::kMIN), nullptr);
  EXPECT_EQ(it.getProfileTensorValuesV2("x", 0, OptProfileSelector::kMIN), nullptr);
  program.log.errors.clear();
  // Outside of what there is.
  for (int32_t index : {-1, 2, 99}) {
    EXPECT_EQ(it.getBindingBytesPerComponent(index), -1);
    EXPECT_EQ(it.getBindingComponentsPerElement(index), -1);
    EXPECT_EQ(it.getBindingVectorizedDim(index), -1);
    EXPECT_FALSE(it.isShapeBinding(index));
    EXPECT_FALSE(it.isExecutionBinding(index));
    EXPECT_STREQ(it.getBindingFormatDesc(index), "");
    EXPECT_EQ(it.getProfileShapeValues(index, 0, OptProfileSelector::kMIN), nullptr);
    EXPECT_EQ(it.getProfileDimensions(index, 0, OptProfileSelector::kMIN).nbDims, -1);
    EXPECT_EQ(it.getDeviceMemorySizeForProfileV2(index == 2 ? 1 : index), 0);
  }
  EXPECT_FALSE(it.isShapeInferenceIO(nullptr));
  EXPECT_FALSE(it.isShapeInferenceIO("z"));
  EXPECT_EQ(it.getProfileTensorValues(nullptr, 0, OptProfileSelector::kMIN), nullptr);
}

TEST_F(Runs, engines_are_serialized_and_configured) {
  const std::unique_ptr<ISerializationConfig> made(engine->createSerializationConfig());
  ASSERT_NE(made, nullptr);
  ISerializationConfig& serialization = *made;
  SETTING(serialization, setFlags, getFlags, serialization.getFlags(), 1u << static_cast<int>(SerializationFlag::kEXCLUDE_WEIGHTS),
          1u << 20);
  EXPECT_TRUE(serialization.setFlag(SerializationFlag::kEXCLUDE_LEAN_RUNTIME));
  EXPECT_TRUE(serialization.getFlag(SerializationFlag::kEXCLUDE_LEAN_RUNTIME));
  EXPECT_TRUE(serialization.clearFlag(SerializationFlag::kEXCLUDE_LEAN_RUNTIME));
  EXPECT_FALSE(serialization.getFlag(SerializationFlag::kEXCLUDE_LEAN_RUNTIME));
  EXPECT_FALSE(serialization.setFlag(none_of<SerializationFlag>()));
  EXPECT_FALSE(serialization.clearFlag(none_of<SerializationFlag>()));
  EXPECT_FALSE(serialization.getFlag(none_of<SerializationFlag>()));
  program.log.errors.clear();
  const std::unique_ptr<IHostMemory> plan(engine->serializeWithConfig(serialization));
  ASSERT_NE(plan, nullptr) << program.log.errors;
  const std::unique_ptr<ICudaEngine> again(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  EXPECT_NE(again, nullptr) << program.log.errors;
  const std::unique_ptr<IRuntimeConfig> config(engine->createRuntimeConfig());
  ASSERT_NE(config, nullptr);
  IRuntimeConfig& strategy = *config;
  SETTING(strategy, setExecutionContextAllocationStrategy, getExecutionContextAllocationStrategy,
          ExecutionContextAllocationStrategy::kSTATIC, ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE);
  strategy.setExecutionContextAllocationStrategy(none_of<ExecutionContextAllocationStrategy>());
  EXPECT_EQ(strategy.getExecutionContextAllocationStrategy(), ExecutionContextAllocationStrategy::kSTATIC);
  const std::unique_ptr<IExecutionContext> context(engine->createExecutionContext(config.get()));
  EXPECT_NE(context, nullptr);
  EXPECT_EQ(engine->createExecutionContext(none_of<ExecutionContextAllocationStrategy>()), nullptr);
  EXPECT_NE(program.log.errors, "");
  const std::unique_ptr<IEngineInspector> inspector(engine->createEngineInspector());
  EXPECT_EQ(inspector->getExecutionContext(), nullptr);
  EXPECT_TRUE(inspector->setExecutionContext(context.get()));
  EXPECT_EQ(inspector->getExecutionContext(), context.get());
  EXPECT_TRUE(inspector->setExecutionContext(nullptr));
  EXPECT_EQ(inspector->getExecutionContext(), nullptr);
}

struct Listener final : IDebugListener {
  bool processDebugTensor(void const*, TensorLocation, DataType, Dims const&, char const*, cudaStream_t) override { return true; }
};
struct Allocator final : IGpuAllocator {
  void* allocate(uint64_t, uint64_t, AllocatorFlags) noexcept override { return nullptr; }
};

TEST_F(Runs, contexts) {
  const std::unique_ptr<IExecutionContext> made(engine->createExecutionContext());
  IExecutionContext& context = *made;
  Listener listener;
  Allocator allocator;
  cudaEvent_t event;
  cudaEventCreate(&event);
  SETTING(context, setDebugSync, getDebugSync, false, true);
  SETTING(context, setEnqueueEmitsProfile, getEnqueueEmitsProfile, true, false);
  SETTING(context, setPersistentCacheLimit, getPersistentCacheLimit, 0u, 1024u);
  SETTING(context, setNvtxVerbosity, getNvtxVerbosity, context.getNvtxVerbosity(), ProfilingVerbosity::kNONE,
          none_of<ProfilingVerbosity>());
  SETTING(context, setInputConsumedEvent, getInputConsumedEvent, nullptr, event);
  SETTING(context, setTemporaryStorageAllocator, getTemporaryStorageAllocator, nullptr, &allocator);
  SETTING(context, setDebugListener, getDebugListener, nullptr, &listener);
  EXPECT_FALSE(context.getUnfusedTensorsDebugState());
  SETTING(context, setName, getName, "", "mine");
  cudaEventDestroy(event);
  // Before shapes are known, and after.
  EXPECT_EQ(context.getStrides(0).nbDims, 2);
  EXPECT_EQ(context.getStrides(7).nbDims, -1);
  program.log.errors.clear();
  EXPECT_FALSE(context.allInputDimensionsSpecified());
  EXPECT_FALSE(context.enqueueV3(nullptr));
  EXPECT_NE(program.log.errors, "");
  ASSERT_TRUE(context.setInputShape("x", Dims2(2, 3)));
  EXPECT_GE(context.updateDeviceMemorySizeForShapes(), 0u);
  EXPECT_EQ(context.getStrides(1).d[0], 3);
  float x[6] = {1, 2, 3, 4, 5, 6}, y[6] = {};
  EXPECT_TRUE(context.setInputTensorAddress("x", x));
  EXPECT_EQ(context.getTensorAddress("x"), x);
  EXPECT_TRUE(context.setOutputTensorAddress("y", y));
  EXPECT_EQ(context.getOutputTensorAddress("y"), y);
  EXPECT_FALSE(context.setOutputTensorAddress("x", x));
  EXPECT_FALSE(context.setInputShapeBinding(0, nullptr));
  EXPECT_FALSE(context.setInputShapeBinding(9, nullptr));
  EXPECT_FALSE(context.getShapeBinding(0, nullptr));
  EXPECT_FALSE(context.getShapeBinding(-1, nullptr));
  EXPECT_TRUE(context.enqueueV3(nullptr)) << program.log.errors;
  cudaDeviceSynchronize();
  EXPECT_EQ(y[5], -6);
  // A run that failed leaves the context as it was.
  EXPECT_FALSE(context.setInputShape("x", Dims2(9, 3)));
  y[5] = 0;
  EXPECT_TRUE(context.enqueueV3(nullptr));
  cudaDeviceSynchronize();
  EXPECT_EQ(y[5], -6);
}

TEST_F(Runs, refitters) {
  const std::unique_ptr<IRefitter> made(createInferRefitter(*engine, program.log));
  ASSERT_NE(made, nullptr);
  IRefitter& refitter = *made;
  SETTING(refitter, setWeightsValidation, getWeightsValidation, true, false);
  SETTING(refitter, setMaxThreads, getMaxThreads, refitter.getMaxThreads(), 2, 0, -1);
  EXPECT_TRUE(std::isnan(refitter.getDynamicRangeMin(nullptr)) && std::isnan(refitter.getDynamicRangeMax("z")));
  EXPECT_EQ(refitter.getTensorsWithDynamicRange(0, nullptr), 0);
  EXPECT_FALSE(refitter.setDynamicRange("x", -1, 1));
}

TEST_F(Runs, registries) {
  IPluginRegistry& registry = runtime->getPluginRegistry();
  EXPECT_TRUE(registry.isParentSearchEnabled());
  int32_t own = -1, all = -1;
  registry.getAllCreators(&own);
  registry.getAllCreatorsRecursive(&all);
  EXPECT_GE(own, 0);
  EXPECT_GE(all, own);
  registry.setParentSearchEnabled(false);
  EXPECT_FALSE(registry.isParentSearchEnabled());
  registry.setParentSearchEnabled(true);
  EXPECT_EQ(registry.getAllCreators(nullptr), nullptr);
  EXPECT_EQ(registry.getAllCreatorsRecursive(nullptr), nullptr);
}

TEST(Parsers, onnx) {
  Program program;
  const std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*program.network, program.log));
  nvonnxparser::IParser& it = *parser;
  SETTING(it, setFlags, getFlags, it.getFlags(), 1u, 1u << 30);
  it.setFlag(nvonnxparser::OnnxParserFlag::kNATIVE_INSTANCENORM);
  EXPECT_TRUE(it.getFlag(nvonnxparser::OnnxParserFlag::kNATIVE_INSTANCENORM));
  it.clearFlag(nvonnxparser::OnnxParserFlag::kNATIVE_INSTANCENORM);
  EXPECT_FALSE(it.getFlag(nvonnxparser::OnnxParserFlag::kNATIVE_INSTANCENORM));
  EXPECT_TRUE(it.supportsOperator("Conv"));
  EXPECT_FALSE(it.supportsOperator("NoSuchOperator"));
  EXPECT_FALSE(it.supportsOperator(nullptr));
  EXPECT_EQ(it.getNbSubgraphs(), 0);
  EXPECT_FALSE(it.isSubgraphSupported(0));
  EXPECT_FALSE(it.isSubgraphSupported(-1));
  EXPECT_TRUE(it.setBuilderConfig(program.config.get()));
  EXPECT_FALSE(it.setBuilderConfig(nullptr));
  int64_t count = -1;
  it.getUsedVCPluginLibraries(count);
  EXPECT_EQ(count, 0);
  const std::string noise(64, 'x');
  SubGraphCollection_t parts;
  EXPECT_FALSE(it.supportsModel(noise.data(), noise.size(), parts));
  EXPECT_FALSE(it.supportsModel(nullptr, 3, parts));
  EXPECT_FALSE(it.parseWithWeightDescriptors(noise.data(), noise.size()));
  EXPECT_FALSE(it.loadModelProto(nullptr, 1, nullptr));
  it.loadModelProto(noise.data(), noise.size(), nullptr);
  EXPECT_FALSE(it.parseModelProto());
  EXPECT_EQ(it.getRefitMap(nullptr, nullptr, nullptr), 0);
  EXPECT_FALSE(it.parse(noise.data(), noise.size()));
  ASSERT_GT(it.getNbErrors(), 0);
  const nvonnxparser::IParserError* error = it.getError(it.getNbErrors() - 1);
  ASSERT_NE(error, nullptr);
  EXPECT_NE(error->code(), nvonnxparser::ErrorCode::kSUCCESS);
  EXPECT_STRNE(error->desc(), "");
  EXPECT_NE(error->file(), nullptr);
  EXPECT_NE(error->func(), nullptr);
  EXPECT_STREQ(error->nodeName(), "");
  EXPECT_EQ(error->localFunctionStackSize(), 0);
  EXPECT_EQ(error->localFunctionStack(), nullptr);
  it.clearErrors();
  EXPECT_EQ(it.getNbErrors(), 0);
  // After all of that, a model is read.
  EXPECT_TRUE(it.parseFromFile(INGOT_MODELS "/mnist_lenet/mnist_lenet_op13.onnx", 0)) << program.log.errors;
}

TEST(Parsers, onnx_configurations) {
  const std::unique_ptr<nvonnxparser::IOnnxConfig> made(nvonnxparser::createONNXConfig());
  nvonnxparser::IOnnxConfig& config = *made;
  Program program;
  SETTING(config, setVerbosityLevel, getVerbosityLevel, config.getVerbosityLevel(), 4);
  const auto before = config.getVerbosityLevel();
  config.addVerbosity();
  EXPECT_EQ(config.getVerbosityLevel(), before + 1);
  config.reduceVerbosity();
  EXPECT_EQ(config.getVerbosityLevel(), before);
  SETTING(config, setTextFileName, getTextFileName, config.getTextFileName(), "a.txt");
  SETTING(config, setFullTextFileName, getFullTextFileName, config.getFullTextFileName(), "b.txt");
  SETTING(config, setPrintLayerInfo, getPrintLayerInfo, false, true);
  config.setModelFileName(nullptr);
  config.setTextFileName(nullptr);
  config.setFullTextFileName(nullptr);
  EXPECT_NE(config.getTextFileName(), config.getFullTextFileName() + 1);
}

TEST(Parsers, caffe_and_uff) {
  Program program;
  const std::unique_ptr<nvcaffeparser1::ICaffeParser> caffe(nvcaffeparser1::createCaffeParser());
  caffe->setProtobufBufferSize(1 << 20);
  caffe->setPluginFactory(nullptr);
  caffe->setPluginFactoryExt(nullptr);
  caffe->setPluginFactoryV2(nullptr);
  caffe->setPluginNamespace(nullptr);
  EXPECT_EQ(caffe->parse(nullptr, nullptr, *program.network, DataType::kFLOAT), nullptr);
  EXPECT_EQ(caffe->parse("not/there", "not/there", *program.network, DataType::kFLOAT), nullptr);
  EXPECT_EQ(caffe->parseBuffers(static_cast<char const*>(nullptr), 3, nullptr, 3, *program.network, DataType::kFLOAT), nullptr);
  EXPECT_EQ(caffe->parseBinaryProto(nullptr), nullptr);
  EXPECT_EQ(caffe->parseBinaryProto("not/there"), nullptr);
  const std::unique_ptr<nvuffparser::IUffParser> uff(nvuffparser::createUffParser());
  uff->setPluginFactory(nullptr);
  uff->setPluginFactoryExt(nullptr);
  uff->setPluginNamespace(nullptr);
  EXPECT_EQ(uff->getUffRequiredVersionPatch(), 9);
  EXPECT_FALSE(uff->registerOutput(nullptr));
  EXPECT_FALSE(uff->parse(nullptr, *program.network));
  EXPECT_FALSE(uff->parse("not/there", *program.network));
  EXPECT_FALSE(uff->parseBuffer(nullptr, 8, *program.network));
  EXPECT_FALSE(uff->parseBuffer("noise", 5, *program.network));
  EXPECT_EQ(program.network->getNbLayers(), 0);
}

}  // namespace
